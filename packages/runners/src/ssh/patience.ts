import { setTimeout as delay } from "node:timers/promises";
import { SshFailure } from "./failure.ts";

/** The promise, or a throw when it takes longer. Whatever it comes to after that is nobody's. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = delay(ms, undefined, { signal: done.signal }).then(() => {
    throw new SshFailure("runner.ssh.timeout", { message: `the host did not answer within ${ms} ms` });
  });
  promise.catch(() => {});
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort();
  }
}

/** The promise, or a throw when it has not ended `ms` after the signal was aborted. */
export async function withinAfter<T>(signal: AbortSignal, ms: number, promise: Promise<T>): Promise<T> {
  const stopped = Promise.withResolvers<void>();
  const stop = () => stopped.resolve();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), stopped.promise]);
    return first === undefined ? await within(ms, promise) : first.value;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
