import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Principal } from "@squall/model";
import type { Static, TObject, TSchema } from "typebox";
import type { ResourceType, Subject, Verb } from "../allow.ts";
import type { Context } from "../context.ts";

/** An answer as data; `app.ts` writes it. */
export interface Reply {
  readonly status: number;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, with the `content-type` of `headers`. */
  readonly bytes?: string | Buffer;
  readonly headers?: OutgoingHttpHeaders;
  /** The handler wrote the answer itself (streams). */
  readonly taken?: true;
}

/** One request, let in and parsed. */
export interface Call<Q = Record<string, unknown>, B = unknown> {
  readonly context: Context;
  readonly principal: Principal;
  readonly project: string;
  /** The part of the path that a parameter of the route stands for, decoded. */
  param(name: string): string;
  readonly query: Q;
  readonly body: B;
  readonly headers: IncomingHttpHeaders;
  /** Where the credentials were and what they are; undefined for anonymous requests. */
  readonly credentials: Credentials | undefined;
  /** The address that asks. */
  readonly origin: string;
  readonly requestId: string;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Throws Denied unless the principal may do this to this thing. */
  demand(verb: Verb, subject: Subject): void;
  may(verb: Verb, subject: Subject): boolean;
}

export interface Credentials {
  readonly token?: string;
  readonly apiKey?: string;
  readonly location: "header" | "query" | "cookie";
}

export type Method = "GET" | "POST" | "PUT" | "DELETE";

interface Shape {
  readonly method: Method;
  /** As OpenAPI writes it; `{name*}` takes the rest of the path, slashes included. */
  readonly path: string;
  readonly summary: string;
  /** What is asked of `allow`. Without both no route can be written down. */
  readonly verb: Verb;
  readonly resource: ResourceType;
  /** Status of success, for the document; 200 unless said otherwise. */
  readonly status?: number;
  /** The answer's body; absent: none. */
  readonly response?: TSchema;
  /** Content type of the answer when it is not JSON. */
  readonly produces?: string;
  /** Answers without credentials. */
  readonly auth?: "none";
  /** The body is text, whatever its content type says; `call.body` is that text. */
  readonly takesText?: true;
  /** The body is bytes, too many for memory; the handler reads them from `call.incoming`. Their content types. */
  readonly takesBytes?: readonly string[];
}

export interface Route extends Shape {
  readonly query?: TObject;
  readonly body?: TSchema;
  handler(call: Call): Reply | Promise<Reply>;
}

export interface RouteDefinition<Q extends TObject, B extends TSchema> extends Shape {
  /** Parameters that are not listed are ignored, as StackStorm does. */
  readonly query?: Q;
  readonly body?: B;
  handler(call: Call<Partial<Static<Q>>, Static<B>>): Reply | Promise<Reply>;
}

/** Writes a route down; the handler sees query and body in the types of their schemas. */
export function route<Q extends TObject = TObject, B extends TSchema = TSchema>(
  definition: RouteDefinition<Q, B>,
): Route {
  // Safe: app.ts calls the handler only with a query and a body that these schemas accepted.
  return definition;
}

export function ok(json: unknown, headers?: OutgoingHttpHeaders): Reply {
  return headers ? { status: 200, json, headers } : { status: 200, json };
}

export function created(json: unknown): Reply {
  return { status: 201, json };
}

export const NO_CONTENT: Reply = { status: 204 };
