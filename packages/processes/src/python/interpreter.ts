import { delimiter, join } from "node:path";
import type { Environment } from "../environment.ts";
import type { ProcessRequest } from "../run-process.ts";
import type { ProcessEnd } from "../supervise.ts";
import type { PackageSources } from "./package-sources.ts";
import { type BuildHooks, ensureVirtualenv } from "./virtualenv.ts";

/** What the operator decides about Python. */
export interface PythonSettings {
  /** The folder with what pack code imports. */
  readonly pythonPath: string;
  /** The interpreter for packs without a virtualenv, and the one that virtualenvs are made with. */
  readonly python: string;
  /** The folder with one virtualenv per pack; undefined when packs cannot have any. */
  readonly virtualenvs: string | undefined;
  /** Puts each pack's `lib` folder on PYTHONPATH (StackStorm's `packs.enable_common_libs`). */
  readonly packLibraries: boolean;
  /** Where packages come from. Default: where pip looks by itself. */
  readonly packages?: PackageSources | undefined;
  /** What installers get of the service's environment. Default: of this process's. */
  readonly installerBase?: Environment | undefined;
  /** Starts installers. Default: from this process, without a launcher. */
  readonly runProcess?: ((request: ProcessRequest) => Promise<ProcessEnd>) | undefined;
}

export interface Interpreter {
  readonly file: string;
  /** Its virtualenv; absent for the system's Python. */
  readonly virtualenv?: string;
  /** Changes whenever the virtualenv was built anew: what was started with another one is out of date. */
  readonly stamp: string;
}

/**
 * The Python of a pack: its virtualenv's, or the system's for a pack that requires nothing, as the bundled ones. A virtualenv that is missing, stale or
 * broken is built first, which may take minutes: `hooks` hears of it and can stop it. Throws what `ensureVirtualenv` does.
 */
export async function findInterpreter(
  settings: PythonSettings,
  pack: string,
  packPath: string,
  hooks: BuildHooks = {},
): Promise<Interpreter> {
  const own = await ensureVirtualenv(settings, { ...hooks, pack, packPath });
  return own ?? { file: settings.python, stamp: "system" };
}

/** PATH, PYTHONPATH and what else makes this interpreter find the pack's code, the SDK and its own packages. */
export function interpreterEnvironment(
  settings: PythonSettings,
  interpreter: Pick<Interpreter, "virtualenv">,
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
