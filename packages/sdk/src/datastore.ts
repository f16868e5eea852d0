export interface KeyOptions {
  /** Under a name of the action's own (`pack.action:name`), out of the others' way. Default: true. */
  readonly local?: boolean;
}

/** Squall's datastore, as the Python SDK gives it (StackStorm's action service). Only system keys. */
export interface Datastore {
  /** The value, or undefined if there is no such key. `decrypt` asks for the plain text of a secret one. */
  get(name: string, options?: KeyOptions & { readonly decrypt?: boolean }): Promise<string | undefined>;
  /** Writes the text; `ttl` is in seconds; `encrypt` stores it encrypted. */
  set(
    name: string,
    value: string,
    options?: KeyOptions & { readonly ttl?: number; readonly encrypt?: boolean },
  ): Promise<void>;
  /** Whether there was one. */
  delete(name: string, options?: KeyOptions): Promise<boolean>;
  /** Keys whose name starts with `prefix`, with their whole names. */
  list(prefix?: string, options?: KeyOptions & { readonly limit?: number }): Promise<{ name: string; value: string }[]>;
}

type Api = (path: string, init?: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 30_000;

/** Throws an Error with the server's own words when it refuses. */
export function createDatastore(api: Api, owner: string): Datastore {
  const nameOf = (name: string, options: KeyOptions | undefined) =>
    options?.local === false ? name : `${owner}:${name}`;
  const ask = async (method: string, path: string, body?: unknown): Promise<Response | undefined> => {
    const response = await api(path, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
    if (response.ok) return response;
    const text = await response.text();
    if (response.status === 404) return undefined;
    throw new Error(`${method} ${path} answered ${response.status}: ${faultOf(text)}`);
  };
  const pathOf = (name: string, query: Record<string, string> = {}) =>
    `/keys/${encodeURIComponent(name)}?${new URLSearchParams({ scope: "system", ...query }).toString()}`;

  return {
    async get(name, options) {
      const response = await ask("GET", pathOf(nameOf(name, options), options?.decrypt ? { decrypt: "true" } : {}));
      return response && ((await response.json()) as { value: string }).value;
    },
    async set(name, value, options) {
      const whole = nameOf(name, options);
      const body = { name: whole, value, scope: "system" };
      const response = await ask("PUT", pathOf(whole), {
        ...body,
        ...(options?.encrypt && { secret: true }),
        ...(options?.ttl !== undefined && { ttl: options.ttl }),
      });
      await response?.arrayBuffer();
    },
    async delete(name, options) {
      const response = await ask("DELETE", pathOf(nameOf(name, options)));
      await response?.arrayBuffer();
      return response !== undefined;
    },
    async list(prefix = "", options) {
      const query = new URLSearchParams({ scope: "system", prefix: nameOf(prefix, options) });
      if (options?.limit !== undefined) query.set("limit", String(options.limit));
      const response = await ask("GET", `/keys?${query.toString()}`);
      return response ? ((await response.json()) as { name: string; value: string }[]) : [];
    },
  };
}

function faultOf(text: string): string {
  try {
    return String((JSON.parse(text) as { faultstring?: unknown }).faultstring ?? text);
  } catch {
    return text.slice(0, 500);
  }
}
