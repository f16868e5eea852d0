import { statSync } from "node:fs";
import type { Environment, ProcessEnd, ProcessLimits } from "@squall/processes";
import type { NotForked } from "./forked-run.ts";
import { startStem, type Stem } from "./stem.ts";
import { unlessStopped } from "./unless-stopped.ts";
import { type ForkRequest, startZygote, type Zygote } from "./zygote.ts";

/*
 * Warm Python interpreters: a stem for each interpreter, and forked from it a zygote for each action's module, from which
 * each execution is forked. All of it is started when it is needed, and ended when it is idle. What holds:
 * W1: a run either goes through or tells that its action has not begun, and why; then a fresh interpreter runs it.
 * W2: what the zygote has imported is what a fresh interpreter would import now: it looks at the files before each fork.
 * W3: a module that cannot be forked is not tried again before its file has changed or some time has passed.
 */
export interface ForkServers extends AsyncDisposable {
  run(
    module: PythonModule,
    environment: Environment,
    request: ForkRequest,
    limits: ProcessLimits,
  ): Promise<ProcessEnd | NotForked>;
}

/** An action's module and what it is imported with. */
export interface PythonModule {
  readonly interpreter: string;
  /** Changes when the interpreter's packages do. */
  readonly stamp: string;
  readonly pythonPath: string;
  readonly file: string;
  /** The pack's folders on the interpreter's path. */
  readonly path: readonly string[];
  /** For the interpreter's start: nothing of a pack. */
  readonly stemEnvironment: Environment;
  /** For the import: nothing of a single execution. */
  readonly environment: Environment;
}

export interface ForkSettings {
  /** A zygote without a run for so long is ended, and a stem without zygotes. */
  readonly idleMs: number;
  /** How long the import of a module may take. */
  readonly importMs: number;
  /** How many zygotes there may be. */
  readonly most: number;
  /** Told once when a module turns out to need fresh interpreters. */
  readonly onUnfit?: ((file: string, why: string) => void) | undefined;
}

interface Unfit {
  readonly why: string;
  readonly until: number;
  readonly version: string;
}

interface Warm {
  readonly stem: StartedStem;
  readonly zygote: Zygote;
}

interface StartedStem {
  readonly stamp: string;
  readonly started: Promise<Stem>;
}

/** After which a module or an interpreter that did not work is tried again. */
const UNFIT_MS = 5 * 60_000;
/** How many of those are remembered. */
const MOST_UNFIT = 1_000;
/** An interpreter takes a twentieth of that. */
const START_MS = 10_000;
const LONGEST_LOOK_MS = 30_000;
/** Variables that no two executions have in common. */
const EVERY_OTHER = /^ST2_|^SQUALL_/;

