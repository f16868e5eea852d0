import { access, constants } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { baseEnvironment, type Environment } from "../environment.ts";

/** Where the packages of virtualenvs come from. Addresses may hold credentials. */
export interface PackageSources {
  /** Instead of pypi.org. */
  readonly index?: string;
  /** Asked beside the index. */
  readonly extraIndexes?: readonly string[];
  /** A folder of wheels. Without `index` and `extraIndexes` nothing else is asked: an installation without internet. */
  readonly wheels?: string;
  /** For one virtualenv, in milliseconds. Default: 30 minutes, since some packages are compiled. */
  readonly timeoutMs?: number;
}

/** What installers get of the service's environment beside what every child gets: their own settings. */
export const INSTALLER_VARIABLES: readonly string[] = ["PIP_*", "UV_*"];

export function installerBase(service: NodeJS.ProcessEnv): Environment {
  return baseEnvironment(service, INSTALLER_VARIABLES);
}

/**
 * The environment that pip and uv run with. Everything goes this way and not by arguments, which any user of the machine
 * can read. The operator's settings go before pip's own variables, those before pip's configuration files.
 */
export function installerEnvironment(base: Environment, sources: PackageSources, virtualenvs: string): Environment {
  const environment: Record<string, string> = {
    PIP_CACHE_DIR: join(dirname(virtualenvs), "pip-cache"),
    UV_CACHE_DIR: join(dirname(virtualenvs), "uv-cache"),
    ...base,
    PIP_NO_INPUT: "1",
    PIP_PROGRESS_BAR: "off",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_ROOT_USER_ACTION: "ignore",
    UV_NO_PROGRESS: "1",
    // pip takes the best version of all indexes; so does uv, but only when told.
    UV_INDEX_STRATEGY: "unsafe-best-match",
    NO_COLOR: "1",
    PYTHONUNBUFFERED: "1",
    PYTHONIOENCODING: "utf-8",
  };
  const { index, extraIndexes = [], wheels } = sources;
  if (index !== undefined) environment.PIP_INDEX_URL = environment.UV_DEFAULT_INDEX = index;
  if (extraIndexes.length > 0) environment.PIP_EXTRA_INDEX_URL = environment.UV_INDEX = extraIndexes.join(" ");
  if (wheels !== undefined) {
    environment.PIP_FIND_LINKS = environment.UV_FIND_LINKS = wheels;
    if (index === undefined && extraIndexes.length === 0) environment.PIP_NO_INDEX = environment.UV_NO_INDEX = "1";
  }
  return environment;
}

/** The program of this name on the environment's PATH. */
export async function findProgram(name: string, environment: Environment): Promise<string | undefined> {
  for (const folder of (environment.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    if (
      folder !== "" &&
      (await access(file, constants.X_OK).then(
        () => true,
        () => false,
      ))
    )
      return file;
  }
  return undefined;
}

/** Text without the credentials of addresses in it: installers print where they look. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s]+@/gi, "$1****@");
}
