import { randomBytes } from "node:crypto";
import { Invalid, isObject, type JsonObject } from "@squall/model";
import { pythonStr } from "../python-text.ts";
import { parsePythonLiteral } from "./python-literal.ts";

export interface Body {
  readonly bytes: Buffer;
  /** Set when the body's own form decides it. */
  readonly contentType?: string;
}

/**
 * The request body that the action's parameters ask for (stackstorm-model 5.2): a file as multipart form, a body that is
 * re-encoded when `contentType` is JSON, a form for an object, otherwise the text as it is.
 */
export function requestBody(parameters: JsonObject, contentType: string | undefined): Body | undefined {
  const { body, file_name: name, file_content: content, file_content_type: type } = parameters;
  const hasBody = body !== undefined && body !== null && body !== "";
  if (isText(name) && isText(content)) {
    if (hasBody)
      throw new Invalid("runner.http.body-and-file", {
        message: "give either a body or a file to http-request, not both",
      });
    return multipart(name, content, isText(type) ? type : undefined);
  }
  if (!hasBody) return undefined;
  if (contentType?.toLowerCase() === "application/json") return { bytes: Buffer.from(reencoded(body)) };
  if (isObject(body))
    return { bytes: Buffer.from(queryOf(body).toString()), contentType: "application/x-www-form-urlencoded" };
  return { bytes: Buffer.from(pythonStr(body)) };
}

/** Names and values for a URL's query or a form: lists repeat their name, null leaves it out. */
export function queryOf(values: JsonObject): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined) query.append(name, pythonStr(one));
  }
  return query;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function reencoded(body: unknown): string {
  if (typeof body !== "string") return JSON.stringify(body);
  try {
    return JSON.stringify(JSON.parse(body, digitsKept));
  } catch {
    const literal = parsePythonLiteral(body);
    if (literal) return JSON.stringify(literal.value);
    throw new Invalid("runner.http.body-not-json", {
      message: "the body is neither JSON nor a Python literal, but the Content-Type header says application/json",
    });
  }
}

// JSON.parse source text access and JSON.rawJSON are in the language but not yet in TypeScript's library.
function digitsKept(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return (JSON as unknown as { rawJSON(source: string): unknown }).rawJSON(context.source);
}

function multipart(name: string, content: string, type: string | undefined): Body {
  const boundary = `squall${randomBytes(16).toString("hex")}`;
  const quoted = name.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const typeLine = type === undefined ? "" : `Content-Type: ${type.replaceAll(/[\r\n]/g, " ")}\r\n`;
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted}"; filename="${quoted}"\r\n${typeLine}\r\n`;
  return {
    bytes: Buffer.from(`${head}${content}\r\n--${boundary}--\r\n`),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}
