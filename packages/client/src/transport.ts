import { type Addresses, addressesOf } from "./addresses.ts";
import { ClientError, errorOfAnswer, errorOfFailure } from "./client-error.ts";

export interface ClientOptions {
  /** Where the server answers, with or without `/v1`; default `http://127.0.0.1:9101`. */
  readonly url?: string;
  readonly token?: string;
  readonly apiKey?: string;
  /** Instead of the global one. */
  readonly fetch?: typeof fetch;
  /** Ends every call of this client. */
  readonly signal?: AbortSignal;
  /** How long an answer may take; default 30,000. Streams are not bounded by it. */
  readonly timeoutMs?: number;
}

/** Values of a query; `undefined` is left out, a list is joined with commas. */
export type Query = { readonly [name: string]: string | number | boolean | readonly string[] | undefined };

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly service?: "api" | "auth" | "stream";
  readonly query?: Query;
  /** Sent as JSON; `raw` is sent as it is. */
  readonly body?: unknown;
  readonly raw?: { readonly body: string | Uint8Array | ReadableStream<Uint8Array>; readonly type: string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** 0: unbounded */
  readonly timeoutMs?: number;
}

export interface Transport {
  readonly url: string;
  /** Resolves with an answer below 400, its body unread. Throws ClientError; an abort throws the signal's reason. */
  open(path: string, call?: Call): Promise<Response>;
  /** The parsed JSON and the headers; `undefined` for an empty body. */
  json(path: string, call?: Call): Promise<{ readonly value: unknown; readonly headers: Headers }>;
  text(path: string, call?: Call): Promise<string>;
}

export const DEFAULT_URL = "http://127.0.0.1:9101";
const DEFAULT_TIMEOUT_MS = 30_000;

/** Throws ClientError `client.invalid` when `url` is none. */
export function createTransport(options: ClientOptions): Transport {
  const found = addressesOf(options.url ?? DEFAULT_URL);
  if (!found) {
    throw new ClientError("invalid", {
      message: `'${options.url}' is not the address of a server`,
      hint: `give one such as ${DEFAULT_URL}`,
    });
  }
  const addresses: Addresses = found;
  const send = options.fetch ?? fetch;
  const credentials = credentialHeaders(options);

  async function open(path: string, call: Call = {}): Promise<Response> {
    const url = urlOf(addresses, path, call);
    const timeoutMs = call.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const outer = [options.signal, call.signal].filter((signal) => signal !== undefined);
    const timeout = timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined;
    const body = call.raw?.body ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const type = call.raw?.type ?? (body === undefined ? undefined : "application/json");
    let answer: Response;
    try {
      answer = await send(url, {
        method: call.method ?? "GET",
        headers: {
          accept: "application/json",
          ...credentials,
          ...(type === undefined ? {} : { "content-type": type }),
          ...call.headers,
        },
        // The cast: fetch takes every Uint8Array, its type only those that are not over shared memory.
        ...(body === undefined ? {} : { body: body as string }),
        // A stream's answer is waited for until all of it is sent; fetch wants that said.
        ...(body instanceof ReadableStream ? { duplex: "half" as const } : {}),
        // Followed, a redirect would carry the credentials to whatever host it names.
        redirect: "manual",
        signal: AbortSignal.any(timeout ? [...outer, timeout] : outer),
      });
    } catch (thrown) {
      throw translate(thrown, outer, timeoutMs);
    }
    if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
      await answer.body?.cancel();
      throw new ClientError("protocol", {
        message: `${url.origin} redirects to ${answer.headers.get("location") ?? "nowhere"}`,
        status: answer.status,
        hint: "give the address it redirects to with --url",
      });
    }
    if (answer.status < 400) return answer;
    const text = await answer.text().catch(() => "");
    throw errorOfAnswer(url.href.split("?")[0] ?? url.href, answer.status, text, Object.keys(credentials).length > 0);
  }

  /** Reading a body can break or time out as sending can. */
  async function read(
    path: string,
    call: Call | undefined,
  ): Promise<{ text: string; headers: Headers; status: number }> {
    const answer = await open(path, call);
    try {
      return { text: await answer.text(), headers: answer.headers, status: answer.status };
    } catch (thrown) {
      const outer = [options.signal, call?.signal].filter((signal) => signal !== undefined);
      throw translate(thrown, outer, call?.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    }
  }

  function translate(thrown: unknown, outer: readonly AbortSignal[], timeoutMs: number): unknown {
    const aborted = outer.find((signal) => signal.aborted);
    if (aborted) return aborted.reason;
    if (thrown instanceof Error && thrown.name === "TimeoutError") {
      return new ClientError("timed-out", {
        message: `${addresses.base} did not answer within ${timeoutMs / 1000} s`,
        hint: "try again, or see the server's log",
        cause: thrown,
      });
    }
    return errorOfFailure(addresses.base, thrown);
  }

  return {
    url: addresses.base,
    open,
    text: async (path, call) => (await read(path, call)).text,
    async json(path, call) {
      const { text, headers, status } = await read(path, call);
      if (text === "") return { value: undefined, headers };
      try {
        return { value: JSON.parse(text) as unknown, headers };
      } catch (cause) {
        throw new ClientError("protocol", {
          message: `${addresses.base} does not answer as Squall does: no JSON came for ${path}`,
          status,
          hint: "check that the address (--url or SQUALL_URL) is that of Squall's API",
          cause,
        });
      }
    },
  };
}

function credentialHeaders(options: ClientOptions): Record<string, string> {
  if (options.token) return { "x-auth-token": options.token };
  if (options.apiKey) return { "st2-api-key": options.apiKey };
  return {};
}

function urlOf(addresses: Addresses, path: string, call: Call): URL {
  const url = new URL(addresses[call.service ?? "api"] + path);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, Array.isArray(value) ? value.join(",") : String(value));
  }
  return url;
}