export function createForkServers(settings: ForkSettings): ForkServers {
  const stems = new Map<string, StartedStem>();
  const warm = new Map<string, Promise<Warm | string>>();
  const ready = new Map<string, Warm>();
  const importing = new Set<Zygote>();
  const unfit = new Map<string, Unfit>();
  let sweep: NodeJS.Timeout | undefined;

  const refuse = (key: string, file: string, why: string): string => {
    if (unfit.size >= MOST_UNFIT) unfit.clear();
    unfit.set(key, { why, until: performance.now() + UNFIT_MS, version: versionOf(file) });
    settings.onUnfit?.(file, why);
    return why;
  };

  const isUnfit = (key: string, file: string): string | undefined => {
    const known = unfit.get(key);
    if (!known) return undefined;
    if (performance.now() < known.until && versionOf(file) === known.version) return known.why;
    unfit.delete(key);
    return undefined;
  };

  const stemOf = (module: PythonModule): StartedStem => {
    const known = stems.get(module.interpreter);
    if (known?.stamp === module.stamp) return known;
    const stem = { stamp: module.stamp, started: startStem(stemSettings(module)) };
    stems.set(module.interpreter, stem);
    const forget = () => {
      if (stems.get(module.interpreter) === stem) stems.delete(module.interpreter);
    };
    stem.started.then((started) => started.ended.then(forget), forget);
    known?.started.then(
      (old) => old.retire(),
      () => {},
    );
    return stem;
  };

  const imported = async (zygote: Zygote): Promise<string | undefined> => {
    importing.add(zygote);
    const why = await zygote.imported;
    importing.delete(zygote);
    return why;
  };

  const warmUp = async (key: string, module: PythonModule, grace: number): Promise<Warm | string> => {
    const stem = stemOf(module);
    let started: Stem;
    try {
      started = await stem.started;
    } catch (thrown) {
      return refuse(key, module.file, thrown instanceof Error ? thrown.message : String(thrown));
    }
    const order = {
      file: module.file,
      path: module.path,
      sdk: module.pythonPath,
      environment: module.environment,
      grace,
    };
    let zygote = startZygote(started, order, settings.importMs);
    let why = await imported(zygote);
    // Python warns when it compiles a file, not when it finds it compiled: forks of a second one print what is usual.
    if (why === undefined && zygote.printed) {
      zygote.retire();
      zygote = startZygote(started, order, settings.importMs);
      why = await imported(zygote);
    }
    if (why !== undefined) {
      zygote.retire();
      return started.isGone ? why : refuse(key, module.file, why);
    }
    const entry = { stem, zygote };
    ready.set(key, entry);
    const drop = () => {
      if (ready.get(key) !== entry) return;
      ready.delete(key);
      warm.delete(key);
    };
    void zygote.ended.then(drop);
    makeRoom();
    return entry;
  };

  const zygoteOf = (key: string, module: PythonModule, grace: number): Promise<Warm | string> => {
    sweep ??= setInterval(retireIdle, Math.min(settings.idleMs / 2, LONGEST_LOOK_MS)).unref();
    const known = warm.get(key);
    if (known) return known;
    const made = warmUp(key, module, grace).then((entry) => {
      if (typeof entry === "string") warm.delete(key);
      return entry;
    });
    warm.set(key, made);
    return made;
  };

  const drop = (key: string, entry: Warm): void => {
    entry.zygote.retire();
    if (ready.get(key) !== entry) return;
    ready.delete(key);
    warm.delete(key);
  };

  const makeRoom = (): void => {
    const idle = [...ready].filter(([, { zygote }]) => zygote.runs === 0);
    idle.sort(([, a], [, b]) => a.zygote.lastUsed - b.zygote.lastUsed);
    for (const [key, entry] of idle.slice(0, Math.max(0, ready.size - settings.most))) drop(key, entry);
  };

  const retireIdle = (): void => {
    const before = performance.now() - settings.idleMs;
    for (const [key, entry] of ready) if (entry.zygote.runs === 0 && entry.zygote.lastUsed < before) drop(key, entry);
    const used = new Set([...ready.values()].map(({ stem }) => stem));
    if (warm.size > ready.size) return; // one is starting
    for (const [interpreter, stem] of stems) {
      if (used.has(stem)) continue;
      stems.delete(interpreter);
      stem.started.then(
        (started) => started.retire(),
        () => {},
      );
    }
  };

  return {
    async run(module, environment, request, limits) {
      const key = [module.interpreter, module.file, ...module.path].join("\0");
      const startedAt = performance.now();
      // The second try is for a module that has changed, the third for one that changed again meanwhile.
      for (let tries = 0; tries < 3; tries++) {
        const why = isUnfit(key, module.file);
        if (why !== undefined) return { notForked: why };
        const got = await unlessStopped(zygoteOf(key, module, limits.graceMs / 1000), request);
        if ("end" in got) return got.end;
        const entry = got.value;
        if (typeof entry === "string") return { notForked: entry };
        if (entry.stem.stamp !== module.stamp || entry.zygote.isGone) {
          drop(key, entry);
          continue;
        }
        const read = entry.zygote.misfit(environment);
        if (read !== undefined) {
          const why = `its import reads ${read === "*" ? "all environment variables" : `the environment variable ${read}`}`;
          if (!(read === "*" || EVERY_OTHER.test(read))) return { notForked: why };
          drop(key, entry);
          return { notForked: refuse(key, module.file, why) };
        }
        const left = { ...request, timeoutMs: request.timeoutMs - (performance.now() - startedAt) };
        const end = await entry.zygote.run(left, limits);
        if ("notForked" in end && end.notForked === "stale") {
          drop(key, entry);
          continue;
        }
        return end;
      }
      return { notForked: "its files keep changing" };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      for (const zygote of importing) zygote.retire();
      const zygotes = (await Promise.all(warm.values())).flatMap((entry) =>
        typeof entry === "string" ? [] : [entry.zygote],
      );
      for (const zygote of zygotes) zygote.retire();
      await Promise.all(zygotes.map((zygote) => zygote.ended));
      const started = await Promise.allSettled([...stems.values()].map((stem) => stem.started));
      for (const stem of started) {
        if (stem.status === "rejected") continue;
        stem.value.retire();
        await stem.value.ended;
      }
    },
  };
}

function stemSettings(module: PythonModule) {
  return {
    interpreter: module.interpreter,
    pythonPath: module.pythonPath,
    environment: module.stemEnvironment,
    startMs: START_MS,
  };
}

function versionOf(file: string): string {
  const status = statSync(file, { throwIfNoEntry: false });
  return `${status?.mtimeMs} ${status?.size}`;
}
