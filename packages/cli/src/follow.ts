import { type ApiExecution, type Client, ClientError } from "@squall/client";
import type { CompletedStatus, ExecutionStatus, OutputType } from "@squall/model";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Follows an execution to its end and hands on what it prints.
 *
 * F1: every character is handed on once and in order. The server always tells an output from its beginning, so it is
 *     enough to count per type what was handed on, and to skip that much of whatever is told again.
 * F2: nothing is lost. When the stream breaks it is opened again, and if that keeps failing the output is polled; when
 *     the execution has ended without the stream having said so, what is missing is read once more.
 */
export interface Following {
  readonly onOutput?: (type: OutputType, text: string) => void;
  /** Each time its state was looked at. */
  readonly onState?: (execution: Pick<ApiExecution, "id" | "status">) => void;
  /** The server is away, or back. */
  readonly onNote?: (text: string) => void;
  /** Ends the following, not the execution. */
  readonly signal?: AbortSignal;
}

const OUTPUT_TYPES = ["stdout", "stderr", "output"] as const satisfies readonly OutputType[];
const POLL_MS = 1000;
const FIRST_POLL_MS = 20;
/** How long a server may be away (restart, upgrade) before following is given up. */
const AWAY_MS = 120_000;
const STREAM_FAILURES = 3;

const completed: Record<CompletedStatus, true> = {
  succeeded: true,
  failed: true,
  timeout: true,
  abandoned: true,
  canceled: true,
};

export function isCompleted(status: string): status is CompletedStatus {
  return Object.hasOwn(completed, status);
}

/** Goes no further by itself: completed, or waiting for a person. */
export function isResting(status: ExecutionStatus): boolean {
  return isCompleted(status) || status === "paused" || status === "pending";
}

/** Resolves with the whole execution once it rests, or with undefined when `signal` aborts. */
export async function follow(client: Client, id: string, following: Following): Promise<ApiExecution | undefined> {
  const stop = new AbortController();
  const signal = following.signal ? AbortSignal.any([following.signal, stop.signal]) : stop.signal;
  const printed = createPrinted(following.onOutput ?? ((): void => undefined));
  let allTold = false;
  const telling = following.onOutput
    ? tellOutput(client, id, printed, signal).then((all) => void (allTold = all))
    : new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  // Awaited below; until then a failure must not count as unhandled.
  telling.catch(() => undefined);

  try {
    for (let looks = 0; ; looks += 1) {
      // After the stream's end the state is at most moments away, and without a stream most runs are short.
      const isSoon = allTold || !following.onOutput;
      const pause = isSoon ? Math.min(FIRST_POLL_MS * 2 ** looks, POLL_MS) : POLL_MS;
      await Promise.race([sleep(pause, undefined, { signal }).catch(() => undefined), ...(allTold ? [] : [telling])]);
      if (signal.aborted) return undefined;
      const state = await patiently(() => client.executions.get(id), following, signal);
      if (!state) return undefined;
      following.onState?.(state);
      if (!isResting(state.status)) continue;
      stop.abort();
      await telling;
      if (!allTold && following.onOutput) await catchUp(client, id, printed, following.signal); // F2
      return state;
    }
  } finally {
    stop.abort();
  }
}

interface Printed {
  /** Text of one type that begins `at` characters after the type's beginning. */
  hand(type: OutputType, at: number, text: string): void;
}

function createPrinted(onOutput: (type: OutputType, text: string) => void): Printed {
  const counts = new Map<OutputType, number>();
  return {
    hand(type, at, text) {
      const known = counts.get(type) ?? 0;
      const fresh = text.slice(Math.max(0, known - at)); // F1
      if (fresh === "") return;
      counts.set(type, at + text.length);
      onOutput(type, fresh);
    },
  };
}

/** True when the server said that this was all; false when it was stopped before. */
async function tellOutput(client: Client, id: string, printed: Printed, signal: AbortSignal): Promise<boolean> {
  for (let failures = 0; failures < STREAM_FAILURES && !signal.aborted; ) {
    const at = new Map<OutputType, number>();
    try {
      for await (const { output_type: type, data } of client.executions.outputEvents(id, signal)) {
        const begin = at.get(type) ?? 0;
        printed.hand(type, begin, data);
        at.set(type, begin + data.length);
        failures = 0;
      }
      if (!signal.aborted) return true;
    } catch (thrown) {
      if (signal.aborted) return false;
      if (!(thrown instanceof ClientError)) throw thrown;
      if (!isPassing(thrown)) break; // a server (or proxy) without the stream refuses it every time
      failures += 1;
      await sleep(200 * 2 ** failures, undefined, { signal }).catch(() => undefined);
    }
  }
  while (!signal.aborted) {
    // An unreachable server is the state loop's to report.
    await catchUp(client, id, printed, signal).catch((thrown: unknown) => {
      if (!signal.aborted && !(thrown instanceof ClientError)) throw thrown;
    });
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

async function catchUp(client: Client, id: string, printed: Printed, signal: AbortSignal | undefined): Promise<void> {
  for (const type of OUTPUT_TYPES) printed.hand(type, 0, await client.executions.output(id, type, signal));
}

/** Tries again while the server is away. Undefined when `signal` aborts. */
async function patiently<T>(
  attempt: () => Promise<T>,
  following: Following,
  signal: AbortSignal,
): Promise<T | undefined> {
  const since = Date.now();
  for (let away = false; ; ) {
    try {
      const value = await attempt();
      if (away) following.onNote?.("the server is back");
      return value;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      if (!(thrown instanceof ClientError) || !isPassing(thrown) || Date.now() - since > AWAY_MS) throw thrown;
      if (!away) following.onNote?.(`${thrown.message}; waiting for it to come back`);
      away = true;
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function isPassing(error: ClientError): boolean {
  return error.kind === "unreachable" || error.kind === "timed-out" || error.kind === "server";
}
