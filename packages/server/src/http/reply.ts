import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { randomUUID } from "node:crypto";
import { Conflict, Denied, NotFound, SquallError, TooLarge, TooMany } from "@squall/model";
import type { Context } from "../context.ts";
import type { Call, Reply } from "./route.ts";

const JSON_TYPE = "application/json; charset=UTF-8";

/** The caller's request id if it is one that can be echoed and logged safely, else a new one. */
export function requestIdOf(incoming: IncomingMessage): string {
  const given = incoming.headers["x-request-id"];
  return typeof given === "string" && /^[\w.:+/=-]{1,128}$/.test(given) ? given : randomUUID();
}

/** The answer for anything thrown: what we threw on purpose as it is, anything else as 500 with the details logged. */
export function errorReply(context: Pick<Context, "log">, thrown: unknown, requestId: string, what: string): Reply {
  if (!(thrown instanceof SquallError) || thrown.status >= 500) {
    context.log.error({ err: thrown, requestId, request: what }, "a request failed");
  }
  if (!(thrown instanceof SquallError)) {
    return {
      status: 500,
      json: { faultstring: "Internal Server Error", code: "internal", request_id: requestId },
    };
  }
  const json: Record<string, unknown> = { faultstring: thrown.message, code: thrown.code };
  if (thrown.at !== undefined) json.at = thrown.at;
  const headers: OutgoingHttpHeaders = {};
  if (thrown instanceof Conflict) {
    const id = thrown.fields["conflict-id"] ?? thrown.fields.conflictId ?? thrown.fields.id;
    if (typeof id === "string") json["conflict-id"] = id;
  }
  if (thrown instanceof TooMany) {
    const seconds = Number(thrown.fields.retryAfterSeconds);
    headers["Retry-After"] = String(Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : 1);
  }
  // The rest of an oversized body is not read, so the connection cannot be used again.
  if (thrown instanceof TooLarge) headers.Connection = "close";
  return { status: thrown.status, json, headers };
}

/** Names of the headers that browsers may send and read. StackStorm's, and Authorization. */
export function corsHeaders(origins: readonly string[], origin: string | undefined): OutgoingHttpHeaders {
  const allowed = origin !== undefined && (origins.includes("*") || origins.includes(origin)) ? origin : origins[0];
  return {
    ...(allowed === undefined ? {} : { "Access-Control-Allow-Origin": allowed, Vary: "Origin" }),
    "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type,Authorization,X-Auth-Token,St2-Api-Key,X-Request-ID",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "Content-Type,X-Limit,X-Total-Count,X-Request-ID",
  };
}

function commonHeaders(
  context: Pick<Context, "settings">,
  incoming: IncomingMessage,
  requestId: string,
): OutgoingHttpHeaders {
  return {
    "X-Request-ID": requestId,
    ...corsHeaders(context.settings.corsOrigins, incoming.headers.origin),
    "X-Content-Type-Options": "nosniff",
  };
}

/** The headers of an answer that its handler writes itself. */
export function eventHeaders(call: Call): OutgoingHttpHeaders {
  return commonHeaders(call.context, call.incoming, call.requestId);
}

/** Writes an answer. The headers every answer has are added here and nowhere else. */
export function writeReply(
  context: Pick<Context, "settings">,
  outgoing: ServerResponse,
  reply: Reply,
  requestId: string,
): void {
  if (reply.taken || outgoing.headersSent || outgoing.destroyed) return;
  const body = reply.bytes ?? (reply.json === undefined ? undefined : `${JSON.stringify(reply.json)}\n`);
  const headers: OutgoingHttpHeaders = {
    ...commonHeaders(context, outgoing.req, requestId),
    ...(reply.bytes === undefined && body !== undefined ? { "Content-Type": JSON_TYPE } : {}),
    ...reply.headers,
  };
  if (body !== undefined) headers["Content-Length"] = Buffer.byteLength(body);
  else if (reply.status !== 204 && reply.status !== 304) headers["Content-Length"] = 0;
  outgoing.writeHead(reply.status, headers);
  if (headers.Connection === "close" && body !== undefined && !outgoing.req.complete) lastAnswer(outgoing, body);
  else outgoing.end(body);
}

/** A caller that still sends is listened to for so long, and that many bytes, after its answer. */
const LINGER = { ms: 2_000, bytes: 64 * 1024 * 1024 };

/**
 * Answers a request that is still being sent. Closing at once would make the system reset the connection, and the caller
 * would see that instead of the answer; so what it still sends is thrown away first, within bounds.
 */
function lastAnswer(outgoing: ServerResponse, body: string | Buffer): void {
  const incoming = outgoing.req;
  let bytes = 0;
  const end = () => {
    clearTimeout(timer);
    outgoing.end();
  };
  const timer = setTimeout(end, LINGER.ms);
  incoming.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER.bytes) end();
  });
  for (const event of ["end", "close", "error"]) incoming.on(event, end);
  outgoing.write(body);
  incoming.resume();
}

export function unknownPath(path: string): NotFound {
  return new NotFound("http.path.unknown", {
    message: `The resource could not be found: nothing answers at ${path.slice(0, 200)}. GET /v1/openapi.json lists what does.`,
  });
}

export function denied(user: string, verb: string, type: string): Denied {
  return new Denied("http.denied", {
    message: `User "${user}" doesn't have permission for this: ${verb} ${type}. Ask an administrator for it.`,
  });
}
