import { Invalid, NotFound, Trigger, TriggerType } from "@squall/model";
import Type from "typebox";
import { ATTRIBUTES, select, selectionOf } from "../http/attributes.ts";
import { ok, route, type Route } from "../http/route.ts";
import { type ContentSpec, draftOf, readRoutes, selectableOf, writeRoutes } from "./content-routes.ts";

const Text = Type.Optional(Type.String());

const TRIGGER_TYPES: ContentSpec<"trigger_type"> = {
  kind: "trigger_type",
  path: "/triggertypes",
  noun: "a trigger type",
  schema: TriggerType,
  filters: { id: (type) => type.id, name: (type) => type.name, pack: (type) => type.pack },
  sort: ["pack", "name"],
  defaultLimit: 100,
};

const TRIGGERS: ContentSpec<"trigger"> = {
  kind: "trigger",
  path: "/triggers",
  noun: "a trigger",
  key: "id",
  schema: Trigger,
  // StackStorm has no filters here. Its client sends `type=None` for all of them, and no trigger is without a type.
  filters: { id: (trigger) => trigger.id, type: (trigger) => [trigger.type, "None"] },
};

export const WEBHOOK_TYPE = "core.st2.webhook";
export const TIMER_TYPES = ["core.st2.IntervalTimer", "core.st2.DateTimer", "core.st2.CronTimer"] as const;
const timerTypes: ReadonlySet<string> = new Set(TIMER_TYPES);

const TypeBody = draftOf(TriggerType, ["name"], { enabled: Type.Boolean() });
const TriggerBody = draftOf(Trigger, ["type"]);

export const TRIGGER_ROUTES: readonly Route[] = [
  ...readRoutes(TRIGGER_TYPES),
  ...writeRoutes(TRIGGER_TYPES, TypeBody, {
    defaultPack: "default",
    guarded: true,
    // StackStorm's files may say `enabled`; nothing reads it.
    prepare: (_, { enabled: _enabled, ...draft }) => draft,
  }),
  ...readRoutes(TRIGGERS),
  ...writeRoutes(TRIGGERS, TriggerBody),
  route({
    method: "GET",
    path: "/webhooks",
    summary: "Lists the triggers that listen for webhooks.",
    verb: "list",
    resource: "webhook",
    response: Type.Array(Trigger),
    // Whole, whatever attributes are asked for, as StackStorm does: its client asks for `url`, which is in `parameters`.
    handler: (call) => {
      const triggers = call.context.engine.content
        .list(call.project, "trigger")
        .filter((trigger) => trigger.type === WEBHOOK_TYPE);
      return ok(triggers, { "X-Total-Count": String(triggers.length) });
    },
  }),
  route({
    method: "GET",
    path: "/webhooks/{url*}",
    summary: "Shows the trigger that listens at a path.",
    verb: "view",
    resource: "webhook",
    response: Trigger,
    handler: (call) => {
      const url = call.param("url");
      const [trigger] = call.context.engine.events.webhooks(call.project, url);
      if (trigger !== undefined) return ok(trigger);
      throw new NotFound("webhook.unknown", { message: `Webhook ${url} not registered with st2` });
    },
  }),
  route({
    method: "GET",
    path: "/timers",
    summary: "Lists timers.",
    verb: "list",
    resource: "timer",
    query: Type.Object({ ...ATTRIBUTES, timer_type: Text }),
    response: Type.Array(Trigger),
    handler: (call) => {
      const selection = selectionOf(call.query, selectableOf(TRIGGERS));
      const type = call.query.timer_type;
      if (type !== undefined && !timerTypes.has(type)) {
        throw new Invalid("timer.type.unknown", {
          message: `Timer type "${type}" not supported; the types are ${TIMER_TYPES.join(", ")}.`,
          at: { field: "timer_type" },
        });
      }
      const timers = call.context.engine.content
        .list(call.project, "trigger")
        .filter((trigger) => (type === undefined ? timerTypes.has(trigger.type) : trigger.type === type));
      return ok(
        timers.map((timer) => select(timer, selection)),
        { "X-Total-Count": String(timers.length) },
      );
    },
  }),
  route({
    method: "GET",
    path: "/timers/{ref_or_id}",
    summary: "Shows a timer.",
    verb: "view",
    resource: "timer",
    response: Trigger,
    handler: (call) => {
      const key = call.param("ref_or_id");
      const timer = call.context.engine.content.get(call.project, "trigger", key);
      if (timer !== undefined && timerTypes.has(timer.type)) return ok(timer);
      throw new NotFound("content.not-found", { message: `Resource with a reference or id "${key}" not found` });
    },
  }),
];
