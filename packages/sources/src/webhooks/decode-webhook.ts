import { isObject, type JsonObject } from "@squall/model";
import { invalid, parseJsonBody } from "./parse-json.ts";

/** Headers as Node's HTTP server gives them; names in any case. */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface WebhookRequest {
  readonly headers: WebhookHeaders;
  /** The Content-Type header; JSON when absent. */
  readonly contentType?: string;
  /** The whole body. The caller bounds its size. */
  readonly bytes: Uint8Array;
}

export interface DecodedWebhook {
  readonly payload: {
    readonly headers: Readonly<Record<string, string>>;
    readonly headers_lower: Readonly<Record<string, string>>;
    readonly body: JsonObject | readonly unknown[];
  };
  /** What the caller sent as St2-Trace-Tag. */
  readonly traceTag?: string;
}

/** Forms are written by people and by programs that imitate them; more belongs into JSON. */
const MAX_FIELDS = 10_000;
/** Never part of a payload: who calls proves with them who it is. */
const CREDENTIALS = new Set(["st2-api-key", "x-auth-token", "cookie", "authorization"]);
const TRACE_TAG = "st2-trace-tag";

/**
 * Turns a webhook's request into the payload of its event: headers under the names that WSGI gives them (`X-GitHub-Event`
 * is `X-Github-Event`, so StackStorm's rules name it like that) and under lower-case ones, and the body: JSON as it is,
 * forms as a map of lists. Throws Invalid (400) with StackStorm's words.
 */
export async function decodeWebhook(request: WebhookRequest): Promise<DecodedWebhook> {
  const headers: [string, string][] = [];
  let traceTag: string | undefined;
  for (const [name, values] of Object.entries(request.headers)) {
    const lower = name.toLowerCase();
    const value = typeof values === "string" ? values : values?.join(", ");
    if (value === undefined) continue;
    if (lower === TRACE_TAG) traceTag = value;
    else if (!CREDENTIALS.has(lower)) headers.push([lower, value]);
  }
  return {
    payload: {
      headers: Object.fromEntries(headers.map(([name, value]) => [titleCase(name), value])),
      headers_lower: Object.fromEntries(headers),
      body: await decodeBody(request),
    },
    ...(traceTag ? { traceTag } : {}),
  };
}

/** Python's str.title(), which makes WSGI's header names: a letter after anything but a letter is a capital. */
function titleCase(name: string): string {
  return name.toLowerCase().replace(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase());
}

async function decodeBody(request: WebhookRequest): Promise<JsonObject | readonly unknown[]> {
  const { bytes, contentType = "application/json" } = request;
  if (bytes.length === 0) return {};
  const type = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
  switch (type) {
    case "application/json": {
      const value = parseJsonBody(utf8(bytes));
      if (isObject(value) || Array.isArray(value)) return value;
      throw invalid("the JSON must be an object or an array");
    }
    case "application/x-www-form-urlencoded":
      return lists(formFields(utf8(bytes)));
    case "multipart/form-data":
      return lists(await multipart(bytes, contentType));
    default:
      throw invalid(
        `Unsupported Content-Type: "${type.slice(0, 100)}". Send application/json, application/x-www-form-urlencoded or multipart/form-data.`,
      );
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid(`it is not UTF-8: byte ${firstBadByte(bytes)} begins no character`);
  }
}

/** Counted first, since Node takes many seconds over a million fields, in which nothing else happens. */
function formFields(text: string): URLSearchParams {
  let fields = 1;
  for (let at = text.indexOf("&"); at >= 0; at = text.indexOf("&", at + 1)) fields++;
  if (fields > MAX_FIELDS) throw invalid(`the form has ${fields} fields, and ${MAX_FIELDS} are the most`);
  return new URLSearchParams(text);
}

/** A decoder that may expect more accepts every prefix that ends before the bad byte. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return bad - 1;
}

async function multipart(bytes: Uint8Array, contentType: string): Promise<[string, unknown][]> {
  let form: FormData;
  try {
    // The copy: Response does not take views on shared memory. Its parser holds the whole form in memory, which is why
    // it is called unfit for servers; these bytes are bounded and in memory already.
    // oxlint-disable-next-line typescript/no-deprecated
    form = await new Response(new Uint8Array(bytes), { headers: { "content-type": contentType } }).formData();
  } catch {
    throw invalid("it is not the multipart/form-data that its Content-Type says");
  }
  return Promise.all(
    [...form].map(async ([name, value]): Promise<[string, unknown]> => {
      if (typeof value === "string") return [name, value];
      const content = Buffer.from(await value.arrayBuffer());
      return [name, { filename: value.name, content_type: value.type, size: value.size, ...asText(content) }];
    }),
  );
}

function asText(content: Buffer): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(content) };
  } catch {
    return { base64: content.toString("base64") };
  }
}

function lists(fields: Iterable<readonly [string, unknown]>): JsonObject {
  const found = new Map<string, unknown[]>();
  for (const [name, value] of fields) {
    const values = found.get(name);
    if (values) values.push(value);
    else found.set(name, [value]);
  }
  return Object.fromEntries(found);
}
