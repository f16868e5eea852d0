import {
  type Enforcement,
  type Event,
  EVENT_STATUSES,
  Invalid,
  isId,
  type JsonObject,
  formatMicros,
  NotFound,
} from "@squall/model";
import type { EnforcementFilter, EventFilter } from "@squall/store";
import Type from "typebox";
import { ATTRIBUTES, select, selectionOf } from "../http/attributes.ts";
import { didYouMean } from "../http/did-you-mean.ts";
import { PAGING, pagingHeaders, pagingOf } from "../http/paging.ts";
import { type Call, ok, route, type Route } from "../http/route.ts";
import { orderOf, timeOf } from "./execution-query.ts";

const FreeObject = Type.Record(Type.String(), Type.Unknown());
const Text = Type.Optional(Type.String());

const EventView = Type.Object({
  id: Type.String(),
  trigger: Type.String({ description: "ref of the trigger" }),
  payload: FreeObject,
  occurrence_time: Type.String(),
  status: Type.String({ enum: [...EVENT_STATUSES] }),
});

const EnforcementView = Type.Object({
  id: Type.String(),
  trigger_instance_id: Type.String(),
  execution_id: Text,
  rule: Type.Object({ id: Type.String(), ref: Type.String(), uid: Type.String() }),
  enforced_at: Type.String(),
  status: Type.String({ enum: ["succeeded", "failed"] }),
  failure_reason: Text,
});

const EVENTS = { known: new Set(Object.keys(EventView.properties)), always: ["id"] };
const ENFORCEMENTS = {
  known: new Set([...Object.keys(EnforcementView.properties), "trigger_instance", "execution"]),
  always: ["id"],
};

function eventView(event: Event): JsonObject {
  const { id, trigger, payload, occurrence_time, status } = event;
  return { id, trigger, payload, occurrence_time: formatMicros(occurrence_time), status };
}

function enforcementView(enforcement: Enforcement): JsonObject {
  const { id, trigger_instance, execution, rule, enforced_at, status, failure_reason } = enforcement;
  return {
    id,
    trigger_instance_id: trigger_instance,
    ...(execution === undefined ? {} : { execution_id: execution }),
    rule,
    enforced_at: formatMicros(enforced_at),
    status,
    ...(failure_reason === undefined ? {} : { failure_reason }),
  };
}

/** With the event and the execution themselves, or `{}` where there is none. */
async function enforcementDetails(call: Call, enforcement: Enforcement): Promise<JsonObject> {
  const { events, executions } = call.context.engine;
  const [event, execution] = await Promise.all([
    events.get(call.project, enforcement.trigger_instance),
    enforcement.execution === undefined ? undefined : executions.get(call.project, enforcement.execution),
  ]);
  const [view] = execution ? await executions.views([execution]) : [];
  return {
    ...enforcementView(enforcement),
    trigger_instance: event ? eventView(event) : {},
    execution: view ? pick(view, ["id", "action", "parameters", "runner", "status"]) : {},
  };
}

function pick(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
}

function missing(id: string): NotFound {
  return new NotFound("event.not-found", { message: `Unable to identify resource with id "${id}".` });
}

function eventStatus(text: string) {
  const status = EVENT_STATUSES.find((one) => one === text);
  if (status !== undefined) return status;
  throw new Invalid("event.status.unknown", {
    message: `"${text}" is no status of trigger instances${didYouMean(text, EVENT_STATUSES) || `; they are ${EVENT_STATUSES.join(", ")}`}`,
    at: { field: "status" },
  });
}

const ENFORCEMENT_QUERY = {
  ...PAGING,
  ...ATTRIBUTES,
  sort: Text,
  sort_asc: Text,
  sort_desc: Text,
  rule_ref: Text,
  rule_id: Text,
  execution: Text,
  trigger_instance: Text,
  enforced_at_gt: Text,
  enforced_at_lt: Text,
};

