import { ClientError, errorOfFailure } from "./client-error.ts";
import { readServerSentEvents } from "./sse.ts";
import type { Query, Transport } from "./transport.ts";

export interface StreamEvent {
  /** `st2.execution__update`, `st2.execution.output__create`, ... */
  readonly event: string;
  /** The parsed JSON of the message; its text when it is none. */
  readonly data: unknown;
}

export interface StreamOptions {
  readonly signal?: AbortSignal;
  /**
   * Connects again after a break, with growing jittered pauses. What happened in between is not replayed: read the
   * state again in `onConnect`. Refusals (401, 403, 404, ...) end the stream in any case. Default false.
   */
  readonly reconnect?: boolean;
  /** Called each time the server has answered: from then on nothing is missed. */
  readonly onConnect?: () => void;
}

/** The server says something every 25 s; silence for longer than this is a dead connection. */
const SILENCE_MS = 70_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Events of one stream endpoint, as they come. Ends when the server ends it (reconnecting streams only when the query
 * has an `end_event`), and silently when `signal` aborts. Throws ClientError on refusals, and on breaks without `reconnect`.
 */
export async function* openStream(
  transport: Transport,
  path: string,
  query: Query,
  options: StreamOptions = {},
): AsyncGenerator<StreamEvent> {
  const endsByItself = query.end_event !== undefined;
  for (let attempt = 0; ; attempt += 1) {
    let broke: ClientError | undefined;
    try {
      for await (const event of connection(transport, path, query, options)) {
        attempt = 0;
        yield event;
      }
      if (endsByItself || !options.reconnect) return;
    } catch (thrown) {
      if (options.signal?.aborted) return;
      if (!(thrown instanceof ClientError)) throw thrown;
      broke = thrown;
    }
    if (broke && (!options.reconnect || !isPassing(broke))) throw broke;
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2), options.signal);
    if (options.signal?.aborted) return;
  }
}

async function* connection(
  transport: Transport,
  path: string,
  query: Query,
  options: StreamOptions,
): AsyncGenerator<StreamEvent> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => silence.abort(new ClientError("timed-out", { message: "the stream fell silent" })),
      SILENCE_MS,
    );
  };
  const signals = options.signal ? [options.signal, silence.signal] : [silence.signal];
  heard();
  try {
    const answer = await transport.open(path, {
      service: "stream",
      query,
      headers: { accept: "text/event-stream" },
      timeoutMs: 0,
      signal: AbortSignal.any(signals),
    });
    options.onConnect?.();
    if (!answer.body) return;
    for await (const { event, data } of readServerSentEvents(listened(answer.body, heard))) {
      yield { event, data: parsed(data) };
    }
  } catch (thrown) {
    if (options.signal?.aborted) return;
    if (silence.signal.aborted) throw silence.signal.reason;
    throw thrown instanceof ClientError ? thrown : errorOfFailure(transport.url, thrown);
  } finally {
    clearTimeout(timer);
  }
}

async function* listened(body: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    heard();
    yield chunk;
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data; // `event: EOF` carries `''`, which is no JSON
  }
}

function isPassing(error: ClientError): boolean {
  return error.kind === "unreachable" || error.kind === "timed-out" || error.kind === "server";
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done, { once: true });
  });
}
