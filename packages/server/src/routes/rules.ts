import { Invalid, isObject, type JsonObject, NotFound, type Resources, Rule } from "@squall/model";
import Type from "typebox";
import { type Call, ok, route, type Route } from "../http/route.ts";
import { stableId } from "./stable-id.ts";
import { type ContentSpec, find, readRoutes, writeRoutes } from "./content-routes.ts";
import { maskSecrets } from "./mask.ts";

const FreeObject = Type.Record(Type.String(), Type.Unknown());
const Text = Type.Optional(Type.String());
const closed = { additionalProperties: false };

/** A rule as people write it. */
const RuleBody = Type.Object(
  {
    id: Text,
    uid: Text,
    ref: Text,
    name: Type.String({ minLength: 1, maxLength: 1024 }),
    pack: Text,
    description: Text,
    enabled: Type.Optional(Type.Boolean()),
    type: Type.Optional(Type.Object({ ref: Text, parameters: Type.Optional(FreeObject) }, closed)),
    trigger: Type.Object(
      { type: Type.String(), parameters: Type.Optional(FreeObject), ref: Text, description: Text },
      closed,
    ),
    criteria: Type.Optional(FreeObject),
    action: Type.Object({ ref: Type.String(), parameters: Type.Optional(FreeObject), description: Text }, closed),
    tags: Type.Optional(Type.Array(Type.Unknown())),
    context: Type.Optional(FreeObject),
    metadata_file: Text,
  },
  closed,
);

type Asking = Call<{ show_secrets?: boolean }>;

/** A rule with the secret parameters of its action masked. */
function ruleView(call: Asking, rule: Resources["rule"]): JsonObject {
  if (call.query.show_secrets && call.may("show_secrets", { type: "rule" })) return rule;
  const { content } = call.context.engine;
  const action = content.get(call.project, "action", rule.action.ref);
  if (action === undefined) return rule;
  const parameters = maskSecrets(rule.action.parameters, content.parametersOf(call.project, action));
  return { ...rule, action: { ...rule.action, parameters } };
}

/** What the web UI lists: with the descriptions of trigger and action. */
function describedView(call: Asking, rule: Resources["rule"]): JsonObject {
  const { content } = call.context.engine;
  const action = content.get(call.project, "action", rule.action.ref);
  const trigger =
    content.get(call.project, "trigger", rule.trigger.ref) ??
    content.get(call.project, "trigger_type", rule.trigger.type);
  const view = ruleView(call, rule);
  return {
    ...view,
    action: { ...(view.action as JsonObject), description: action?.description ?? "" },
    trigger: { ...rule.trigger, description: trigger?.description ?? "" },
  };
}

const RULES: ContentSpec<"rule"> = {
  kind: "rule",
  path: "/rules",
  noun: "a rule",
  schema: Rule,
  filters: {
    id: (rule) => rule.id,
    name: (rule) => rule.name,
    pack: (rule) => rule.pack,
    action: (rule) => rule.action.ref,
    trigger: (rule) => [rule.trigger.ref, rule.trigger.type],
  },
  booleanFilters: { enabled: (rule) => rule.enabled },
  view: ruleView,
};

const TYPES = [
  {
    name: "standard",
    description: "Standard rule which is always applied to every matching trigger instance.",
  },
  {
    name: "backstop",
    description: "Rule which applies when no other rule of the same trigger matched.",
  },
].map((type) => ({ id: stableId(`rule_type:${type.name}`), ...type, enabled: true, parameters: {} }));

const RuleType = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  enabled: Type.Boolean(),
  parameters: FreeObject,
});

const RuleTest = Type.Object({
  matched: Type.Boolean(),
  criteria: Type.Array(
    Type.Object({
      key: Type.String(),
      criterion: FreeObject,
      value: Type.Optional(Type.Unknown()),
      pattern: Type.Optional(Type.Unknown()),
      held: Type.Boolean(),
      error: Text,
    }),
  ),
  parameters: Type.Optional(FreeObject),
  error: Text,
});

