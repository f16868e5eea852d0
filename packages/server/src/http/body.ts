import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { compileSchema, Invalid, isObject, messageOf, TooLarge, type JsonObject, type Validate } from "@squall/model";
import type { TSchema } from "typebox";
import { didYouMean } from "./did-you-mean.ts";

const EMPTY = Buffer.alloc(0);
/** Deeper JSON than this would overflow the stack of whoever walks it; nobody writes it by hand. */
const MAX_DEPTH = 200;

/** Reads the whole body; refuses it as soon as it is known to be over the limit, without reading on. */
export function readBody(incoming: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const declared = incoming.headers["content-length"];
  if (declared === undefined && incoming.headers["transfer-encoding"] === undefined) return Promise.resolve(EMPTY);
  if (declared !== undefined && Number(declared) > limitBytes) return Promise.reject(tooLarge(limitBytes));
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        incoming.pause();
        incoming.removeAllListeners("data");
        reject(tooLarge(limitBytes));
      } else if (first === undefined) first = chunk;
      else if (more === undefined) more = [first, chunk];
      else more.push(chunk);
    });
    incoming.on("end", () => resolve(more ? Buffer.concat(more, size) : (first ?? EMPTY)));
    incoming.on("error", reject);
    incoming.on("close", () => {
      if (!incoming.complete) reject(unparsable("the connection was closed before the body was complete"));
    });
  });
}

/**
 * Streams the body to a new file and resolves with its size. Refuses it as soon as it is known to be over the limit,
 * without reading on. The file is the caller's to remove, in every case.
 */
export async function saveBody(incoming: IncomingMessage, path: string, limitBytes: number): Promise<number> {
  const declared = incoming.headers["content-length"];
  const large = () =>
    new TooLarge("http.body.too-large", {
      message: `The request body is larger than ${limitBytes} bytes, which is the limit.`,
    });
  if (declared !== undefined && Number(declared) > limitBytes) throw large();
  await using file = await open(path, "wx", 0o600);
  let size = 0;
  try {
    // Not destroyed on the way out: the answer goes over the same connection.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) throw large();
      await file.writeFile(chunk);
    }
  } catch (thrown) {
    throw thrown instanceof TooLarge || incoming.complete
      ? thrown
      : unparsable("the connection was closed before the body was complete");
  }
  return size;
}

function tooLarge(limitBytes: number): TooLarge {
  return new TooLarge("http.body.too-large", {
    message: `The request body is larger than ${limitBytes} bytes, which is the limit. Send less, or raise --body-limit.`,
    fields: { limitBytes },
  });
}

function unparsable(reason: string): Invalid {
  return new Invalid("http.body.unparsable", { message: `Failed to parse request body: ${reason}` });
}

/** A body as text. */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw unparsable("it is not UTF-8");
  return bytes.toString("utf8");
}

/** Refuses what is not UTF-8 or is nested deeper than anything honest. */
export function checkText(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw unparsable("it is not UTF-8");
  // n bytes cannot nest deeper than n, so short bodies need no look.
  if (bytes.length <= MAX_DEPTH) return;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inString) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_DEPTH) throw unparsable(`it is nested deeper than ${MAX_DEPTH} levels`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}

/** The JSON value of a body; nothing at all is an empty object, as with StackStorm. */
export function parseJsonBody(bytes: Buffer, contentType: string | undefined): unknown {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type !== "" && type !== "application/json" && !type.endsWith("+json") && type !== "text/json") {
    if (bytes.length === 0) return {};
    throw new Invalid("http.content-type.unsupported", {
      message: `Unsupported Content-Type: "${type}". Send JSON with "Content-Type: application/json".`,
    });
  }
  checkText(bytes);
  const text = bytes.toString("utf8");
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unparsable(messageOf(error));
  }
  // Only then is a look at every value worth it: 1e400 is read as infinite, which would be stored as null.
  if (/\d[eE]\+?\d{3}|\d{309}/.test(text) && holdsInfinite(value)) throw unparsable("a number is too large");
  return value;
}

function holdsInfinite(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  return typeof value === "object" && value !== null && Object.values(value).some(holdsInfinite);
}

/** Checks bodies against one schema. What is null where nothing may be null counts as not given, as clients send it. */
export function bodyParser(schema: TSchema): (body: unknown) => unknown {
  const json = JSON.parse(JSON.stringify(schema)) as JsonObject;
  const validate: Validate = compileSchema(json, "2020-12");
  const properties = isObject(json.properties) ? json.properties : {};
  const required = new Set(Array.isArray(json.required) ? (json.required as string[]) : []);
  const closed = json.additionalProperties === false;
  return (body) => {
    let value = body;
    if (isObject(value)) {
      if (closed) refuseUnknown(Object.keys(value), properties);
      const given = Object.entries(value).filter(
        ([name, member]) => member !== null || required.has(name) || takesNull(properties[name]),
      );
      if (given.length !== Object.keys(value).length) value = Object.fromEntries(given);
    }
    const violations = validate(value);
    const [first] = violations;
    if (first !== undefined) {
      throw new Invalid("http.body.invalid", {
        message: violations
          .slice(0, 5)
          .map((one) => (one.path === "" ? one.message : `${one.path}: ${one.message}`))
          .join("; "),
        ...(first.path === "" ? {} : { at: { field: first.path } }),
      });
    }
    return value;
  };
}

function refuseUnknown(names: readonly string[], properties: JsonObject): void {
  const unknown = names.filter((name) => !Object.hasOwn(properties, name));
  const [first] = unknown;
  if (first === undefined) return;
  const listed = unknown.slice(0, 10).map((name) => `'${name.slice(0, 100)}'`);
  throw new Invalid("http.body.unknown-field", {
    message:
      `Additional properties are not allowed (${listed.join(", ")} ${unknown.length === 1 ? "was" : "were"} unexpected)` +
      (didYouMean(first, Object.keys(properties)) || `; possible are ${Object.keys(properties).sort().join(", ")}`),
    at: { field: first },
  });
}

function takesNull(property: unknown): boolean {
  if (!isObject(property)) return true;
  const { type } = property;
  if (Array.isArray(property.anyOf)) return property.anyOf.some(takesNull);
  return type === undefined || type === "null" || (Array.isArray(type) && type.includes("null"));
}
