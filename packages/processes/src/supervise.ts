import { constants } from "node:os";
import { type Capture, createCapture } from "./capture.ts";
import { watchCrowd } from "./crowd.ts";
import { type Elevation, killTree } from "./kill-tree.ts";
import type { ProcessTable } from "./members.ts";

/*
 * One process of an execution from its start to its end, however it was started. What holds:
 * P3: on timeout and abort every process of the run is gone before the promise settles.
 * P4: the promise settles within `drainMs` of the process's exit, even if somebody else still holds its pipes.
 * P5: at most `outputBytes` of each stream are kept, however much comes.
 * P6: a run that has more than `mostProcesses` is ended within a second or so.
 */

/** What is wanted of a process, whoever starts it. */
export interface Supervision {
  /** Identifies the run's processes; unique per execution. */
  readonly mark: string;
  readonly timeoutMs: number;
  readonly outputBytes: number;
  /** How to signal a process that runs as another user. */
  readonly elevate?: Elevation | undefined;
  readonly signal: AbortSignal;
  onOutput(type: "stdout" | "stderr", text: string): void;
}

export interface ProcessLimits {
  /** Between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceMs: number;
  /** How long output is still awaited after the process ended, in milliseconds. */
  readonly drainMs: number;
  /** How many processes a run may have at once; absent means any number. */
  readonly mostProcesses?: number | undefined;
  readonly table: ProcessTable;
}

/** A process that runs, as its starter knows it. */
export interface Supervised {
  /** Also its group's and session's. */
  readonly pid: number;
  /** The exit status as Python counts; rejects when the process could not be started. */
  readonly exited: Promise<number>;
  /** All of its output has come. */
  readonly closed: Promise<void>;
  /** Stops listening to its output. */
  release(): void;
}

export interface Captures {
  readonly stdout: Capture;
  readonly stderr: Capture;
  readonly answer: Capture;
}

export interface ProcessEnd {
  readonly kind: "exited" | "timeout" | "aborted" | "not-started";
  /** As Python counts: the exit status, or minus the number of the signal that ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What came apart from what it printed. */
  readonly answer: Buffer;
  readonly isAnswerCut: boolean;
  /** Why it did not start, what could not be ended, or, of one that exited, why it was made to. */
  readonly error?: string;
}

// Node's timers hold 31 bits of milliseconds.
const LONGEST_MS = 2 ** 31 - 1;

export function createCaptures(request: Pick<Supervision, "outputBytes" | "onOutput">): Captures {
  return {
    stdout: createCapture(request.outputBytes, "stdout", (text) => request.onOutput("stdout", text)),
    stderr: createCapture(request.outputBytes, "stderr", (text) => request.onOutput("stderr", text)),
    answer: createCapture(request.outputBytes, "the answer"),
  };
}

export function endOf(captures: Captures, kind: ProcessEnd["kind"], code: number, error?: string): ProcessEnd {
  return {
    kind,
    code,
    stdout: captures.stdout.text(),
    stderr: captures.stderr.text(),
    answer: captures.answer.bytes(),
    isAnswerCut: captures.answer.isCut,
    ...(error === undefined ? {} : { error }),
  };
}

/** Waits for the process's end or brings it about. Rejects only as `exited` does, with the output let go. */
export async function supervise(
  running: Supervised,
  captures: Captures,
  request: Supervision,
  limits: ProcessLimits,
): Promise<ProcessEnd> {
  const startedAt = performance.now();
  const stopped = Promise.withResolvers<"timeout" | "aborted" | "crowded">();
  const onAbort = () => stopped.resolve("aborted");
  request.signal.addEventListener("abort", onAbort, { once: true });
  if (request.signal.aborted) onAbort();
  const timer = setTimeout(() => stopped.resolve("timeout"), Math.min(request.timeoutMs, LONGEST_MS));
  const tree = { pid: running.pid, mark: request.mark, startedAt, table: limits.table };
  const most = limits.mostProcesses;
  const unwatch = most === undefined ? undefined : watchCrowd(tree, most, () => stopped.resolve("crowded")); // P6
  try {
    const first = await Promise.race([running.exited, stopped.promise]);
    if (typeof first === "string") {
      // Patience with a crowd gives it time to grow.
      const graceMs = first === "crowded" ? 0 : limits.graceMs;
      const left = await killTree({ ...tree, graceMs, elevate: request.elevate }); // P3
      if (left.length > 0) {
        const error = `processes ${left.join(", ")} of it could not be ended`;
        return endOf(captures, kindOf(first), -constants.signals.SIGKILL, error);
      }
    }
    const code = await running.exited;
    await Promise.race([running.closed, expiry(limits.drainMs, running.closed)]); // P4
    running.release();
    captures.stdout.end();
    captures.stderr.end();
    if (typeof first !== "string") return endOf(captures, "exited", code);
    const tooMany = `it had more than ${most} processes at once and was ended`;
    return endOf(captures, kindOf(first), code, first === "crowded" ? tooMany : undefined);
  } finally {
    running.release();
    clearTimeout(timer);
    unwatch?.();
    request.signal.removeEventListener("abort", onAbort);
  }
}

/** A run that was ended for its crowd of processes failed by itself. */
function kindOf(stopped: "timeout" | "aborted" | "crowded"): ProcessEnd["kind"] {
  return stopped === "crowded" ? "exited" : stopped;
}

async function expiry(ms: number, unless: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, unless]);
  clearTimeout(timer);
}
