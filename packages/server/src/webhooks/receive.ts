import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import {
  DEFAULT_PROJECT,
  Denied,
  Invalid,
  isObject,
  NotFound,
  type Principal,
  type Trigger,
  Unauthenticated,
} from "@squall/model";
import { decodeWebhook, signatureProblem, webhookAuth } from "@squall/sources";
import { allow } from "../allow.ts";
import type { Context } from "../context.ts";
import { ANONYMOUS, authenticate } from "../http/authenticate.ts";
import { parseJsonBody, readBody } from "../http/body.ts";
import { credentialsOf } from "../http/credentials.ts";
import { errorReply, requestIdOf, writeReply } from "../http/reply.ts";
import type { Reply } from "../http/route.ts";

/**
 * Webhooks are the road that events take in by the thousand, so they leave node's HTTP server before the router: no
 * Request is built, no query or body schema is looked at. What is asked of `allow` is the same as anywhere.
 *
 * W1  202 is said after the event, and all that rules decided about it, is durable.
 * W2  Each trigger with this url says itself what it takes as proof; those that are satisfied all fire.
 * W3  Nothing is read of a body that no trigger could accept, and nothing beyond the limit.
 */
export const WEBHOOK_PATH = /^(?:\/(?:api|auth|stream))?(?:\/v1)?\/webhooks\/+[^?#/]/;

/** StackStorm's generic hook: the body names the trigger. */
const GENERIC = "st2";

/** Answers `POST /webhooks/<url>`. Never rejects. */
export async function receiveWebhook(
  context: Context,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const requestId = requestIdOf(incoming);
  let reply: Reply;
  try {
    reply = await receive(context, incoming);
  } catch (error) {
    reply = errorReply(context, error, requestId, "POST /webhooks");
  }
  writeReply(context, outgoing, reply, requestId);
}

export async function receive(context: Context, incoming: IncomingMessage): Promise<Reply> {
  const { headers, url = "" } = incoming;
  const mark = url.indexOf("?");
  const hook = hookOf(mark < 0 ? url : url.slice(0, mark));
  const caller = await identify(context, headers, mark < 0 ? undefined : url.slice(mark + 1));
  if (hook === GENERIC) return receiveGeneric(context, incoming, caller);

  const project = caller.principal?.project ?? DEFAULT_PROJECT;
  let triggers = context.engine.events.webhooks(project, hook);
  if (triggers.length === 0) {
    await context.engine.content.catchUp(); // the rule may have been made at another process just now
    triggers = context.engine.events.webhooks(project, hook);
  }
  const open = triggers.filter(
    (trigger) => webhookAuth(trigger.parameters).type !== "token" || maySend(caller.principal, hook),
  );
  // W3
  if (open.length === 0) throw refusal(caller, hook, triggers.length > 0);
  const bytes = await readBody(incoming, context.settings.bodyLimitBytes);
  const proven: Trigger[] = [];
  let refused: string | undefined;
  for (const trigger of open) {
    const verdict = await verify(context, project, trigger, headers, bytes);
    if (verdict === true) proven.push(trigger);
    else refused ??= verdict;
  }
  if (proven.length === 0) {
    throw new Unauthenticated("webhook.signature", { message: `Unauthorized - ${refused}` });
  }
  const contentType = headers["content-type"];
  const { payload, traceTag } = await decodeWebhook({
    headers,
    bytes,
    ...(contentType === undefined ? {} : { contentType }),
  });
  // W1, W2
  await Promise.all(
    proven.map((trigger) =>
      context.engine.events.emit(project, { trigger, payload, ...(traceTag === undefined ? {} : { traceTag }) }),
    ),
  );
  return { status: 202, json: payload.body };
}

/** `/v1/webhooks/a/b` -> `a/b`, decoded. */
function hookOf(path: string): string {
  const raw = path.slice(path.indexOf("/webhooks/") + "/webhooks/".length).replace(/^\/+|\/+$/g, "");
  if (!raw.includes("%")) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new NotFound("webhook.unknown", { message: `Webhook ${raw} not registered with st2` });
  }
}

interface Caller {
  readonly principal?: Principal;
  /** Why the credentials that were given do not hold. */
  readonly refused?: Unauthenticated;
}

/** Who calls, if that can be known; bad credentials matter only where credentials are asked for. */
async function identify(context: Context, headers: IncomingHttpHeaders, query: string | undefined): Promise<Caller> {
  try {
    const search = query === undefined ? undefined : new URLSearchParams(query);
    const credentials = credentialsOf("POST", headers, search);
    return credentials === undefined ? {} : { principal: await authenticate(context, credentials) };
  } catch (error) {
    if (error instanceof Unauthenticated) return { refused: error };
    throw error;
  }
}

function maySend(principal: Principal | undefined, hook: string): boolean {
  return principal !== undefined && allow(principal, "send", { type: "webhook", id: hook });
}

function refusal(caller: Caller, hook: string, exists: boolean): Error {
  if (caller.principal === undefined) {
    return (
      caller.refused ??
      new Unauthenticated("http.credentials.missing", { message: "Unauthorized - One of Token or API key required." })
    );
  }
  if (!exists) return new NotFound("webhook.unknown", { message: `Webhook ${hook} not registered with st2` });
  return new Denied("http.denied", {
    message: `User "${caller.principal.user}" doesn't have permission to send to webhook "${hook}".`,
  });
}

/** True when the call proves what the trigger wants proved, else why not, in words that may be sent back. */
async function verify(
  context: Context,
  project: string,
  trigger: Trigger,
  headers: IncomingHttpHeaders,
  bytes: Buffer,
): Promise<true | string> {
  const auth = webhookAuth(trigger.parameters);
  if (auth.type === "token") return true; // whoever has none did not come this far
  const anybody: Principal = { ...ANONYMOUS, project };
  if (!allow(anybody, "send", { type: "webhook", id: trigger.ref })) return "this webhook is not for everybody";
  if (auth.type === "none") return true;
  const key = await context.engine.keys.get(project, "st2kv.system", "", auth.key, true);
  if (key === undefined) {
    context.log.warn({ trigger: trigger.ref, key: auth.key }, "a webhook cannot be verified: its key does not exist");
    return "the secret that would prove this call is not set up on the server.";
  }
  return signatureProblem(auth, { headers, bytes, secret: key.value }) ?? true;
}

/** `{trigger, payload}`: says that something happened which has no webhook of its own. */
async function receiveGeneric(context: Context, incoming: IncomingMessage, caller: Caller): Promise<Reply> {
  if (caller.principal === undefined || !maySend(caller.principal, GENERIC)) throw refusal(caller, GENERIC, true);
  const { headers } = incoming;
  const body = parseJsonBody(await readBody(incoming, context.settings.bodyLimitBytes), headers["content-type"]);
  if (!isObject(body)) {
    throw new Invalid("webhook.generic.body", { message: "The body of the generic webhook has to be a JSON object." });
  }
  const { trigger, payload = {} } = body;
  if (typeof trigger !== "string" || trigger === "") {
    throw new Invalid("webhook.generic.trigger", { message: "Trigger not specified.", at: { field: "trigger" } });
  }
  if (!isObject(payload)) {
    throw new Invalid("webhook.generic.payload", { message: "payload has to be an object.", at: { field: "payload" } });
  }
  const tag = headers["st2-trace-tag"];
  await context.engine.events.emit(caller.principal.project, {
    trigger,
    payload,
    ...(typeof tag === "string" && tag !== "" ? { traceTag: tag } : {}),
  });
  return { status: 202, json: body };
}
