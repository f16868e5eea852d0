import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { Invalid } from "@squall/model";

/** A script and what is copied to a host with it. */
export interface ScriptFiles {
  /** The script's own name; it lies on top. */
  readonly name: string;
  /** Folders below the top, parents first. */
  readonly folders: readonly string[];
  readonly files: readonly ScriptFile[];
}

export interface ScriptFile {
  /** Relative to the top, with slashes. */
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

/** The script is executable, whatever its mode is here: StackStorm sets 0744 as well. */
const SCRIPT_MODE = 0o744;
/** All is read into memory once and sent to every host; libraries of scripts are small. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILES = 2_000;

/** Reads a script and the folder `lib` beside it (reference, section 2). Throws Invalid when that is too much. */
export async function scriptFiles(script: string, packPath: string): Promise<ScriptFiles> {
  const folders: string[] = [];
  const files: ScriptFile[] = [];
  const root = (await realpath(packPath)) + sep;
  let bytes = 0;

  const add = async (file: string, path: string, mode?: number): Promise<void> => {
    if (!(await realpath(file)).startsWith(root))
      throw refused(`${file} leads out of the pack; what is copied to other machines has to be inside`);
    const found = await stat(file);
    bytes += found.size;
    if (files.length >= MOST_FILES || bytes > MOST_BYTES)
      throw refused(`${dirname(script)}/lib is too much to copy: over ${MOST_FILES} files or ${MOST_BYTES} bytes`);
    files.push({ path, mode: mode ?? found.mode & 0o777, content: await readFile(file) });
  };
  const addFolder = async (folder: string, path: string): Promise<void> => {
    folders.push(path);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name === "__pycache__") continue;
      const [from, to] = [join(folder, entry.name), `${path}/${entry.name}`];
      // A link to a folder is not followed: it may lead back up.
      if (entry.isDirectory()) await addFolder(from, to);
      else if ((await stat(from).catch(() => undefined))?.isFile()) await add(from, to);
    }
  };

  await add(script, basename(script), SCRIPT_MODE);
  const library = join(dirname(script), "lib");
  if ((await stat(library).catch(() => undefined))?.isDirectory()) await addFolder(library, "lib");
  return { name: basename(script), folders, files };
}

function refused(message: string): Invalid {
  return new Invalid("runner.ssh.script-files", { message });
}