/** The event a test is about: given as it is, or one that happened. */
async function payloadOf(call: Call, given: { payload?: JsonObject; trigger_instance?: string }): Promise<JsonObject> {
  if (given.trigger_instance === undefined) return given.payload ?? {};
  if (given.payload !== undefined) {
    throw new Invalid("rule.test.both", { message: "Give payload or trigger_instance, not both." });
  }
  const event = await call.context.engine.events.get(call.project, given.trigger_instance);
  if (event !== undefined) return event.payload;
  throw new NotFound("event.not-found", {
    message: `Unable to identify resource with id "${given.trigger_instance}".`,
    at: { field: "trigger_instance" },
  });
}

/** Completes a rule that was never stored, as far as deciding about an event needs it. */
function asRule(body: JsonObject): Resources["rule"] {
  const { name, pack = "default" } = body as { name: string; pack?: string };
  const trigger = body.trigger as { type: string };
  const action = body.action as { ref: string };
  const type = isObject(body.type) ? body.type : {};
  // The cast: RuleBody accepted it, and what follows fills in every field that is optional there.
  return {
    id: "",
    uid: `rule:${pack}:${name}`,
    ref: `${pack}.${name}`,
    enabled: true,
    criteria: {},
    ...body,
    pack,
    type: { ref: "standard", parameters: {}, ...type },
    trigger: { parameters: {}, ref: trigger.type, ...trigger },
    action: { parameters: {}, ...action },
  } as Resources["rule"];
}

const Event = {
  payload: Type.Optional(FreeObject),
  trigger_instance: Type.Optional(Type.String({ description: "id of an event whose payload to use" })),
};

export const RULE_ROUTES: readonly Route[] = [
  ...readRoutes({ ...RULES, path: "/rules/views", view: describedView }),
  route({
    method: "POST",
    path: "/rules/test",
    summary: "Says, criterion by criterion, whether a rule that need not exist holds for an event.",
    verb: "view",
    resource: "rule",
    body: Type.Object({ rule: RuleBody, ...Event }, closed),
    response: RuleTest,
    handler: async (call) => {
      const payload = await payloadOf(call, call.body);
      return ok(await call.context.engine.events.testRule(call.project, asRule(call.body.rule), payload));
    },
  }),
  route({
    method: "POST",
    path: "/rules/{ref_or_id}/test",
    summary: "Says, criterion by criterion, whether a rule holds for an event. Nothing runs.",
    verb: "view",
    resource: "rule",
    body: Type.Object(Event, closed),
    response: RuleTest,
    handler: async (call) => {
      const rule = await find(call, RULES, call.param("ref_or_id"));
      const test = await call.context.engine.events.testRule(call.project, rule, await payloadOf(call, call.body));
      if (test.parameters === undefined) return ok(test);
      const { content } = call.context.engine;
      const action = content.get(call.project, "action", rule.action.ref);
      const parameters = action
        ? maskSecrets(test.parameters, content.parametersOf(call.project, action))
        : test.parameters;
      return ok({ ...test, parameters });
    },
  }),
  ...readRoutes(RULES),
  ...writeRoutes(RULES, RuleBody, { defaultPack: "default" }),
  route({
    method: "GET",
    path: "/ruletypes",
    summary: "Lists the types of rules.",
    verb: "list",
    resource: "rule_type",
    response: Type.Array(RuleType),
    handler: () => ok(TYPES, { "X-Total-Count": String(TYPES.length) }),
  }),
  route({
    method: "GET",
    path: "/ruletypes/{name_or_id}",
    summary: "Shows a type of rules.",
    verb: "view",
    resource: "rule_type",
    response: RuleType,
    handler: (call) => {
      const key = call.param("name_or_id");
      const type = TYPES.find(({ name, id }) => name === key || id === key);
      if (type !== undefined) return ok(type);
      throw new NotFound("content.not-found", { message: `Resource with a name or id "${key}" not found` });
    },
  }),
];
