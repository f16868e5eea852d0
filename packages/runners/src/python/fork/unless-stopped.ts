import { constants } from "node:os";
import { createCaptures, endOf, type ProcessEnd, type Supervision } from "@squall/processes";

/** Node's timers hold 31 bits of milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** What is awaited before a run can begin, or the run's end when its time is over or it is aborted before that. */
export async function unlessStopped<T>(
  wanted: Promise<T>,
  request: Supervision,
): Promise<{ readonly value: T } | { readonly end: ProcessEnd }> {
  const stopped = Promise.withResolvers<{ readonly end: ProcessEnd }>();
  const stop = (kind: "aborted" | "timeout", signal: number) =>
    stopped.resolve({ end: endOf(createCaptures(request), kind, -signal) });
  const onAbort = () => stop("aborted", constants.signals.SIGTERM);
  if (request.signal.aborted) onAbort();
  request.signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => stop("timeout", constants.signals.SIGKILL), Math.min(request.timeoutMs, LONGEST_MS));
  try {
    return await Promise.race([stopped.promise, wanted.then((value) => ({ value }))]);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
  }
}
