import { Invalid, NotFound, SquallError, TimedOut, Unavailable } from "@squall/model";
import type { Environment } from "../environment.ts";
import { folderUses } from "../folder-uses.ts";
import { createProcessTable } from "../members.ts";
import { type ProcessRequest, runProcess } from "../run-process.ts";
import type { ProcessEnd } from "../supervise.ts";
import { buildVirtualenv, filesTrouble } from "./build-virtualenv.ts";
import type { Interpreter, PythonSettings } from "./interpreter.ts";
import { installerBase, installerEnvironment } from "./package-sources.ts";
import { readRequirements, type Requirements } from "./requirements.ts";
import {
  collectReplaced,
  inspectVirtualenv,
  interpreterOf,
  newBuild,
  placesOf,
  publishBuild,
  readFailure,
  removeFiles,
  type VirtualenvPlaces,
  type VirtualenvState,
  writeFailure,
} from "./virtualenv-files.ts";
import { takeLock } from "./virtualenv-lock.ts";

/*
 * A pack's virtualenv: made when requirements.txt names packages, made anew when they change. What holds:
 * V1: what a caller gets was installed to its end; a build that was interrupted, however, is never taken for a good one.
 * V2: of all callers in all processes one builds; the others wait and take what it made, or its failure.
 * V3: a build never touches the virtualenv that others run in: it is a folder of its own, and a link is moved to it.
 * V4: stopping the caller who builds ends all its processes; the next of those who wait builds then.
 * V5: what was replaced is removed only once no process runs in it.
 */

export interface BuildHooks {
  /** Ends waiting and building. Default: never. */
  readonly signal?: AbortSignal | undefined;
  /** Identifies the processes of a build, such as the execution's id. Default: one made of the pack's name. */
  readonly mark?: string | undefined;
  /** Hears what happens, line by line, without credentials. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface VirtualenvRequest extends BuildHooks {
  readonly pack: string;
  readonly packPath: string;
  /** Builds even when there is a good one, which gives newer versions where the requirements leave room. */
  readonly rebuild?: boolean;
  /** More variables for the installers, such as a proxy's or pip's own. */
  readonly environment?: Environment | undefined;
}

/** A failure stands this long for callers who ask anew, so that an action in a loop does not ask the index each time. */
const FAILURE_MS = 30_000;
const TIMEOUT_MS = 30 * 60_000;

/**
 * The interpreter of the pack's virtualenv, which is built when it is missing, stale or broken. Undefined for a pack whose
 * requirements.txt names nothing and that has no virtualenv made by hand: it uses the system's Python. Throws `Unavailable` or `TimedOut`
 * when it cannot be built, with the installer's last lines.
 */
export async function ensureVirtualenv(
  settings: PythonSettings,
  request: VirtualenvRequest,
): Promise<Interpreter | undefined> {
  const { pack, packPath, signal = NEVER, onProgress = () => undefined } = request;
  const askedAt = Date.now();
  const requirements = await readRequirements(packPath);
  const { virtualenvs } = settings;
  if (virtualenvs === undefined) {
    if (requirements === undefined) return undefined;
    throw new NotFound("runner.python.virtualenv-missing", {
      message: `pack "${pack}" requires packages (${requirements.file}), but no folder for virtualenvs is set, so none can be made`,
    });
  }
  const places = placesFor(virtualenvs, pack);
  const look = () => inspectVirtualenv(places, settings.python, requirements);
  const before = await look();
  if (requirements === undefined) {
    // Another Python than the one that somebody chose would fail later, for reasons that nobody understands.
    if (before.status === "broken" && before.isOwn === true)
      throw new Unavailable("virtualenv.broken", {
        message: `the virtualenv of pack "${pack}" cannot be used: ${before.why}; make it again, or remove ${places.link} to run the pack without`,
      });
    return isOwn(before) ? interpreterIn(before) : undefined;
  }
  if (before.status === "ready" && request.rebuild !== true) return interpreterIn(before);

  const wait = () => onProgress(`waiting for another build of the virtualenv of pack "${pack}"`);
  const release = await takeLock(places.lock, signal, wait).catch((thrown: unknown) => {
    if (signal.aborted) throw stopped(pack, signal);
    throw filesTrouble(pack, virtualenvs, thrown);
  });
  try {
    const state = await look();
    // V2: somebody else built it while this caller waited.
    const isOthers =
      state.status === "ready" && state.record !== undefined && Date.parse(state.record.builtAt) >= askedAt;
    if (state.status === "ready" && (request.rebuild !== true || isOthers)) return interpreterIn(state);
    const failure = await readFailure(places);
    if (failure?.digest === requirements.digest && failure.at >= askedAt - (request.rebuild ? 0 : FAILURE_MS))
      throw repeated(failure);
    onProgress(
      `making the virtualenv of pack "${pack}": ${state.status === "ready" ? "asked for" : state.why}, requirements are in ${requirements.file}`,
    );
    return interpreterIn(await build(settings, { ...request, signal, onProgress }, places, virtualenvs, requirements));
  } finally {
    release();
  }
}

