import type { Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { TooLarge } from "@squall/model";
import { parseJson } from "../parse-output.ts";

export interface Headers {
  /** As the server wrote them; several of one name joined by ", ". */
  readonly shown: Readonly<Record<string, string>>;
  get(name: string): string | undefined;
  all(name: string): readonly string[];
}

/** Reads the name, value, name, value ... list of a response. */
export function readHeaders(raw: readonly (Buffer | string)[]): Headers {
  const values = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = text(raw[at]);
    const entry = values.get(name.toLowerCase()) ?? { name, values: [] };
    entry.values.push(text(raw[at + 1]));
    values.set(name.toLowerCase(), entry);
  }
  return {
    shown: Object.fromEntries([...values.values()].map((one) => [one.name, one.values.join(", ")])),
    get: (name) => values.get(name.toLowerCase())?.values.join(", "),
    all: (name) => values.get(name.toLowerCase())?.values ?? [],
  };
}

function text(part: Buffer | string | undefined): string {
  return typeof part === "string" ? part : (part?.toString("latin1") ?? "");
}

/**
 * The whole body, unpacked. Throws `TooLarge` as soon as it grows over `limit` bytes, packed or unpacked, so that a
 * small body that unpacks to gigabytes costs no more than that.
 */
export async function readBody(stream: Readable, encoding: string | undefined, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const unpacked = unpack(stream, encoding);
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limit)
        throw new TooLarge("runner.http.response-too-large", {
          message: `the response body is longer than ${limit} bytes; ask for less, or fetch it in a script`,
        });
      chunks.push(chunk);
    }
  } finally {
    unpacked.destroy();
    stream.destroy();
  }
  return Buffer.concat(chunks, length);
}

function unpack(stream: Readable, encoding: string | undefined): Readable {
  let unpacker: Transform;
  switch (encoding?.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      unpacker = createGunzip();
      break;
    case "deflate":
      unpacker = createInflate();
      break;
    case "br":
      unpacker = createBrotliDecompress();
      break;
    default:
      return stream;
  }
  stream.on("error", (error) => unpacker.destroy(error));
  return stream.pipe(unpacker);
}

/** The body as the result shows it: JSON decoded if the server says that it is JSON, else text. */
export function decodeBody(bytes: Buffer, contentType: string | undefined): { body: unknown; parsed: boolean } {
  const [type = "", ...parameters] = (contentType ?? "").split(";").map((part) => part.trim());
  const charset = parameters
    .find((one) => one.toLowerCase().startsWith("charset="))
    ?.slice("charset=".length)
    .replaceAll('"', "");
  const decoded = decodeText(bytes, charset);
  if (type.toLowerCase() !== "application/json") return { body: decoded, parsed: false };
  const value = parseJson(decoded);
  return value === undefined ? { body: decoded, parsed: false } : { body: value, parsed: true };
}

/** By the named charset; without one as UTF-8 if it is that, else as Latin-1, so that nothing is lost. */
function decodeText(bytes: Buffer, charset: string | undefined): string {
  if (charset !== undefined) {
    try {
      return new TextDecoder(charset).decode(bytes);
    } catch {
      // A charset that nobody knows says nothing.
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}
