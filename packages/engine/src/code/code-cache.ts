import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isObject, messageOf, SquallError, Unavailable } from "@squall/model";
import { digestPack, unpackArchive } from "@squall/packs";

/**
 * The code of packs that were registered on other machines, unpacked:
 *
 *   <folder>/<digest>/<pack>/      what the archive of this digest holds
 *   <folder>/<digest>/about.json   which pack that is, what it takes, the digest of its contents
 *   <folder>/.incoming-*           being unpacked, or on its way out
 *
 * C1: a digest's folder is whole or not there, whichever process looks: it comes and goes by being renamed.
 * C2: before a process uses one for the first time, it looks whether its content is what was unpacked: a machine that
 *     lost its power may have the names of files without what was in them.
 * C3: one that is used is never removed: not while this process holds it, not within an hour of its last use, and not as long
 *     as any process of the machine has it in its command, its environment or as its working directory.
 */
export interface CodeCache {
  /** The pack's folder, fetched and unpacked if need be; held until it is disposed. */
  hold(digest: string, pack: string): Promise<HeldCode>;
  /** The pack's folder if it is there and was looked at (C2). */
  known(digest: string): string | undefined;
}

export interface HeldCode extends Disposable {
  readonly path: string;
}

export interface CodeCacheOptions {
  readonly folder: string;
  /** When it has more, what was not used for longest goes, as far as C3 allows. */
  readonly mostBytes: number;
  fetch(digest: string): Promise<Uint8Array>;
  /** Whether a process of this machine uses a folder; asked anew for each look. */
  inUse(): (folder: string) => boolean;
}

const ABOUT = "about.json";
const INCOMING = ".incoming-";
const DIGEST = /^[0-9a-f]{64}$/;
/** A process that was told of a folder has started what runs in it long before. */
const RECENT_MS = 60 * 60_000;

interface About {
  readonly pack: string;
  readonly bytes: number;
  readonly contents: string;
}

export function createCodeCache(options: CodeCacheOptions): CodeCache {
  const { folder } = options;
  const places = new Map<string, string>();
  const getting = new Map<string, Promise<string>>();
  const held = new Map<string, number>();

  const get = (digest: string, pack: string): Promise<string> => {
    let place = getting.get(digest);
    if (!place) {
      place = find(digest, pack).finally(() => getting.delete(digest));
      getting.set(digest, place);
    }
    return place;
  };

  const find = async (digest: string, pack: string): Promise<string> => {
    const base = join(folder, digest);
    const place = places.get(digest);
    if (place !== undefined && (await touched(base))) return place;
    places.delete(digest);
    const found = (await intact(base)) ?? (await unpack(digest, pack));
    await touched(base);
    places.set(digest, found);
    return found;
  };

  const unpack = async (digest: string, pack: string): Promise<string> => {
    const bytes = await options.fetch(digest);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const incoming = await mkdtemp(join(await realpath(folder), INCOMING));
      try {
        const root = join(incoming, pack);
        await mkdir(root);
        await unpackArchive(bytes, root);
        const { files, contents } = await digestPack(root);
        const about: About = { pack, bytes: await sizeOf(root, files), contents };
        await writeFile(join(incoming, ABOUT), JSON.stringify(about));
        const base = join(folder, digest);
        for (let attempt = 0; ; attempt++) {
          try {
            await rename(incoming, base); // C1
            break;
          } catch (thrown) {
            if (!isTaken(thrown) || attempt > 2) throw thrown;
            const theirs = await intact(base);
            if (theirs !== undefined) return theirs; // another process was faster
            await putAway(base);
          }
        }
        places.set(digest, join(base, pack));
        await makeRoom(digest);
        return join(base, pack);
      } finally {
        await rm(incoming, { recursive: true, force: true });
      }
    } catch (thrown) {
      if (thrown instanceof SquallError) throw thrown;
      throw new Unavailable("code.disk", {
        message: `the code of pack "${pack}" cannot be unpacked in ${folder}: ${messageOf(thrown)}; look at the disk and the rights of the data directory`,
        cause: thrown,
      });
    }
  };

  /** Out of sight in one step (C1), then gone. */
  const putAway = async (base: string): Promise<void> => {
    const gone = await mkdtemp(join(folder, INCOMING));
    try {
      await rename(base, join(gone, "gone"));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown; // another process was faster
    } finally {
      await rm(gone, { recursive: true, force: true });
    }
  };

  const makeRoom = async (fresh: string): Promise<void> => {
    const all: { digest: string; bytes: number; used: number }[] = [];
    for (const name of await readdir(folder)) {
      const base = join(folder, name);
      const used = (await stat(base).catch(() => undefined))?.mtimeMs;
      if (used === undefined) continue;
      // Of processes that died while they unpacked.
      if (name.startsWith(INCOMING) && Date.now() - used > RECENT_MS) await rm(base, { recursive: true, force: true });
      if (!DIGEST.test(name)) continue;
      all.push({ digest: name, used, bytes: (await aboutOf(base))?.bytes ?? 0 });
    }
    let bytes = all.reduce((sum, one) => sum + one.bytes, 0);
    const inUse = options.inUse();
    for (const one of all.sort((a, b) => a.used - b.used)) {
      if (bytes <= options.mostBytes) return;
      const base = join(folder, one.digest);
      const isUsed = one.digest === fresh || held.has(one.digest) || Date.now() - one.used < RECENT_MS || inUse(base);
      if (isUsed) continue; // C3
      places.delete(one.digest);
      await putAway(base);
      bytes -= one.bytes;
    }
  };

  return {
    async hold(digest, pack) {
      if (!DIGEST.test(digest) || !/^[a-z0-9_]+$/.test(pack)) {
        throw new Unavailable("code.missing", { message: `"${digest}" names no code of a pack "${pack}"` });
      }
      held.set(digest, (held.get(digest) ?? 0) + 1);
      let isHeld = true;
      const release = () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (held.get(digest) ?? 1) - 1;
        if (left > 0) held.set(digest, left);
        else held.delete(digest);
      };
      try {
        return { path: await get(digest, pack), [Symbol.dispose]: release };
      } catch (thrown) {
        release();
        throw thrown;
      }
    },
    known: (digest) => places.get(digest),
  };
}

/** Says that it is used now; false when it is not there (any more). */
async function touched(base: string): Promise<boolean> {
  const now = new Date();
  return utimes(base, now, now).then(
    () => true,
    () => false,
  );
}

/** The pack's folder in a digest's, unless that is not there or not what was unpacked (C2). */
async function intact(base: string): Promise<string | undefined> {
  const about = await aboutOf(base);
  if (about === undefined) return undefined;
  const place = join(base, about.pack);
  const contents = await digestPack(place).then(
    (found) => found.contents,
    () => undefined,
  );
  return contents === about.contents ? place : undefined;
}

async function aboutOf(base: string): Promise<About | undefined> {
  try {
    const about: unknown = JSON.parse(await readFile(join(base, ABOUT), "utf8"));
    if (!isObject(about)) return undefined;
    const { pack, bytes, contents } = about;
    if (typeof pack !== "string" || typeof bytes !== "number" || typeof contents !== "string") return undefined;
    return { pack, bytes, contents };
  } catch {
    return undefined; // not there, or half written
  }
}

async function sizeOf(root: string, files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) bytes += (await stat(join(root, file))).size;
  return bytes;
}

function isTaken(thrown: unknown): boolean {
  return ["ENOTEMPTY", "EEXIST"].includes((thrown as NodeJS.ErrnoException).code ?? "");
}
