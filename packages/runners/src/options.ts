import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import {
  baseEnvironment,
  createLauncher,
  createProcessTable,
  type Environment,
  findShells,
  installerBase,
  type PackageSources,
  type ProcessEnd,
  type ProcessLimits,
  type ProcessRequest,
  type Shells,
} from "@squall/processes";
import type { ForkSettings } from "./python/fork/fork-servers.ts";
import { settleSsh, type SshOptions, type SshSettings } from "./ssh/settings.ts";

/** What the operator decides about runners. Everything has a default that works on a fresh machine. */
export interface RunnerOptions {
  /** Warm Python interpreters that executions are forked from; false starts a fresh interpreter for each. */
  readonly pythonForks?: false | PythonForkOptions;
  /** How many processes an execution may have at once; above that it is ended. Default: 1,000. */
  readonly mostProcesses?: number;
  /** The folder with what pack code in Python imports. Default: `python/` of this checkout. */
  readonly pythonPath?: string;
  /** The interpreter for packs without a virtualenv. Default: `python3`. */
  readonly python?: string;
  /** The folder with one Python virtualenv per pack. Default: none, so that packs with requirements.txt are refused. */
  readonly virtualenvs?: string;
  /** The folder of a registered pack on this machine. Default: as the API says, which may be another machine's. */
  readonly packFolder?: ((pack: string) => Promise<string | undefined>) | undefined;
  /** Folders of packs, for finding those that are about to be registered. Default: none. */
  readonly packRoots?: readonly string[];
  /** Where the packages of virtualenvs come from. Default: where pip looks by itself. */
  readonly packages?: PackageSources | undefined;
  /** The folder for the npm packages that packs name in package.json. Default: none, so that such packs are refused. */
  readonly nodeModules?: string;
  /** The folder with `<pack>.yaml` configurations, for messages that say where a key belongs. Default: `configs`. */
  readonly configs?: string;
  /** Puts each pack's `lib` folder on PYTHONPATH (StackStorm's `packs.enable_common_libs`). Default: false. */
  readonly packLibraries?: boolean;
  /**
   * The user that shell actions run as, through sudo. Default: the service's own user, without sudo (StackStorm's
   * default is `stanley`, which has to be made on the machine first).
   */
  readonly systemUser?: string;
  /** Names of further variables of the service's environment that actions get; `*` at the end matches any rest. */
  readonly passEnvironment?: readonly string[];
  /** The service's environment. Default: `process.env`. */
  readonly serviceEnvironment?: NodeJS.ProcessEnv;
  /** Between SIGTERM and SIGKILL when a run is stopped. Default: 5,000 ms. */
  readonly killGraceMs?: number;
  /** How long output is still awaited after a process ended while another one holds its pipes. Default: 2,000 ms. */
  readonly drainMs?: number;
  /** Bound of a response body that http-request keeps. Default: 10 MiB. */
  readonly responseBytes?: number;
  /** How remote actions sign in to hosts, and which hosts are believed. */
  readonly ssh?: SshOptions;
  /** Sent by http-request as `st2/v<version>`. */
  readonly version?: string;
}

export interface PythonForkOptions {
  /** After that long without an execution of its action an imported module is let go. Default: 10 minutes. */
  readonly idleMs?: number;
  /** How long the import of an action's module may take before fresh interpreters do it. Default: 10,000 ms. */
  readonly importMs?: number;
  /** How many modules are kept imported. Default: 64. */
  readonly most?: number;
  /** Told once when an action's file turns out to need fresh interpreters, and why. */
  readonly onUnfit?: (file: string, why: string) => void;
}

/** The options with defaults filled in and what is looked up once. */
export interface RunnerSettings {
  readonly pythonPath: string;
  readonly python: string;
  readonly virtualenvs: string | undefined;
  readonly packFolder: ((pack: string) => Promise<string | undefined>) | undefined;
  readonly packRoots: readonly string[];
  readonly packages: PackageSources | undefined;
  /** What installers of packages get of the service's environment. */
  readonly installerBase: Environment;
  readonly nodeModules: string | undefined;
  readonly configs: string;
  readonly packLibraries: boolean;
  readonly systemUser: string | undefined;
  readonly environment: Environment;
  readonly shells: Shells;
  /** How a run is stopped, in milliseconds: see `killGraceMs` and `drainMs`. */
  readonly stop: { readonly graceMs: number; readonly drainMs: number };
  /** The same and what else bounds a run, for processes that the launcher does not start. */
  readonly processLimits: ProcessLimits;
  readonly pythonForks: ForkSettings | undefined;
  /** Runs one child process to its end. */
  readonly runProcess: (request: ProcessRequest) => Promise<ProcessEnd>;
  /** Between asking a run to end and making it, and how long its last output is awaited; milliseconds. */
  readonly graceMs: number;
  readonly drainMs: number;
  readonly ssh: SshSettings;
  readonly responseBytes: number;
  readonly version: string;
}

export function settle(options: RunnerOptions): RunnerSettings {
  const service = options.serviceEnvironment ?? process.env;
  const launcher = createLauncher();
  const [graceMs, drainMs] = [options.killGraceMs ?? 5_000, options.drainMs ?? 2_000];
  // A build with many jobs has some hundred; what has a thousand is multiplying.
  const limits = { graceMs, drainMs, mostProcesses: options.mostProcesses ?? 1_000 };
  return {
    pythonPath: options.pythonPath ?? fileURLToPath(new URL("../../../python", import.meta.url)),
    python: options.python ?? "python3",
    virtualenvs: options.virtualenvs,
    packFolder: options.packFolder,
    packRoots: options.packRoots ?? [],
    packages: options.packages,
    installerBase: installerBase(service),
    nodeModules: options.nodeModules,
    configs: options.configs ?? "configs",
    packLibraries: options.packLibraries ?? false,
    systemUser: userOtherThanOwn(options.systemUser),
    environment: baseEnvironment(service, options.passEnvironment),
    shells: findShells(),
    stop: { graceMs, drainMs },
    processLimits: { ...limits, table: createProcessTable() },
    pythonForks:
      options.pythonForks === false
        ? undefined
        : { idleMs: 10 * 60_000, importMs: 10_000, most: 64, ...options.pythonForks },
    runProcess: (request) => launcher.run(request, limits),
    graceMs,
    drainMs,
    ssh: settleSsh(options.ssh ?? {}, service),
    responseBytes: options.responseBytes ?? 10 * 1024 * 1024,
    version: options.version ?? "3.9.0",
  };
}

/** No sudo to become who one is already. */
function userOtherThanOwn(user: string | undefined): string | undefined {
  return user === undefined || user === "" || user === userInfo().username ? undefined : user;
}
