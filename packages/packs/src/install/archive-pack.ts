import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { TooLarge } from "@squall/model";
import { insideOf, isContent } from "../digest.ts";
import { safePath, UNPACK_LIMITS } from "./unpack.ts";
import { TAR_END, tarEntry } from "./write-tar.ts";

/** A pack's code as bytes: what a worker on another machine unpacks. */
export interface PackArchive {
  /** SHA-256 of the bytes, hex. */
  readonly digest: string;
  /** A tar, compressed with zstd. */
  readonly bytes: Uint8Array;
}

/**
 * What the files of a pack may have together: a pack is code and text, and every machine that runs it gets all of it. The
 * largest of the Exchange have some tens of MB, with their pictures.
 */
export const ARCHIVE_BYTES = 64 * 1024 * 1024;
/** In each other and of all kinds, as unpacking allows. */
const MAX_ENTRIES = 20_000;
/** Text shrinks to a quarter; higher levels take several times as long for a few percent. */
const LEVEL = 6;
/** Of the largest files, those that an error names. */
const NAMED = 5;

type Listed =
  | { readonly path: string; readonly kind: "file"; readonly bytes: number; readonly executable: boolean }
  | { readonly path: string; readonly kind: "link"; readonly target: string };

/**
 * Archives the content of a pack's folder: files with their "executable", and links that stay inside. Git's files, compiled
 * Python and virtualenvs are left out, and links that lead out or nowhere. Equal content gives equal bytes, on any machine with
 * the same zstd. Throws TooLarge for more than `most` bytes, naming what is large, and Invalid for names that cannot be unpacked.
 */
export async function archivePack(folder: string, most: number = ARCHIVE_BYTES): Promise<PackArchive> {
  const root = await realpath(folder);
  const listed: Listed[] = [];
  await collect(root, "", listed);
  // By code unit, not locale: the order is part of the digest.
  listed.sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path } of listed) safePath(path, UNPACK_LIMITS);
  refuseLarge(root, listed, most);
  const chunks: Buffer[] = [];
  const digest = createHash("sha256");
  await pipeline(
    Readable.from(blocks(root, listed, most)),
    createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: LEVEL } }),
    async (compressed: AsyncIterable<Buffer>) => {
      for await (const chunk of compressed) {
        digest.update(chunk);
        chunks.push(chunk);
      }
    },
  );
  return { digest: digest.digest("hex"), bytes: Buffer.concat(chunks) };
}

/** The digest that an archive must have to be the one of that name. */
export function digestOfArchive(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function* blocks(root: string, listed: readonly Listed[], most: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for (const one of listed) {
    if (one.kind === "link") {
      yield* tarEntry(one);
      continue;
    }
    const content = await readFile(join(root, one.path));
    bytes += content.length; // it may have grown since it was listed
    if (bytes > most) throw tooLarge(root, listed, most);
    yield* tarEntry({ ...one, content });
  }
  yield TAR_END;
}

async function collect(root: string, folder: string, listed: Listed[]): Promise<void> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  // What is in it was made for this machine, and is made anew on every other one.
  if (folder !== "" && entries.some(({ name }) => name === "pyvenv.cfg")) return;
  for (const entry of entries) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (!isContent(entry.name)) continue;
    if (entry.isDirectory()) await collect(root, path, listed);
    else if (entry.isFile()) listed.push(await fileAt(root, path));
    else if (entry.isSymbolicLink()) {
      const link = await linkAt(root, path);
      if (link) listed.push(link);
    }
    if (listed.length > MAX_ENTRIES) {
      throw new TooLarge("pack.too-many-files", {
        message: `the pack at ${root} has more than ${MAX_ENTRIES} files; move environments and build output out of its folder`,
      });
    }
  }
}

async function fileAt(root: string, path: string): Promise<Listed> {
  const about = await stat(join(root, path));
  return { path, kind: "file", bytes: about.size, executable: (about.mode & 0o111) !== 0 };
}

/** A link as a relative one to where it really leads; undefined when that is outside, or not archived. */
async function linkAt(root: string, path: string): Promise<Listed | undefined> {
  const real = await insideOf(root, join(root, path));
  if (real === undefined) return undefined;
  const inside = relative(root, real);
  if (!isContent(inside)) return undefined;
  return { path, kind: "link", target: posix.relative(dirname(path), inside) || "." };
}

function refuseLarge(root: string, listed: readonly Listed[], most: number): void {
  const bytes = listed.reduce((sum, one) => sum + (one.kind === "file" ? one.bytes : 0), 0);
  if (bytes > most) throw tooLarge(root, listed, most);
}

function tooLarge(root: string, listed: readonly Listed[], most: number): TooLarge {
  const files = listed.flatMap((one) => (one.kind === "file" ? [one] : [])).sort((a, b) => b.bytes - a.bytes);
  const total = files.reduce((sum, one) => sum + one.bytes, 0);
  const largest = files.slice(0, NAMED).map(({ path, bytes }) => `${path} (${inWords(bytes)})`);
  return new TooLarge("pack.archive.large", {
    message:
      `The files of the pack at ${root} have ${inWords(total)} together, and at most ${inWords(most)} are kept for the ` +
      `other machines. Take what is no code out of its folder; the largest are ${largest.join(", ")}.`,
  });
}

function inWords(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
