import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Invalid, type JsonObject } from "@squall/model";
import { Hono } from "hono";
import { allow, type Subject, type Verb } from "../allow.ts";
import type { Context } from "../context.ts";
import { receiveWebhook, WEBHOOK_PATH } from "../webhooks/receive.ts";
import { ANONYMOUS, authenticate } from "./authenticate.ts";
import { bodyParser, parseJsonBody, readBody, textOf } from "./body.ts";
import { authCookie, credentialsOf, originOf } from "./credentials.ts";
import { normalizePath } from "./path.ts";
import { queryParser } from "./query.ts";
import { corsHeaders, denied, errorReply, requestIdOf, unknownPath, writeReply } from "./reply.ts";
import type { Call, Method, Reply, Route } from "./route.ts";

const METHODS: readonly Method[] = ["GET", "POST", "PUT", "DELETE"];

/** A listener for node's HTTP server that answers by the route table. */
export type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/**
 * One request's way: webhooks turn off first (webhooks/receive.ts says why); everything else goes through Hono's router
 * to `answer`, which authenticates, asks `allow`, reads and checks query and body, and calls the handler.
 */
export function createListener(context: Context, routes: readonly Route[]): Listener {
  const app = new Hono<{ Bindings: HttpBindings }>({
    getPath: (request) => normalizePath(pathOf(request.url.slice(request.url.indexOf("/", "https://".length)))),
  });
  for (const route of routes) {
    const answer = answering(context, route);
    app.on(route.method, honoPath(route.path), async (c) => {
      await answer(c.env.incoming, c.env.outgoing, c.req.param() as Record<string, string>);
      return RESPONSE_ALREADY_SENT;
    });
  }
  app.notFound((c) => {
    refuse(c.env.incoming, c.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  app.onError((error, c) => {
    const requestId = requestIdOf(c.env.incoming);
    writeReply(context, c.env.outgoing, errorReply(context, error, requestId, c.env.incoming.url ?? ""), requestId);
    return RESPONSE_ALREADY_SENT;
  });

  /** No route has this method and path: 405 if other methods would do, else 404. */
  function refuse(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const requestId = requestIdOf(incoming);
    const path = normalizePath(pathOf(incoming.url ?? "/"));
    const allowed = AMBIGUOUS.test(path)
      ? []
      : METHODS.filter((method) => app.router.match(method, path)[0].length > 0);
    const reply: Reply =
      allowed.length === 0
        ? errorReply(context, unknownPath(path), requestId, path)
        : {
            status: 405,
            headers: { Allow: [...allowed, "OPTIONS"].join(", ") },
            json: {
              faultstring: `Method ${incoming.method} is not allowed here: ${allowed.join(", ")} ${allowed.length === 1 ? "is" : "are"}.`,
              code: "http.method.not-allowed",
            },
          };
    writeReply(context, outgoing, reply, requestId);
  }

  // HTTP/1.0 needs no Host, and nothing here depends on it.
  const hono = getRequestListener(app.fetch, { overrideGlobalObjects: false, hostname: "localhost" });
  return (incoming, outgoing) => {
    const { method, url = "/" } = incoming;
    if (AMBIGUOUS.test(pathOf(url))) {
      refuse(incoming, outgoing);
    } else if (method === "POST" && WEBHOOK_PATH.test(url)) {
      void receiveWebhook(context, incoming, outgoing);
    } else if (method === "OPTIONS") {
      const requestId = requestIdOf(incoming);
      const headers = corsHeaders(context.settings.corsOrigins, incoming.headers.origin);
      writeReply(context, outgoing, { status: 200, headers }, requestId);
    } else if (!METHODS.includes(method as Method) || !url.startsWith("/")) {
      refuse(incoming, outgoing);
    } else if (incoming.headers.host !== undefined && !isHost(incoming.headers.host)) {
      const requestId = requestIdOf(incoming);
      const error = new Invalid("http.host", { message: "The Host header is not the name or address of a host." });
      writeReply(context, outgoing, errorReply(context, error, requestId, url), requestId);
    } else {
      void hono(incoming, outgoing);
    }
  };
}

/** A backslash, or a segment of dots alone: programs on the way here disagree on what such a path names. */
const AMBIGUOUS = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i;

function isHost(text: string): boolean {
  return !/[/\\?#@\s]/.test(text) && URL.canParse(`http://${text}`);
}

function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

/** `/packs/views/file/{ref}/{path*}` as Hono writes it. */
function honoPath(path: string): string {
  return path.replace(/\{(\w+)(\*?)\}/g, (_, name: string, rest: string) => `:${name}${rest ? "{.+}" : ""}`);
}

function answering(context: Context, route: Route) {
  // Compiled at first use: compiling a hundred schemas at start would take longer than the rest of it.
  let query: ((search: URLSearchParams) => JsonObject) | undefined;
  let body: ((value: unknown) => unknown) | undefined;

  return async (incoming: IncomingMessage, outgoing: ServerResponse, params: Record<string, string>) => {
    const requestId = requestIdOf(incoming);
    let reply: Reply;
    try {
      reply = await handle(incoming, outgoing, params, requestId);
    } catch (error) {
      reply = errorReply(context, error, requestId, `${route.method} ${route.path}`);
    }
    context.log.debug({ requestId, method: route.method, path: route.path, status: reply.status }, "request");
    writeReply(context, outgoing, reply, requestId);
  };

  async function handle(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    params: Record<string, string>,
    requestId: string,
  ): Promise<Reply> {
    const { headers, url = "/" } = incoming;
    const mark = url.indexOf("?");
    const search = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
    const credentials = route.auth === "none" ? undefined : credentialsOf(route.method, headers, search);
    const principal = route.auth === "none" ? ANONYMOUS : await authenticate(context, credentials);
    const call: Call = {
      context,
      principal,
      project: principal.project,
      param: (name) => params[name] ?? "",
      query: {},
      body: undefined,
      headers,
      credentials,
      requestId,
      origin: originOf(incoming, context.settings.trustProxy),
      incoming,
      outgoing,
      may: (verb: Verb, subject: Subject) => allow(principal, verb, subject),
      demand: (verb: Verb, subject: Subject) => {
        if (!allow(principal, verb, subject)) throw denied(principal.user, verb, subject.type);
      },
    };
    call.demand(route.verb, { type: route.resource });
    if (route.query) {
      query ??= queryParser(route.query);
      Object.assign(call, { query: query(search) });
    }
    if (route.takesText) {
      const bytes = await readBody(incoming, context.settings.bodyLimitBytes);
      Object.assign(call, { body: textOf(bytes) });
    } else if (route.body) {
      const bytes = await readBody(incoming, context.settings.bodyLimitBytes);
      body ??= bodyParser(route.body);
      Object.assign(call, { body: body(parseJsonBody(bytes, headers["content-type"])) });
    }
    const reply = await route.handler(call);
    if (credentials?.token === undefined || credentials.location === "cookie" || reply.taken) return reply;
    if (principal.method !== "token" || !/^[\w.~-]{1,512}$/.test(credentials.token)) return reply;
    const secure = context.settings.trustProxy && headers["x-forwarded-proto"] === "https";
    return { ...reply, headers: { ...reply.headers, "Set-Cookie": authCookie(credentials.token, secure) } };
  }
}
