import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, extname, isAbsolute, join, normalize, relative, sep } from "node:path";
import { Invalid, messageOf, NotFound, type Resources, SquallError, Unavailable } from "@squall/model";

type Pack = Resources["pack"];
type Action = Resources["action"];

const TYPES: Readonly<Record<string, string>> = {
  ".yaml": "application/x-yaml",
  ".yml": "application/x-yaml",
  ".py": "application/x-python",
  ".json": "application/json",
  ".md": "text/markdown",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".sh": "application/x-sh",
};

export function contentTypeOf(path: string): string {
  return TYPES[extname(path).toLowerCase()] ?? "text/plain; charset=UTF-8";
}

export interface PackFile {
  readonly bytes: Buffer;
  readonly modified: Date;
}

/** Reads a file of a pack in its folder; nothing outside that can be named, not even through a link. */
export async function readPackFile(pack: Pack, folder: string, path: string): Promise<PackFile> {
  const full = inside(folder, path);
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(full)]);
    const about = await stat(real);
    if (real.startsWith(root + sep) && about.isFile()) return { bytes: await readFile(real), modified: about.mtime };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  throw new NotFound("pack.file.not-found", { message: `File "${path}" not found in pack "${pack.ref}".` });
}

function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** The full path of a path below the folder. Throws Invalid when it leads out of it. */
function inside(folder: string, path: string): string {
  const clean = normalize(path);
  if (path.includes("\0") || isAbsolute(clean) || clean === ".." || clean.startsWith(`..${sep}`)) {
    throw new Invalid("pack.file.outside", {
      message: `Invalid file path "${path.replaceAll("\0", "\\0")}": it must stay inside the pack's folder.`,
      at: { field: "file_path" },
    });
  }
  return join(folder, clean);
}

/** Writes files below the `actions` folder of a pack's folder, each whole or not at all. Gives their full paths. */
export async function writeDataFiles(
  pack: Pack,
  root: string,
  files: readonly { readonly file_path: string; readonly content: string }[],
): Promise<string[]> {
  const folder = join(root, "actions");
  // All are checked before the first is written.
  const targets = files.map(({ file_path, content }) => ({ path: inside(folder, file_path), content }));
  for (const { path, content } of targets) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await refuseLinkOut(pack, root, dirname(path));
      const draft = `${path}.${process.pid}.new`;
      await writeFile(draft, content);
      await rename(draft, path);
    } catch (error) {
      throw cannotWrite(error, pack, relative(folder, path));
    }
  }
  return targets.map(({ path }) => path);
}

/** Names that no file can have are the caller's to change; everything else is the server's trouble. */
function cannotWrite(error: unknown, pack: Pack, path: string): SquallError {
  if (error instanceof SquallError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const about = {
    message: `File "${path.slice(0, 200)}" of pack "${pack.ref}" cannot be written (${code || messageOf(error)}).`,
    at: { field: "file_path" },
    cause: error,
  };
  return ["ENAMETOOLONG", "ENOTDIR", "EISDIR", "EEXIST"].includes(code)
    ? new Invalid("pack.file.name", { ...about, message: `${about.message} Choose another path.` })
    : new Unavailable("pack.file.not-written", {
        ...about,
        message: `${about.message} Look at the disk and the rights.`,
      });
}

async function refuseLinkOut(pack: Pack, packFolder: string, folder: string): Promise<void> {
  const [root, real] = await Promise.all([realpath(packFolder), realpath(folder)]);
  if (real === root || real.startsWith(root + sep)) return;
  throw new Invalid("pack.file.outside", { message: `A link in pack "${pack.ref}" leads out of its folder.` });
}

/** The entry point of an action's copy under another name: its own where it has no file. */
export function entryPointOfCopy(action: Action, name: string): string {
  return `${name}${extname(action.entry_point)}`;
}

/** Removes an action's metadata and entry point from disk, as far as they are there. */
export async function removeActionFiles(folder: string, action: Action): Promise<void> {
  const files = [action.metadata_file, action.entry_point && `actions/${action.entry_point}`];
  for (const file of files) {
    if (file) await rm(inside(folder, file), { force: true });
  }
}
