import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isObject, type JsonObject, messageOf, Unavailable } from "@squall/model";

/** StackStorm Exchange's. */
export const EXCHANGE_INDEX = "https://index.stackstorm.org/v1/index.json";

export interface PackIndexSettings {
  /** Addresses of indexes (http, https, file). A pack that several have is taken from the first of them. */
  readonly urls: readonly string[];
  /** A folder for copies, so that a search needs no network most of the time. */
  readonly cache: string;
  /** How old a copy may be before the index is asked again; default one hour. */
  readonly maxAgeMs?: number;
  readonly fetch?: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** How one index is; StackStorm's object, and `fetched`. */
export interface IndexStatus {
  /** Without a password. */
  readonly url: string;
  readonly packs: number;
  readonly message: string;
  readonly error: "malformed" | "unresponsive" | "empty" | "other errors" | null;
  /** When what is shown was fetched, ISO 8601; null when nothing ever was. */
  readonly fetched: string | null;
}

export interface IndexContent {
  /** By ref. */
  readonly index: Readonly<Record<string, JsonObject>>;
  readonly status: readonly IndexStatus[];
}

export interface PackIndex {
  /** `refresh` asks every index, however young its copy is. Never throws for an index that does not answer: `status` says so. */
  read(options?: { readonly refresh?: boolean }): Promise<IndexContent>;
  /** The pack of this name. Throws Unavailable when no index could be read at all. */
  find(name: string): Promise<JsonObject | undefined>;
  /** Packs with the text somewhere in them: in the name first, then in keywords, then elsewhere. Throws as `find` does. */
  search(query: string): Promise<JsonObject[]>;
}

interface Copy {
  readonly fetched: number;
  readonly etag?: string;
  readonly packs: Readonly<Record<string, JsonObject>>;
}

const HOUR_MS = 3_600_000;
/** An index answers in a second; who waits for a search does not wait longer than this. */
const ANSWER_MS = 20_000;
/** The Exchange's index has 2 MB. */
const MAX_INDEX_BYTES = 32 * 1024 * 1024;
/** StackStorm searches everything but these, and shows matches in these first. */
const NOT_SEARCHED = new Set(["repo_url", "email"]);
const FIRST = ["name", "keywords"];

/** The indexes of packs that an installation knows, with copies on disk. */
export function createPackIndex(settings: PackIndexSettings): PackIndex {
  const { urls, cache, maxAgeMs = HOUR_MS, fetch: send = fetch, now = Date.now } = settings;
  const underWay = new Map<string, Promise<{ copy?: Copy; status: IndexStatus }>>();

  const one = async (url: string, refresh: boolean): Promise<{ copy?: Copy; status: IndexStatus }> => {
    const old = await readCopy(cache, url);
    if (old && !refresh && now() - old.fetched < maxAgeMs) return { copy: old, status: good(url, old) };
    try {
      const fresh = await fetchIndex(send, url, old, now());
      if (Object.keys(fresh.packs).length === 0) throw new IndexFailure("empty", "The index has no packs.");
      await writeCopy(cache, url, fresh);
      return { copy: fresh, status: good(url, fresh) };
    } catch (thrown) {
      const error = thrown instanceof IndexFailure ? thrown.error : "other errors";
      const reason = withoutPassword(messageOf(thrown));
      const since = old ? ` What is shown was fetched ${new Date(old.fetched).toISOString()}.` : "";
      const status = {
        url: withoutPassword(url),
        packs: old ? Object.keys(old.packs).length : 0,
        message: reason + since,
        error,
        fetched: old ? new Date(old.fetched).toISOString() : null,
      } as const;
      return old ? { copy: old, status } : { status };
    }
  };
  /** One request per index at a time, however many ask. */
  const shared = (url: string, refresh: boolean) => {
    const running = underWay.get(url);
    if (running) return running;
    const started = one(url, refresh).finally(() => underWay.delete(url));
    underWay.set(url, started);
    return started;
  };
  const read: PackIndex["read"] = async ({ refresh = false } = {}) => {
    const all = await Promise.all(urls.map((url) => shared(url, refresh)));
    // No prototype: a pack may be called `constructor`.
    const index: Record<string, JsonObject> = Object.create(null) as Record<string, JsonObject>;
    for (const { copy } of all) {
      for (const [ref, pack] of Object.entries(copy?.packs ?? {})) index[ref] ??= pack;
    }
    return { index, status: all.map(({ status }) => status) };
  };
  const readable = async (): Promise<Readonly<Record<string, JsonObject>>> => {
    const { index, status } = await read();
    if (urls.length === 0 || status.some(({ fetched }) => fetched !== null)) return index;
    throw new Unavailable("pack.index.unavailable", {
      message:
        `No index of packs can be read: ${status.map(({ url, message }) => `${url}: ${message}`).join("; ")} ` +
        "Packs can still be installed by the URL of their repository, or from a folder.",
    });
  };
  return {
    read,
    async find(name) {
      const index = await readable();
      return index[name] ?? Object.values(index).find((pack) => pack.name === name);
    },
    async search(query) {
      const wanted = query.toLowerCase();
      const ranked: JsonObject[][] = [[], [], []];
      for (const pack of Object.values(await readable())) {
        const ranks = Object.entries(pack)
          .filter(([key, value]) => !NOT_SEARCHED.has(key) && textOf(value).toLowerCase().includes(wanted))
          .map(([key]) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length));
        if (ranks.length > 0) ranked[Math.min(...ranks)]?.push(pack);
      }
      return ranked.flat();
    },
  };
}