/** Removes the pack's virtualenv, whatever it is. For packs that are uninstalled: what still runs in it breaks. */
export async function removeVirtualenv(
  settings: Pick<PythonSettings, "virtualenvs">,
  pack: string,
  signal: AbortSignal = NEVER,
): Promise<void> {
  if (settings.virtualenvs === undefined) return;
  const places = placesFor(settings.virtualenvs, pack);
  const release = await takeLock(places.lock, signal, () => undefined);
  try {
    await removeFiles(places);
  } finally {
    release();
  }
}

/** For people: what a pack's virtualenv is at the moment. */
export type VirtualenvSummary =
  | { readonly status: "not-needed" | "missing" | "stale" | "broken" }
  | { readonly status: "ready"; readonly path: string; readonly python?: string; readonly built_at?: string };

export async function describeVirtualenv(
  settings: Pick<PythonSettings, "virtualenvs" | "python">,
  pack: string,
  packPath: string,
): Promise<VirtualenvSummary> {
  const requirements = await readRequirements(packPath);
  if (settings.virtualenvs === undefined) return { status: requirements === undefined ? "not-needed" : "missing" };
  const state = await inspectVirtualenv(placesFor(settings.virtualenvs, pack), settings.python, requirements);
  if (requirements === undefined && !isOwn(state)) return { status: "not-needed" };
  if (state.status !== "ready") return { status: state.status };
  const { virtualenv: path, record } = state;
  return { status: "ready", path, ...(record && { python: record.version, built_at: record.builtAt }) };
}

async function build(
  settings: PythonSettings,
  request: VirtualenvRequest & Required<Pick<BuildHooks, "onProgress">> & { readonly signal: AbortSignal },
  places: VirtualenvPlaces,
  virtualenvs: string,
  requirements: Requirements,
): Promise<VirtualenvState> {
  const { pack, packPath, signal, onProgress } = request;
  const sources = settings.packages ?? {};
  const base = { ...(settings.installerBase ?? installerBase(process.env)), ...request.environment };
  try {
    const folder = await newBuild(places, requirements); // V3
    await buildVirtualenv({
      pack,
      packPath,
      requirements,
      folder,
      python: settings.python,
      environment: installerEnvironment(base, sources, virtualenvs),
      timeoutMs: sources.timeoutMs ?? TIMEOUT_MS,
      mark: request.mark ?? `virtualenv-${pack}`,
      signal,
      onProgress,
      run: settings.runProcess ?? runHere,
    });
    await publishBuild(places, folder, { digest: requirements.digest, python: settings.python }); // V1
    await collectReplaced(virtualenvs, folderUses()); // V5
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = thrown instanceof SquallError ? thrown : filesTrouble(pack, virtualenvs, thrown);
    const { code, message } = error;
    // On a disk that takes nothing, the failure is not remembered either; it is still told.
    await writeFailure(places, { digest: requirements.digest, code, message, at: Date.now() }).catch(() => undefined);
    throw error;
  }
  onProgress(`the virtualenv of pack "${pack}" is ready`);
  return inspectVirtualenv(places, settings.python, requirements);
}

function interpreterIn(state: VirtualenvState): Interpreter {
  if (state.status !== "ready")
    throw new Unavailable("virtualenv.files", {
      message: `a virtualenv that was just made is ${state.status}: ${state.why}`,
    });
  return { file: interpreterOf(state.virtualenv), virtualenv: state.virtualenv, stamp: state.stamp };
}

function isOwn(state: VirtualenvState): boolean {
  return state.status === "ready" && state.record === undefined;
}

function placesFor(virtualenvs: string, pack: string): VirtualenvPlaces {
  // It becomes part of a path.
  if (!/^[a-z0-9_]+$/.test(pack))
    throw new Invalid("virtualenv.pack", { message: `"${pack}" is no pack: lower-case letters, digits and _ only` });
  return placesOf(virtualenvs, pack);
}

function repeated({ code, message, at }: { code: string; message: string; at: number }): SquallError {
  const seconds = Math.max(0, Math.round((Date.now() - at) / 1000));
  const details = {
    message: `${message}\n(${seconds} s ago; tried again ${FAILURE_MS / 1000} s after that, when requirements.txt changes, or at once by packs.setup_virtualenv)`,
  };
  return code === "virtualenv.timeout" ? new TimedOut(code, details) : new Unavailable(code, details);
}

function stopped(pack: string, signal: AbortSignal): Unavailable {
  return new Unavailable("virtualenv.stopped", {
    message: `waiting for the virtualenv of pack "${pack}" was stopped`,
    cause: signal.reason,
  });
}

/** For callers that bring no launcher: a build is rare, so it may start from this process. */
function runHere(request: ProcessRequest): Promise<ProcessEnd> {
  return runProcess(request, { graceMs: 2_000, drainMs: 1_000, table: createProcessTable() });
}

const NEVER = new AbortController().signal;