/** The two lists of enforcements differ in what they show of each. */
function enforcementRoutes(
  path: string,
  view: (call: Call, one: Enforcement) => JsonObject | Promise<JsonObject>,
): Route[] {
  return [
    route({
      method: "GET",
      path,
      summary: "Lists what rules did about events, newest first.",
      verb: "list",
      resource: "enforcement",
      query: Type.Object(ENFORCEMENT_QUERY),
      response: Type.Array(EnforcementView),
      handler: async (call) => {
        const { query } = call;
        const selection = selectionOf(query, ENFORCEMENTS);
        const paging = pagingOf(call, "enforcement", 50);
        const order = orderOf(query, "enforced_at");
        const filter: EnforcementFilter = {
          ...(query.rule_ref ? { rule_ref: query.rule_ref } : {}),
          ...(query.rule_id ? { rule_id: query.rule_id } : {}),
          ...(query.execution ? { execution: query.execution } : {}),
          ...(query.trigger_instance ? { trigger_instance: query.trigger_instance } : {}),
          ...(query.enforced_at_gt ? { after: timeOf("enforced_at_gt", query.enforced_at_gt) } : {}),
          ...(query.enforced_at_lt ? { before: timeOf("enforced_at_lt", query.enforced_at_lt) } : {}),
          ...(order ? { order } : {}),
        };
        const { events } = call.context.engine;
        const { items, total } = await events.enforcements(call.project, filter, { ...paging, count: true });
        const views = await Promise.all(items.map(async (one) => view(call, one)));
        return ok(
          views.map((one) => select(one, selection)),
          pagingHeaders(paging, total),
        );
      },
    }),
    route({
      method: "GET",
      path: `${path}/{id}`,
      summary: "Shows what a rule did about an event, or why it could not.",
      verb: "view",
      resource: "enforcement",
      query: Type.Object(ATTRIBUTES),
      response: EnforcementView,
      handler: async (call) => {
        const selection = selectionOf(call.query, ENFORCEMENTS);
        const id = call.param("id");
        const found = isId(id) ? await call.context.engine.events.enforcement(call.project, id) : undefined;
        if (found === undefined) throw missing(id);
        return ok(select(await view(call, found), selection));
      },
    }),
  ];
}

export const EVENT_ROUTES: readonly Route[] = [
  ...enforcementRoutes("/ruleenforcements/views", enforcementDetails),
  ...enforcementRoutes("/ruleenforcements", (_, one) => enforcementView(one)),
  route({
    method: "GET",
    path: "/triggerinstances",
    summary: "Lists events, newest first.",
    verb: "list",
    resource: "event",
    query: Type.Object({
      ...PAGING,
      ...ATTRIBUTES,
      sort: Text,
      sort_asc: Text,
      sort_desc: Text,
      id: Type.Optional(Type.Array(Type.String())),
      trigger: Text,
      trigger_type: Text,
      status: Type.Optional(Type.Array(Type.String())),
      timestamp_gt: Text,
      timestamp_lt: Text,
    }),
    response: Type.Array(EventView),
    handler: async (call) => {
      const { query } = call;
      const selection = selectionOf(query, EVENTS);
      const paging = pagingOf(call, "event", 100);
      const order = orderOf(query, "occurrence_time");
      const filter: EventFilter = {
        ...(query.id?.length ? { ids: query.id } : {}),
        ...(query.trigger ? { trigger: query.trigger } : {}),
        ...(query.trigger_type ? { trigger_type: query.trigger_type } : {}),
        ...(query.status?.length ? { status: query.status.map(eventStatus) } : {}),
        ...(query.timestamp_gt ? { after: timeOf("timestamp_gt", query.timestamp_gt) } : {}),
        ...(query.timestamp_lt ? { before: timeOf("timestamp_lt", query.timestamp_lt) } : {}),
        ...(order ? { order } : {}),
      };
      const { items, total } = await call.context.engine.events.list(call.project, filter, { ...paging, count: true });
      return ok(
        items.map((event) => select(eventView(event), selection)),
        pagingHeaders(paging, total),
      );
    },
  }),
  route({
    method: "GET",
    path: "/triggerinstances/{id}",
    summary: "Shows an event.",
    verb: "view",
    resource: "event",
    query: Type.Object(ATTRIBUTES),
    response: EventView,
    handler: async (call) => {
      const selection = selectionOf(call.query, EVENTS);
      const id = call.param("id");
      const event = isId(id) ? await call.context.engine.events.get(call.project, id) : undefined;
      if (event === undefined) throw missing(id);
      return ok(select(eventView(event), selection));
    },
  }),
  route({
    method: "POST",
    path: "/triggerinstances/{id}/re_emit",
    summary: "Lets the same thing happen again.",
    verb: "create",
    resource: "event",
    response: Type.Object({ message: Type.String(), payload: FreeObject }),
    handler: async (call) => {
      const id = call.param("id");
      const { events } = call.context.engine;
      if (!isId(id) || (await events.get(call.project, id)) === undefined) throw missing(id);
      const event = await events.reEmit(call.project, id);
      return ok({ message: `Trigger instance ${id} successfully re-sent.`, payload: event.payload });
    },
  }),
];
