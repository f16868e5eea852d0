import { access, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { NotFound } from "@squall/model";

/** What the operator decides about Python. */
export interface PythonSettings {
  /** The folder with what pack code imports. */
  readonly pythonPath: string;
  /** The interpreter for packs without a virtualenv. */
  readonly python: string;
  /** The folder with one virtualenv per pack; undefined when packs cannot have any. */
  readonly virtualenvs: string | undefined;
  /** Puts each pack's `lib` folder on PYTHONPATH (StackStorm's `packs.enable_common_libs`). */
  readonly packLibraries: boolean;
}

export interface Interpreter {
  readonly file: string;
  /** Its virtualenv; absent for the system's Python. */
  readonly virtualenv?: string;
  /** Changes whenever the virtualenv was rebuilt. */
  readonly stamp?: string;
}

/**
 * The Python of a pack: its virtualenv's, or the system's for a pack that has none and requires nothing. Throws
 * `NotFound` when requirements.txt names packages and no virtualenv has them.
 */
export async function findInterpreter(settings: PythonSettings, pack: string, packPath: string): Promise<Interpreter> {
  if (settings.virtualenvs !== undefined) {
    const virtualenv = join(settings.virtualenvs, pack);
    const file = join(virtualenv, "bin", "python");
    if (await exists(file)) return { file, virtualenv };
  }
  if (await requiresPackages(packPath))
    throw new NotFound("runner.python.virtualenv-missing", {
      message:
        `the virtualenv of pack "${pack}" does not exist${settings.virtualenvs === undefined ? "" : ` in ${settings.virtualenvs}`}, ` +
        `but its requirements.txt names packages; make it with "python3 -m venv" and "pip install -r requirements.txt" (squall run packs.setup_virtualenv comes with a later version)`,
    });
  return { file: settings.python };
}

/** PATH, PYTHONPATH and what else makes this interpreter find the pack's code, the SDK and its own packages. */
export function interpreterEnvironment(
  settings: PythonSettings,
  interpreter: Interpreter,
  packPath: string,
  path: string | undefined,
): Record<string, string> {
  const folders = [join(packPath, "actions", "lib"), settings.pythonPath];
  if (settings.packLibraries) folders.unshift(join(packPath, "lib"));
  const environment: Record<string, string> = { PYTHONPATH: folders.join(delimiter), PYTHONUNBUFFERED: "1" };
  if (interpreter.virtualenv !== undefined) {
    environment.VIRTUAL_ENV = interpreter.virtualenv;
    environment.PATH = [join(interpreter.virtualenv, "bin"), path].filter(Boolean).join(delimiter);
  }
  return environment;
}

async function requiresPackages(packPath: string): Promise<boolean> {
  const text = await readFile(join(packPath, "requirements.txt"), "utf8").catch(() => "");
  return text.split("\n").some((line) => line.trim() !== "" && !line.trim().startsWith("#"));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
