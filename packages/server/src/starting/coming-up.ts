import { setTimeout as pause } from "node:timers/promises";
import { SquallError } from "@squall/model";

/** What passes without anybody correcting this process's configuration. */
const HEALS: ReadonlySet<string> = new Set([
  "store.unreachable", // down, or starting up
  "store.connections",
  "store.not-writable", // a failover is under way
  "store.disk-full",
  "store.slow",
]);

const FIRST_MS = 1_000;
const LONGEST_MS = 15_000;

export interface ComingUp {
  readonly signal: AbortSignal;
  /** Told of every failure that is waited out. */
  onTrouble(trouble: SquallError): void;
}

/** Whether waiting may be enough; what is wrong with a configuration stays wrong. */
export function healsByItself(error: unknown): error is SquallError {
  return error instanceof SquallError && HEALS.has(error.code);
}

/**
 * Attempts until it succeeds, with growing pauses of 1 s to 15 s, each shortened by chance so that processes that fell
 * together do not come back together. Throws what does not heal by itself, and the reason of `signal` when that is aborted.
 */
export async function comeUp<T>(attempt: () => Promise<T>, { signal, onTrouble }: ComingUp): Promise<T> {
  for (let ms = FIRST_MS; ; ms = Math.min(2 * ms, LONGEST_MS)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!healsByItself(error)) throw error;
      onTrouble(error);
    }
    await pause(ms * (0.75 + Math.random() / 4), undefined, { signal });
  }
}
