import { messageOf, TimedOut, Unavailable } from "@squall/model";
import type { Environment } from "../environment.ts";
import type { ProcessRequest } from "../run-process.ts";
import type { ProcessEnd } from "../supervise.ts";
import { findProgram, withoutCredentials } from "./package-sources.ts";
import type { Requirements } from "./requirements.ts";
import { interpreterOf } from "./virtualenv-files.ts";

export interface Build {
  readonly pack: string;
  readonly packPath: string;
  readonly requirements: Requirements;
  /** Where it is made; does not exist yet. */
  readonly folder: string;
  readonly python: string;
  readonly environment: Environment;
  readonly timeoutMs: number;
  /** Identifies its processes. */
  readonly mark: string;
  readonly signal: AbortSignal;
  /** A line of what the tools print, without credentials. */
  onProgress(line: string): void;
  run(request: ProcessRequest): Promise<ProcessEnd>;
}

/** What StackStorm installs in every virtualenv; packs import it without asking for it. */
const ALSO = { module: "six", requirement: "six>=1.9.0,<2.0" };
const OUTPUT_BYTES = 1024 * 1024;
/** Enough for pip's error and what led to it. */
const LAST_LINES = 15;

/**
 * Makes a virtualenv with the system's packages visible, as StackStorm does, and installs the requirements: with uv where
 * there is one, which is many times faster, and with pip where there is none or uv will not have the requirements, since
 * packs are written for pip. Throws `Unavailable` or `TimedOut` with the tool's own last lines and what to do.
 */
export async function buildVirtualenv(build: Build): Promise<void> {
  const deadline = performance.now() + build.timeoutMs;
  const run = (file: string, args: readonly string[]) => step(build, deadline, file, args);
  const made = await run(build.python, ["-m", "venv", "--system-site-packages", "--without-pip", build.folder]);
  if (made.code !== 0) throw notMade(build, made);
  const python = interpreterOf(build.folder);
  const pip = (args: readonly string[]) => run(python, ["-m", "pip", "install", ...args]);
  const asked = ["--upgrade", "--requirement", build.requirements.file];

  const uv = await findProgram("uv", build.environment);
  const withUv = async () =>
    uv !== undefined && (await run(uv, ["pip", "install", "--python", python, ...asked])).code === 0;
  if (!(await withUv())) {
    if (uv !== undefined) build.onProgress("uv could not install them; trying pip, which packs are written for");
    // The system's pip is seen from inside and installs here; a copy of its own takes seconds to unpack.
    if ((await quietly(build, deadline, python, ["-c", "import pip"])) !== 0) {
      const copied = await run(python, ["-m", "ensurepip"]);
      if (copied.code !== 0) throw notMade(build, copied);
    }
    const end = await pip(asked);
    if (end.code !== 0)
      throw new Unavailable("virtualenv.install", {
        message:
          `cannot install what ${build.requirements.file} of pack "${build.pack}" requires: pip ended with ${end.code}:\n` +
          `${end.lines.join("\n")}\n${cureOf(end.lines, build)}`,
      });
  }
  if ((await quietly(build, deadline, python, ["-c", `import ${ALSO.module}`])) === 0) return;
  const more =
    uv === undefined
      ? await pip(["--retries", "1", ALSO.requirement])
      : await run(uv, ["pip", "install", "--python", python, ALSO.requirement]);
  // A pack that needs it says so by failing to import it; the others need not suffer.
  if (more.code !== 0)
    build.onProgress(`${ALSO.requirement} could not be installed; packs that import it must require it`);
}

function notMade(build: Build, end: Step): Unavailable {
  const said = end.lines.join("\n");
  return new Unavailable("virtualenv.create", {
    message:
      `cannot make the virtualenv of pack "${build.pack}" with ${build.python}: it ended with ${end.code}` +
      `${said === "" ? "" : `:\n${said}`}\n` +
      (/ensurepip|No module named venv/.test(said)
        ? "this Python came without its modules venv and ensurepip; on Debian and Ubuntu: apt-get install python3-venv"
        : cureOf(end.lines, build)),
  });
}

