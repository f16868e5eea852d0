import { stat } from "node:fs/promises";
import { type Resources, Unavailable } from "@squall/model";
import { archivePack, digestPack, type PackArchive } from "@squall/packs";
import { folderUses } from "@squall/processes";
import type { Shelves } from "../content/shelves.ts";
import type { EngineParts } from "../parts.ts";
import { createCodeCache, type HeldCode } from "./code-cache.ts";
import { fetchArchive, type NearArchives } from "./fetch-archive.ts";

/** How the code of packs reaches machines that do not have their folders. */
export interface CodeSettings {
  /** Where code from other machines is unpacked: `<data>/code`. */
  readonly folder: string;
  /** What that may take before the least recently used goes. Default 4 GiB. */
  readonly mostBytes?: number;
  /** Copies nearer than the store. */
  readonly near?: NearArchives;
}

/** Where the code of packs is on this machine. */
export interface Code {
  /** The archive that is kept with a pack's content; undefined where one process has all to itself. */
  archive(folder: string): Promise<PackArchive | undefined>;
  /**
   * The folder to run a pack's code from, held until it is disposed: as it is registered, or as it was when `archive` was.
   * Undefined for a pack that is not there. Throws Unavailable when the code cannot be had.
   */
  hold(project: string, pack: string, archive?: string): Promise<HeldCode | undefined>;
  /** The same where that needs no waiting; undefined otherwise. */
  known(project: string, pack: string): string | undefined;
  /** Whether the folder that the pack was registered from is on this machine, as it was registered. */
  isHere(pack: Resources["pack"]): Promise<boolean>;
}

/** A hundred packs of the largest there are. */
const MOST_BYTES = 4 * 1024 * 1024 * 1024;

export function createCode(parts: Pick<EngineParts, "store" | "code" | "log">, shelves: Shelves): Code {
  const packOf = (project: string, ref: string) => shelves.get(project, "pack", ref)?.body;
  const { code } = parts;
  if (code === undefined) return codeOfOne(packOf);
  const cache = createCodeCache({
    folder: code.folder,
    mostBytes: code.mostBytes ?? MOST_BYTES,
    fetch: (digest) => fetchArchive({ store: parts.store, near: code.near, log: parts.log }, digest),
    inUse: folderUses,
  });
  /** What was found of the folders that packs were registered from. */
  const looked = new Map<
    string,
    { readonly inode: string; readonly digest: string; isSame: boolean | Promise<boolean> }
  >();

  /**
   * Every machine may have a folder of this name with another content, so its digest decides, once for each folder that
   * takes the place of the one before. What is edited in it afterwards counts here at once, and elsewhere when it is registered.
   */
  const isHere = async (pack: Resources["pack"]): Promise<boolean> => {
    const { path, digest } = pack;
    const about = path && digest !== undefined ? await stat(path).catch(() => undefined) : undefined;
    if (!about?.isDirectory() || digest === undefined) {
      looked.delete(path);
      return false;
    }
    const inode = `${about.dev}:${about.ino}`;
    let found = looked.get(path);
    if (found?.inode !== inode || found.digest !== digest) {
      const isSame = digestPack(path).then(
        (now) => now.digest === digest,
        () => false,
      );
      found = { inode, digest, isSame };
      looked.set(path, found);
      found.isSame = await isSame;
    }
    return found.isSame;
  };

  return {
    archive: (folder) => archivePack(folder),
    isHere,
    async hold(project, ref, archive) {
      const pack = packOf(project, ref);
      const wanted = archive ?? pack?.archive;
      if (pack !== undefined && wanted === pack.archive && (await isHere(pack))) return inPlace(pack.path);
      if (wanted !== undefined) return cache.hold(wanted, ref);
      if (pack === undefined) return undefined;
      if (pack.path && (await stat(pack.path).catch(() => undefined))) return inPlace(pack.path);
      throw new Unavailable("code.not-shared", {
        message: `pack "${ref}" was registered from ${pack.path}, which is not on this machine, before its code was kept for others; register it again, on the machine that has it`,
      });
    },
    known(project, ref) {
      const pack = packOf(project, ref);
      if (pack === undefined) return undefined;
      const found = looked.get(pack.path);
      if (found?.digest === pack.digest && found?.isSame === true) return pack.path;
      return pack.archive === undefined ? pack.path : cache.known(pack.archive);
    },
  };
}

/** One process has all to itself: the folders are here, and what is in them counts, whatever was registered. */
function codeOfOne(packOf: (project: string, ref: string) => Resources["pack"] | undefined): Code {
  return {
    archive: async () => undefined,
    isHere: async () => true,
    async hold(project, ref) {
      const path = packOf(project, ref)?.path;
      return path ? inPlace(path) : undefined;
    },
    known: (project, ref) => packOf(project, ref)?.path,
  };
}

function inPlace(path: string): HeldCode {
  return { path, [Symbol.dispose]: () => undefined };
}