class IndexFailure extends Error {
  readonly error: NonNullable<IndexStatus["error"]>;
  constructor(error: NonNullable<IndexStatus["error"]>, message: string) {
    super(message);
    this.error = error;
  }
}

/** An address for people to read: whoever put a password into it did not mean everybody to see it. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^/@\s]+@/g, "$1***@");
}

function good(url: string, copy: Copy): IndexStatus {
  return {
    url: withoutPassword(url),
    packs: Object.keys(copy.packs).length,
    message: "Success.",
    error: null,
    fetched: new Date(copy.fetched).toISOString(),
  };
}

async function fetchIndex(send: typeof fetch, url: string, old: Copy | undefined, fetched: number): Promise<Copy> {
  if (url.startsWith("file:")) {
    const text = await readFile(fileURLToPath(url), "utf8").catch((thrown: unknown) => {
      throw new IndexFailure("unresponsive", messageOf(thrown));
    });
    return { fetched, packs: packsOf(text) };
  }
  const address = new URL(url);
  const { username, password } = address;
  address.username = address.password = "";
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  let answer: Response;
  let text: string;
  try {
    answer = await send(address, {
      headers: {
        accept: "application/json",
        ...(username === "" ? {} : { authorization: `Basic ${login}` }),
        ...(old?.etag === undefined ? {} : { "if-none-match": old.etag }),
      },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (answer.status === 304 && old) {
      await answer.body?.cancel();
      return { ...old, fetched };
    }
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new IndexFailure("unresponsive", `It answers ${answer.status} ${answer.statusText}.`);
    }
    text = await bounded(answer);
  } catch (thrown) {
    if (thrown instanceof IndexFailure) throw thrown;
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? `: ${thrown.cause.message}` : "";
    throw new IndexFailure("unresponsive", `It does not answer (${messageOf(thrown)}${cause}).`);
  }
  const etag = answer.headers.get("etag");
  return { fetched, ...(etag === null ? {} : { etag }), packs: packsOf(text) };
}

async function bounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_INDEX_BYTES) throw new IndexFailure("malformed", `It is larger than ${MAX_INDEX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** `{"packs": {"<ref>": {...}}}`; entries that are no objects are left out. */
function packsOf(text: string): Record<string, JsonObject> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new IndexFailure("malformed", `It is no JSON (${messageOf(thrown).slice(0, 200)}).`);
  }
  if (!isObject(value) || !isObject(value.packs)) throw new IndexFailure("malformed", 'It has no object "packs".');
  const packs = Object.entries(value.packs).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
  return Object.fromEntries(packs.map(([ref, pack]) => [ref, { ref, ...pack }]));
}

function copyFile(cache: string, url: string): string {
  return join(cache, `${createHash("sha256").update(url).digest("hex").slice(0, 32)}.json`);
}

async function readCopy(cache: string, url: string): Promise<Copy | undefined> {
  try {
    const copy: unknown = JSON.parse(await readFile(copyFile(cache, url), "utf8"));
    // The cast: only `writeCopy` writes there.
    if (isObject(copy) && typeof copy.fetched === "number" && isObject(copy.packs)) return copy as unknown as Copy;
  } catch {
    // None yet, or half a one of a machine that lost power: it is only a copy.
  }
  return undefined;
}

async function writeCopy(cache: string, url: string, copy: Copy): Promise<void> {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const path = copyFile(cache, url);
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, JSON.stringify(copy), { mode: 0o600 });
  await rename(draft, path);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value)
    ? value.map(textOf).join("\n")
    : value === null || typeof value !== "object"
      ? String(value)
      : "";
}
