import { Conflict, type JsonObject, TooMany, Unavailable } from "@squall/model";
import type { Answer, RequestOptions } from "./port.ts";

/** The addresses that this process serves, whoever asks. */
export interface Answering {
  serve(address: string, answer: Answer, atOnce: number): () => void;
  serves(address: string): boolean;
  /** Starts in a later microtask than it was called in. @throws TooMany `bus.busy`, Unavailable `bus.no-answer`, or what the answerer threw */
  answer(address: string, question: JsonObject, signal: AbortSignal): Promise<JsonObject>;
  readonly underWay: number;
  /** Aborts what is being answered and serves nothing any more. */
  close(): void;
}

interface Served {
  readonly answer: Answer;
  readonly atOnce: number;
  underWay: number;
}

export function createAnswering(): Answering {
  const addresses = new Map<string, Served>();
  const closing = new AbortController();
  let underWay = 0;

  return {
    serve(address, answer, atOnce) {
      if (addresses.has(address))
        throw new Conflict("bus.address", {
          message: `'${address}' is served by this process already; an address has one server`,
        });
      const served: Served = { answer, atOnce, underWay: 0 };
      if (!closing.signal.aborted) addresses.set(address, served);
      return () => {
        if (addresses.get(address) === served) addresses.delete(address);
      };
    },
    serves: (address) => addresses.has(address),
    async answer(address, question, signal) {
      const served = addresses.get(address);
      if (!served) throw nobody(address);
      if (served.underWay >= served.atOnce)
        throw new TooMany("bus.busy", {
          message: `'${address}' answers ${served.underWay} questions, as many as it does at once; ask again later`,
        });
      served.underWay++;
      underWay++;
      try {
        // So that nobody is entered while it asks.
        await Promise.resolve();
        return await served.answer(question, AbortSignal.any([signal, closing.signal]));
      } finally {
        served.underWay--;
        underWay--;
      }
    },
    get underWay() {
      return underWay;
    },
    close() {
      addresses.clear();
      closing.abort(closed());
    },
  };
}

export function nobody(address: string): Unavailable {
  return new Unavailable("bus.no-answer", { message: `nobody answers at '${address}'; try again later` });
}

export function closed(): Unavailable {
  return new Unavailable("bus.closed", { message: "the bus is closed, because the process stops; ask another one" });
}

/** setTimeout takes what is more for nothing. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * The asker's side of a question: ends it when its time is over, when its asker lost interest or when the bus closes,
 * and tells `ask` so with the signal.
 */
export async function askWithin(
  address: string,
  { timeoutMs, signal }: RequestOptions,
  closing: AbortSignal,
  ask: (signal: AbortSignal) => Promise<JsonObject>,
): Promise<JsonObject> {
  signal?.throwIfAborted();
  closing.throwIfAborted();
  const over = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    reject(reason);
    over.abort(reason);
  };
  const timer = setTimeout(
    () =>
      end(
        new Unavailable("bus.no-answer", {
          message: `'${address}' did not answer within ${timeoutMs} ms; try again later`,
        }),
      ),
    Math.min(Math.max(timeoutMs, 0), LONGEST_MS),
  );
  const aborted = () => end(signal?.reason);
  const closes = () => end(closing.reason);
  signal?.addEventListener("abort", aborted, { once: true });
  closing.addEventListener("abort", closes, { once: true });
  try {
    return await Promise.race([ask(over.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
    closing.removeEventListener("abort", closes);
  }
}