/** The exit status of what only looks. */
async function quietly(build: Build, deadline: number, file: string, args: readonly string[]): Promise<number> {
  return (await step({ ...build, onProgress: () => undefined }, deadline, file, args)).code;
}

interface Step {
  readonly code: number;
  /** The last it printed. */
  readonly lines: readonly string[];
}

async function step(build: Build, deadline: number, file: string, args: readonly string[]): Promise<Step> {
  const lines: string[] = [];
  const splitter = createLines((line) => {
    const shown = withoutCredentials(line);
    lines.push(shown);
    if (lines.length > LAST_LINES) lines.shift();
    build.onProgress(shown);
  });
  const end = await build.run({
    file,
    args,
    // Where pip looks for requirements like ./vendor/one.whl.
    cwd: build.packPath,
    environment: build.environment,
    mark: build.mark,
    timeoutMs: Math.max(1, deadline - performance.now()),
    outputBytes: OUTPUT_BYTES,
    signal: build.signal,
    onOutput: splitter.push,
  });
  splitter.end();
  switch (end.kind) {
    case "exited":
      return { code: end.code, lines };
    case "aborted":
      throw new Unavailable("virtualenv.stopped", {
        message: `making the virtualenv of pack "${build.pack}" was stopped; the next use begins again`,
        cause: build.signal.reason,
      });
    case "timeout":
      throw new TimedOut("virtualenv.timeout", {
        message:
          `making the virtualenv of pack "${build.pack}" took longer than ${build.timeoutMs / 1000} s and was stopped:\n` +
          `${lines.join("\n")}\n${cureOf(lines, build)}`,
      });
    case "not-started":
      throw new Unavailable("virtualenv.python", {
        message:
          `cannot make the virtualenv of pack "${build.pack}": ${end.error ?? `${file} did not start`}; ` +
          `install Python 3.9 or newer with its venv module, and start the server with it on the PATH`,
      });
    default:
      return end.kind satisfies never;
  }
}

/** Whole lines of two streams, each as soon as it is whole. */
function createLines(each: (line: string) => void): {
  push(type: "stdout" | "stderr", text: string): void;
  end(): void;
} {
  const rest = { stdout: "", stderr: "" };
  const say = (line: string) => {
    const shown = line.trimEnd();
    if (shown !== "") each(shown);
  };
  return {
    push(type, text) {
      const parts = (rest[type] + text).split("\n");
      rest[type] = parts.pop() ?? "";
      parts.forEach(say);
    },
    end() {
      say(rest.stdout);
      say(rest.stderr);
    },
  };
}

function cureOf(lines: readonly string[], build: Build): string {
  const said = lines.join("\n");
  const settings = "--pip-index, --pip-extra-index or --wheels of the server";
  if (/No space left|Errno 28\b/.test(said)) return "make room on the disk";
  if (/connection|name resolution|timed out|ProxyError|SSLError|Max retries/i.test(said))
    return `the package index does not answer; check the network and the proxy's variables, or name another source with ${settings}`;
  if (/No matching distribution|Could not find a version/.test(said))
    return `correct ${build.requirements.file}, or say where that package is with ${settings}`;
  if (/\.h: No such file|gcc|error: command|Rust|metadata-generation-failed|build wheel/i.test(said))
    return "a package has to be compiled here: install what it misses (a compiler, headers), or offer it as a wheel with --wheels";
  if (/ResolutionImpossible|conflict/i.test(said))
    return `its requirements exclude one another: correct ${build.requirements.file}`;
  return `correct ${build.requirements.file} or what the lines above name; the next use tries again`;
}

/** Of something that failed outside the tools: a disk, a permission. */
export function filesTrouble(pack: string, virtualenvs: string, thrown: unknown): Unavailable {
  return new Unavailable("virtualenv.files", {
    message: `cannot write the virtualenv of pack "${pack}" in ${virtualenvs}: ${messageOf(thrown)}; check the disk and who may write there`,
    cause: thrown,
  });
}
