import {
  ActionAlias,
  Config,
  ConfigSchema,
  type JsonObject,
  NotFound,
  Policy,
  type Resources,
  SensorType,
} from "@squall/model";
import Type from "typebox";
import { type Call, ok, route, type Route } from "../http/route.ts";
import { type ContentSpec, draftOf, find, readRoutes, writeRoutes } from "./content-routes.ts";
import { maskConfig } from "./mask.ts";
import { stableId } from "./stable-id.ts";

/** Sensors, policies, aliases and configuration: what packs hold beside actions, triggers and rules. */

const SENSORS: ContentSpec<"sensor_type"> = {
  kind: "sensor_type",
  path: "/sensortypes",
  noun: "a sensor",
  schema: SensorType,
  filters: {
    id: (sensor) => sensor.id,
    name: (sensor) => sensor.name,
    pack: (sensor) => sensor.pack,
    trigger: (sensor) => sensor.trigger_types,
  },
  booleanFilters: { enabled: (sensor) => sensor.enabled },
};

const POLICIES: ContentSpec<"policy"> = {
  kind: "policy",
  path: "/policies",
  noun: "a policy",
  schema: Policy,
  filters: {
    pack: (policy) => policy.pack,
    name: (policy) => policy.name,
    resource_ref: (policy) => policy.resource_ref,
    policy_type: (policy) => policy.policy_type,
  },
  defaultLimit: 100,
};

const ALIASES: ContentSpec<"action_alias"> = {
  kind: "action_alias",
  path: "/actionalias",
  noun: "an alias",
  schema: ActionAlias,
  filters: { name: (alias) => alias.name, pack: (alias) => alias.pack },
  sort: ["pack", "name"],
  defaultLimit: 100,
};

const CONFIG_SCHEMAS: ContentSpec<"config_schema"> = {
  kind: "config_schema",
  path: "/config_schemas",
  noun: "a pack's configuration schema",
  key: "pack",
  schema: ConfigSchema,
  filters: { pack: (schema) => schema.pack },
  notFound: (pack) => `Unable to identify resource with pack_ref "${pack}".`,
};

function configView(call: Call<{ show_secrets?: boolean }>, config: Resources["config"]): JsonObject {
  if (call.query.show_secrets && call.may("show_secrets", { type: "config" })) return config;
  const schema = call.context.engine.content.get(call.project, "config_schema", config.pack);
  return schema === undefined ? config : { ...config, values: maskConfig(config.values, schema.attributes) };
}

const CONFIGS: ContentSpec<"config"> = {
  kind: "config",
  path: "/configs",
  noun: "a pack's configuration",
  key: "pack",
  schema: Config,
  filters: { pack: (config) => config.pack },
  view: configView,
  notFound: (pack) => `Unable to identify resource with pack_ref "${pack}".`,
};

const PolicyType = Type.Object({
  id: Type.String(),
  uid: Type.String(),
  ref: Type.String(),
  name: Type.String(),
  resource_type: Type.String(),
  description: Type.String(),
  enabled: Type.Boolean(),
  module: Type.String(),
  parameters: Type.Record(Type.String(), Type.Unknown()),
});

const AFTER = {
  action: {
    type: "string",
    description: "What happens to an execution over the threshold.",
    enum: ["delay", "cancel"],
    default: "delay",
  },
} as const;
const THRESHOLD = { type: "integer", description: "Most executions at a time.", required: true, minimum: 0 } as const;

