import Type from "typebox";
import { eventHeaders } from "../http/reply.ts";
import { type Call, route, type Route } from "../http/route.ts";
import { DEFAULT_EVENTS } from "../stream/hub.ts";
import { type EventWriter, openEvents } from "../stream/sse.ts";

const List = Type.Optional(Type.Array(Type.String()));

/** The longest that a timer can be set for. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A stream does not outlive the token that opened it. */
async function endWithToken(call: Call, writer: EventWriter): Promise<void> {
  const token = call.principal.method === "token" ? call.credentials?.token : undefined;
  if (token === undefined) return;
  const expiry = await call.context.engine.accounts.tokenExpiry(token);
  if (expiry === undefined) return;
  const ms = Math.min(Math.max(expiry / 1000 - Date.now(), 0), MAX_TIMER_MS);
  const timer = setTimeout(() => writer.end(": the token has expired\n\n"), ms);
  void writer.closed.then(() => clearTimeout(timer));
}

export const STREAM_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/stream",
    summary: "Streams what happens as Server-Sent Events.",
    verb: "view",
    resource: "stream",
    query: Type.Object({
      events: List,
      action_refs: List,
      execution_ids: List,
      end_event: Type.Optional(Type.String()),
      end_execution_id: Type.Optional(Type.String()),
    }),
    produces: "text/event-stream",
    response: Type.String(),
    handler: async (call) => {
      const { events, action_refs, execution_ids, end_event, end_execution_id } = call.query;
      const { streams } = call.context;
      const end = end_event && end_execution_id ? { event: end_event, execution: end_execution_id } : undefined;
      streams.admit();
      const writer = openEvents(call.outgoing, eventHeaders(call));
      const attached = streams.attach(writer, {
        project: call.project,
        events: events?.length ? events : DEFAULT_EVENTS,
        ...(action_refs?.length ? { actionRefs: action_refs } : {}),
        ...(execution_ids?.length ? { executionIds: execution_ids } : {}),
        ...(end ? { end } : {}),
      });
      await Promise.all([attached, endWithToken(call, writer)]);
      return { status: 200, taken: true };
    },
  }),
];
