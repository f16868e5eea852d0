import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Environment, ProcessEnd, ProcessLimits, Supervision } from "@squall/processes";
import { type ForkedRun, type NotForked, runForked } from "./forked-run.ts";
import { readLines, sendLine } from "./lines.ts";
import type { Stem, ZygoteOrder } from "./stem.ts";
import { turns } from "./turns.ts";

/*
 * The server's side of a process that has imported one action's module. It is importing, then ready or unfit, and at
 * last gone. What holds:
 * Y1: it gets no job; those go to its forks.
 * Y2: when it dies, runs that have begun end with an error that says so, after their processes were ended; the others
 *     are not forked and may be run in another way.
 */
export interface Zygote {
  /** Resolves after the import: undefined when it can fork, else why the module needs an interpreter of its own. */
  readonly imported: Promise<string | undefined>;
  /** The import printed something, which may have been about compiling the module for the first time. */
  readonly printed: boolean;
  /** The variable that the import has read and that has another value in this environment; "*" if it has read all. */
  misfit(environment: Environment): string | undefined;
  run(request: ForkRequest, limits: ProcessLimits): Promise<ProcessEnd | NotForked>;
  readonly runs: number;
  /** `performance.now()` of the last beginning or end of a run. */
  readonly lastUsed: number;
  readonly isGone: boolean;
  /** Ends it once nothing runs; what runs goes on. */
  retire(): void;
  readonly ended: Promise<void>;
}

export interface ForkRequest extends Supervision {
  /** The job as the fork reads it. Made when it is sent. */
  payload(): string;
}

type FromZygote =
  | { readonly fresh: string }
  | { readonly ready: { readonly reads: readonly string[] | null; readonly printed: boolean } }
  | { readonly ended: string; readonly status: number }
  | { readonly stale: string }
  | { readonly failed: string; readonly error: string };

export function startZygote(stem: Stem, order: Omit<ZygoteOrder, "token">, importMs: number): Zygote {
  const token = randomBytes(16).toString("hex");
  const imported = Promise.withResolvers<string | undefined>();
  const ended = Promise.withResolvers<void>();
  const runs = new Map<string, ForkedRun>();
  let control: Socket | undefined;
  let reads: readonly string[] | null = null;
  let printed = false;
  let isImporting = true;
  let isRetired = false;
  let isGone = false;
  let lastUsed = performance.now();

  stem.door.expect(token, ({ socket, rest }) => {
    stem.door.forget(token);
    control = socket;
    readLines(socket, rest, (message) => heard(message as FromZygote)); // only our own program speaks there
    socket.once("end", () => socket.destroy());
    socket.once("close", onGone);
  });
  const forked = stem.fork({ ...order, token });
  const timer = setTimeout(() => {
    settle(`its import takes longer than ${importMs} ms`);
    forked.kill();
  }, importMs);
  void forked.gone.then(async (why) => {
    // What it said before its end comes on another connection, and may be heard after it.
    await turns();
    settle(`its import ended the process (${why})`);
    if (!control) onGone(); // else its connection tells
  });

  function settle(unfit: string | undefined): void {
    clearTimeout(timer);
    isImporting = false;
    imported.resolve(unfit);
    if (runs.size === 0) control?.unref();
  }

  function heard(message: FromZygote): void {
    if ("ready" in message) {
      ({ reads, printed } = message.ready);
      settle(undefined);
    } else if ("fresh" in message) settle(message.fresh);
    else if ("ended" in message) runs.get(message.ended)?.onExit(message.status);
    else if ("stale" in message) runs.get(message.stale)?.onNotForked("stale");
    else runs.get(message.failed)?.onNotForked(message.error);
  }

  function onGone(): void {
    if (isGone) return;
    isGone = true;
    stem.door.forget(token);
    settle("its process ended");
    for (const run of runs.values()) run.onLost(); // Y2
    control?.destroy();
    forked.release();
    ended.resolve();
  }

  function retireIfIdle(): void {
    if (isRetired && runs.size === 0) control?.end();
  }

  return {
    imported: imported.promise,
    ended: ended.promise,
    get printed() {
      return printed;
    },
    get runs() {
      return runs.size;
    },
    get lastUsed() {
      return lastUsed;
    },
    get isGone() {
      return isGone || isRetired;
    },
    misfit(environment) {
      if (reads === null) return "*";
      return reads.find((name) => environment[name] !== order.environment[name]);
    },
    async run(request, limits) {
      const line = control;
      if (!line || isGone) return { notForked: "its process ended" };
      const name = randomBytes(16).toString("hex");
      if (runs.size === 0) line.ref();
      try {
        return await runForked(request, limits, stem.door, name, (run) => {
          runs.set(name, run);
          sendLine(line, { run: name });
        });
      } finally {
        runs.delete(name);
        lastUsed = performance.now();
        if (runs.size === 0) line.unref();
        retireIfIdle();
      }
    },
    retire() {
      isRetired = true;
      if (isImporting) forked.kill();
      else retireIfIdle();
    },
  };
}