/** The policies that StackStorm has, with its names and parameters. */
const POLICY_TYPES = [
  {
    name: "concurrency",
    description: "Limits how many executions of an action run at a time.",
    module: "st2actions.policies.concurrency",
    parameters: { ...AFTER, threshold: THRESHOLD },
  },
  {
    name: "concurrency.attr",
    description: "Limits how many executions of an action with equal parameters run at a time.",
    module: "st2actions.policies.concurrency_by_attr",
    parameters: {
      ...AFTER,
      threshold: THRESHOLD,
      attributes: {
        type: "array",
        description: "Parameters that have to be equal.",
        required: true,
        items: { type: "string" },
      },
    },
  },
  {
    name: "retry",
    description: "Runs an action again when it failed.",
    module: "st2actions.policies.retry",
    parameters: {
      retry_on: { type: "string", description: "After which end.", enum: ["failure", "timeout"], required: true },
      max_retry_count: { type: "integer", description: "Most times.", required: true, minimum: 0, maximum: 1000 },
      delay: { type: "number", description: "Seconds between.", default: 0, minimum: 0, maximum: 120 },
    },
  },
].map((type) => {
  const uid = `policy_type:action:${type.name}`;
  return { id: stableId(uid), uid, ref: `action.${type.name}`, resource_type: "action", enabled: true, ...type };
});

export const PACK_CONTENT_ROUTES: readonly Route[] = [
  ...readRoutes(SENSORS),
  route({
    method: "PUT",
    path: "/sensortypes/{ref_or_id}",
    summary: "Switches a sensor on or off; nothing else of it can be changed.",
    verb: "modify",
    resource: "sensor_type",
    body: draftOf(SensorType, ["enabled"]),
    response: SensorType,
    handler: async (call) => {
      const sensor = await find(call, SENSORS, call.param("ref_or_id"));
      const { enabled } = call.body as { enabled: boolean };
      return ok(await call.context.engine.content.put(call.project, "sensor_type", { ...sensor, enabled }, "update"));
    },
  }),
  route({
    method: "GET",
    path: "/policytypes",
    summary: "Lists the types of policies.",
    verb: "list",
    resource: "policy_type",
    query: Type.Object({ resource_type: Type.Optional(Type.String()), name: Type.Optional(Type.String()) }),
    response: Type.Array(PolicyType),
    handler: (call) => {
      const { resource_type: resource, name } = call.query;
      const found = POLICY_TYPES.filter(
        (type) =>
          (resource === undefined || type.resource_type === resource) && (name === undefined || type.name === name),
      );
      return ok(found, { "X-Total-Count": String(found.length) });
    },
  }),
  route({
    method: "GET",
    path: "/policytypes/{ref_or_id}",
    summary: "Shows a type of policies.",
    verb: "view",
    resource: "policy_type",
    response: PolicyType,
    handler: (call) => {
      const key = call.param("ref_or_id");
      const type = POLICY_TYPES.find(({ ref, id }) => ref === key || id === key);
      if (type !== undefined) return ok(type);
      throw new NotFound("content.not-found", { message: `Resource with a reference or id "${key}" not found` });
    },
  }),
  ...readRoutes(POLICIES),
  ...writeRoutes(POLICIES, draftOf(Policy, ["name", "resource_ref", "policy_type"]), {
    defaultPack: "default",
    guarded: true,
  }),
  ...readRoutes(ALIASES),
  ...writeRoutes(ALIASES, draftOf(ActionAlias, ["name", "action_ref", "formats"]), { defaultPack: "default" }),
  ...readRoutes(CONFIG_SCHEMAS),
  ...readRoutes(CONFIGS),
  route({
    method: "PUT",
    path: "/configs/{pack}",
    summary: "Replaces a pack's configuration; the body is the values.",
    verb: "modify",
    resource: "config",
    query: Type.Object({ show_secrets: Type.Optional(Type.Boolean()) }),
    body: Type.Record(Type.String(), Type.Unknown()),
    response: Config,
    handler: async (call) => {
      const { ref: pack } = await find(call, { kind: "pack" }, call.param("pack"));
      const { content } = call.context.engine;
      const existing = content.get(call.project, "config", pack);
      const draft = { ...(existing ? { id: existing.id } : {}), pack, values: call.body };
      return ok(configView(call, await content.put(call.project, "config", draft, "upsert")));
    },
  }),
];
