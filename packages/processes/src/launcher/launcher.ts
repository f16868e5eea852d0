import { type ChildProcess, fork } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { endLeftovers } from "../leftovers.ts";
import { createProcessTable } from "../members.ts";
import type { ProcessRequest } from "../run-process.ts";
import type { ProcessEnd, ProcessLimits } from "../supervise.ts";
import type { FromLauncher, ToLauncher } from "./messages.ts";

/**
 * Starts processes from a small process beside the server instead of from the server itself. To start a process, the
 * system copies the map of the starting one's memory and shares its pages until either writes to them: a server with
 * 150 MB starts four times fewer processes a second than one with none, and stands still meanwhile. The launcher stays
 * small.
 *
 * It is started with the first run and ends with the server, taking along what runs. When it dies, its runs end as
 * failed and the next run starts another one.
 */
export interface Launcher {
  run(request: ProcessRequest, limits: Omit<ProcessLimits, "table">): Promise<ProcessEnd>;
}

interface Pending {
  readonly request: ProcessRequest;
  readonly settle: (end: ProcessEnd) => void;
}

/** For what a launcher that died left running. */
const GRACE_MS = 500;
const PROGRAM = fileURLToPath(new URL("./program.ts", import.meta.url));
/** A launcher holds no more than the output of what runs. */
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];

export function createLauncher(): Launcher {
  let child: ChildProcess | undefined;
  const pending = new Map<number, Pending>();
  let last = 0;

  const start = (): ChildProcess => {
    const started = fork(PROGRAM, [], {
      serialization: "advanced",
      execArgv: FLAGS,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    // It must not keep the server alive; while something runs, the channel does.
    started.unref();
    started.channel?.unref();
    started.on("message", (message: FromLauncher) => {
      const run = pending.get(message.id);
      if (!run) return;
      if (message.kind === "output") run.request.onOutput(message.type, message.text);
      else finish(message.id, message.end);
    });
    const onGone = () => {
      if (child !== started) return;
      child = undefined;
      const orphans = [...pending];
      const marks = orphans.map(([, { request }]) => request.mark);
      const settle = () => orphans.forEach(([id]) => finish(id, lost()));
      // What it had started goes on without it, unseen.
      endLeftovers(marks, { table: createProcessTable(), graceMs: GRACE_MS }).then(settle, settle);
    };
    started.once("error", onGone);
    started.once("exit", onGone);
    return started;
  };

  const finish = (id: number, end: ProcessEnd) => {
    const run = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) child?.channel?.unref();
    run?.settle(end);
  };

  return {
    async run(request, limits) {
      if (request.signal.aborted) return { ...NOTHING, kind: "aborted", code: -constants.signals.SIGTERM };
      child ??= start();
      const id = ++last;
      const { signal, onOutput: _, ...crossing } = request;
      const ended = Promise.withResolvers<ProcessEnd>();
      if (pending.size === 0) child.channel?.ref();
      pending.set(id, { request, settle: ended.resolve });
      const onAbort = () => tell({ kind: "abort", id });
      signal.addEventListener("abort", onAbort, { once: true });
      tell({ kind: "run", id, request: crossing, limits });
      try {
        return await ended.promise;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
  };

  function tell(message: ToLauncher): void {
    const to = child;
    // A launcher that is gone, or that could not be started and has no channel, says so, which settles every run.
    if (to?.connected) to.send(message, () => undefined);
  }
}

const NOTHING = { stdout: "", stderr: "", answer: Buffer.alloc(0), isAnswerCut: false } as const;

function lost(): ProcessEnd {
  return {
    ...NOTHING,
    kind: "not-started",
    code: -1,
    error: "the launcher of processes ended while this ran; it is started again for the next run",
  };
}
