import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { TooLarge } from "@squall/model";

/** A pack of more files is a mistake (a virtualenv or node_modules inside), and would cost every registration. */
const MAX_FILES = 20_000;

/** What a pack's folder holds. */
export interface PackFiles {
  /** Every file below the folder but compiled Python and `.git`, with `/`, sorted. */
  readonly files: readonly string[];
  /** SHA-256, hex, of all their paths, contents and executable bits: equal content, equal digest, on any machine. */
  readonly digest: string;
  /** The same of paths and contents alone: running a script may make it executable. */
  readonly contents: string;
  /** Links that lead out of the pack or nowhere; they are not among the files. */
  readonly strayLinks: readonly string[];
}

/** Lists and digests a pack's content. Throws what the file system throws, and TooLarge beyond 20,000 files. */
export async function digestPack(directory: string): Promise<PackFiles> {
  const root = await realpath(directory);
  const files: string[] = [];
  const strayLinks: string[] = [];
  await collect(root, "", files, strayLinks);
  // By code unit, not locale: the order is part of the digest.
  files.sort();
  const digest = createHash("sha256");
  const contents = createHash("sha256");
  for (const file of files) {
    const path = join(root, file);
    const content = createHash("sha256");
    await pipeline(createReadStream(path), content);
    const executable = ((await stat(path)).mode & 0o111) !== 0;
    const hex = content.digest("hex");
    digest.update(`${JSON.stringify(file)} ${executable ? "x" : "-"} ${hex}\n`);
    contents.update(`${JSON.stringify(file)} ${hex}\n`);
  }
  return { files, digest: digest.digest("hex"), contents: contents.digest("hex"), strayLinks };
}

async function collect(root: string, folder: string, files: string[], strayLinks: string[]): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (!isContent(entry.name)) continue;
    if (entry.isDirectory()) await collect(root, path, files, strayLinks);
    else if (entry.isFile()) files.push(path);
    else if (entry.isSymbolicLink()) {
      // A linked folder is not walked (it may lead back up); a linked file counts as the file it is.
      const target = await insideOf(root, join(root, path));
      if (target === undefined) strayLinks.push(path);
      else if ((await lstat(target)).isFile()) files.push(path);
    }
    if (files.length > MAX_FILES) {
      throw new TooLarge("pack.too-many-files", {
        message: `the pack at ${root} has more than ${MAX_FILES} files; move environments and build output out of its folder`,
      });
    }
  }
}

/** Whether a path below a pack is the pack's own: not git's files, nor what Python compiled (and its half-written files). */
export function isContent(path: string): boolean {
  return !path.split(/[/\\]/).some((part) => part === ".git" || part === "__pycache__" || part.endsWith(".pyc"));
}

/** Where the path really leads, if that exists and lies inside `root` (itself a real path). */
export async function insideOf(root: string, path: string): Promise<string | undefined> {
  try {
    const target = await realpath(path);
    return target === root || target.startsWith(root + sep) ? target : undefined;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR") return undefined;
    throw thrown;
  }
}
