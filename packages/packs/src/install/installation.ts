import { mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, Unavailable } from "@squall/model";

/**
 * The folder of installed packs, `<data>/packs`, and who may put packs into it and take them out: nobody else.
 *
 * I1: a pack's folder is the old one or the new one, whole, whenever somebody looks and whenever the process dies.
 * I2: one pack is placed or removed at a time.
 * I3: the folder that was replaced is kept until the new one is settled (registered), so that it can be put back.
 * I4: what is half done lies in `<data>/packs.incoming` alone, on the same file system, where nobody looks for packs;
 *     `recover` settles it at the next start.
 */
export interface Installation {
  /** Where the pack of this ref lies, or would. */
  pathOf(ref: string): string;
  has(ref: string): Promise<boolean>;
  /** An empty folder for what is on its way in; removed, with what was not placed, when it is disposed. */
  stage(): Promise<Stage>;
  /** Moves a folder of a stage into its place. Resolves with whether another one was there. */
  place(root: string, ref: string): Promise<{ readonly replaced: boolean }>;
  /** The new folder stays: forgets the one before. */
  settle(ref: string): Promise<void>;
  /** Puts the folder back that was there before. Resolves with whether there was one; if not, nothing changes. */
  undo(ref: string): Promise<boolean>;
  /** Removes a pack's folder. Resolves with whether there was one. */
  remove(ref: string): Promise<boolean>;
  /** Puts back or throws away what a dead process left half done. */
  recover(): Promise<void>;
}

export interface Stage extends AsyncDisposable {
  /** The folder, a real path. */
  readonly folder: string;
  /** A file beside it, for the archive as it came. */
  readonly archive: string;
}

/** The old folder of a pack while the new one takes its place. */
const PREVIOUS = ".previous";

export function createInstallation(packs: string): Installation {
  const incoming = `${packs}.incoming`;
  let last: Promise<unknown> = Promise.resolve();

  /** I2 */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = last.then(work);
    last = run.catch(() => undefined); // its caller has the error
    return run;
  };
  const pathOf = (ref: string) => join(packs, ref);
  const previousOf = (ref: string) => join(incoming, `${ref}${PREVIOUS}`);

  return {
    pathOf,
    has: (ref) => isFolder(pathOf(ref)),
    async stage() {
      await disk("make room for a pack", incoming, () => mkdir(incoming, { recursive: true, mode: 0o700 }));
      const base = await realpath(
        await disk("make room for a pack", incoming, () => mkdtemp(join(incoming, "stage-"))),
      );
      const folder = join(base, "content");
      await mkdir(folder);
      return {
        folder,
        archive: join(base, "archive"),
        [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
      };
    },
    place: (root, ref) =>
      inTurn(() =>
        disk("install a pack", pathOf(ref), async () => {
          const replaced = await isFolder(pathOf(ref));
          // I3: of several that were never settled the one before all of them is kept.
          const isKept = await isFolder(previousOf(ref));
          const aside = isKept ? join(await mkdtemp(join(incoming, "gone-")), ref) : previousOf(ref);
          // I1: dying between the two renames leaves the old one in `incoming`, and `recover` puts it back.
          if (replaced) await rename(pathOf(ref), aside);
          try {
            await rename(root, pathOf(ref));
          } catch (thrown) {
            if (replaced) await rename(aside, pathOf(ref));
            throw thrown;
          }
          if (isKept) await rm(dirname(aside), { recursive: true, force: true });
          return { replaced };
        }),
      ),
    settle: (ref) =>
      inTurn(() => disk("install a pack", pathOf(ref), () => rm(previousOf(ref), { recursive: true, force: true }))),
    undo: (ref) =>
      inTurn(() =>
        disk("put a pack back", pathOf(ref), async () => {
          if (!(await isFolder(previousOf(ref)))) return false;
          const gone = await mkdtemp(join(incoming, "gone-"));
          if (await isFolder(pathOf(ref))) await rename(pathOf(ref), join(gone, ref));
          await rename(previousOf(ref), pathOf(ref));
          await rm(gone, { recursive: true, force: true });
          return true;
        }),
      ),
    remove: (ref) =>
      inTurn(() =>
        disk("remove a pack", pathOf(ref), async () => {
          if (!(await isFolder(pathOf(ref)))) return false;
          // Out of sight in one step, so that half a pack is never registered.
          const gone = await mkdtemp(join(await made(incoming), "gone-"));
          await rename(pathOf(ref), join(gone, ref));
          for (const path of [gone, previousOf(ref)]) await rm(path, { recursive: true, force: true });
          return true;
        }),
      ),
    async recover() {
      for (const name of await readdir(incoming).catch(() => [])) {
        const left = join(incoming, name);
        const ref = name.endsWith(PREVIOUS) ? name.slice(0, -PREVIOUS.length) : undefined;
        if (ref !== undefined && !(await isFolder(pathOf(ref)))) await rename(left, pathOf(ref));
        else await rm(left, { recursive: true, force: true });
      }
    },
  };
}

async function made(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (about) => about.isDirectory(),
    () => false,
  );
}

async function disk<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Unavailable("pack.install.disk", {
      message: `The server cannot ${what} at ${path}: ${messageOf(cause)}. Look at the disk and the rights of its data directory.`,
      cause,
    });
  }
}
