import Type, { type Static } from "typebox";
import { Labels, Priority } from "../labels.ts";
import type { Parameters } from "../parameter-schema.ts";

/**
 * What packs hold, in StackStorm's shapes and names: what is read from metadata files, stored, and shown by the API.
 * Each schema describes the stored object; the fields marked computed are set at registration.
 */

const Text = Type.String();
const Name = Type.String({ minLength: 1, maxLength: 1024 });
export const Tags = Type.Array(
  Type.Object(
    { name: Type.String({ maxLength: 1024 }), value: Type.String({ maxLength: 1024 }) },
    { additionalProperties: false },
  ),
);
/** Parameter maps are checked by `checkParameters`, which says more than a schema could. */
export const ParameterMap = Type.Unsafe<Parameters>({ type: "object" });
const FreeObject = Type.Record(Type.String(), Type.Unknown());

/** Fields every stored resource has. All computed. */
const identity = { id: Text, uid: Text, ref: Text };

const NotifySection = Type.Object(
  {
    message: Type.Optional(Text),
    data: Type.Optional(FreeObject),
    routes: Type.Optional(Type.Array(Text)),
    channels: Type.Optional(Type.Array(Text)),
  },
  { additionalProperties: false },
);
export const Notify = Type.Object(
  {
    "on-complete": Type.Optional(NotifySection),
    "on-success": Type.Optional(NotifySection),
    "on-failure": Type.Optional(NotifySection),
  },
  { additionalProperties: false },
);
export type Notify = Static<typeof Notify>;

export const Pack = Type.Object({
  ...identity,
  name: Name,
  description: Text,
  version: Text,
  author: Text,
  email: Type.Optional(Text),
  keywords: Type.Optional(Type.Array(Text)),
  stackstorm_version: Type.Optional(Text),
  python_versions: Type.Optional(Type.Array(Text)),
  python_fork: Type.Optional(
    Type.Boolean({ description: "False: each run of the pack's Python actions gets a fresh interpreter." }),
  ),
  contributors: Type.Optional(Type.Array(Text)),
  dependencies: Type.Optional(Type.Array(Text)),
  system: Type.Optional(FreeObject),
  files: Type.Array(Text, { description: "Computed: every file under the pack, sorted." }),
  path: Type.String({ description: "Computed: absolute folder of the pack." }),
  digest: Type.Optional(Type.String({ description: "Computed: digest of the pack's content." })),
  archive: Type.Optional(
    Type.String({ description: "Computed: digest of the archive of its code that is kept for other machines." }),
  ),
  installing: Type.Optional(
    Type.String({
      description: "Computed: its files are here, its content is not registered yet; the archive before, or empty.",
    }),
  ),
});
export type Pack = Static<typeof Pack> & { readonly [extra: string]: unknown };

export const RunnerType = Type.Object({
  id: Text,
  uid: Text,
  name: Name,
  description: Text,
  enabled: Type.Boolean(),
  runner_package: Text,
  runner_module: Text,
  query_module: Type.Optional(Text),
  runner_parameters: ParameterMap,
  output_key: Type.Optional(Text),
  output_schema: Type.Optional(FreeObject),
});
export type RunnerType = Static<typeof RunnerType>;

export const Action = Type.Object({
  ...identity,
  name: Name,
  pack: Name,
  description: Type.Optional(Text),
  enabled: Type.Boolean(),
  runner_type: Text,
  entry_point: Text,
  parameters: ParameterMap,
  output_schema: Type.Optional(FreeObject),
  idempotent: Type.Optional(
    Type.Boolean({ description: "Runs again when its worker is lost: doing it twice does no harm." }),
  ),
  tags: Type.Optional(Tags),
  notify: Type.Optional(Notify),
  where: Type.Optional(Labels),
  priority: Type.Optional(Priority),
  metadata_file: Type.Optional(Text),
});
export type Action = Static<typeof Action>;

export const TriggerType = Type.Object({
  ...identity,
  name: Name,
  pack: Name,
  description: Type.Optional(Text),
  payload_schema: FreeObject,
  parameters_schema: FreeObject,
  tags: Type.Optional(Tags),
  metadata_file: Type.Optional(Text),
});
export type TriggerType = Static<typeof TriggerType>;

/** A trigger type with concrete parameters; rules with equal ones share it. */
export const Trigger = Type.Object({
  ...identity,
  name: Name,
  pack: Name,
  type: Type.String({ description: "ref of the trigger type" }),
  parameters: FreeObject,
  description: Type.Optional(Text),
});
export type Trigger = Static<typeof Trigger>;

export const Criterion = Type.Object({
  type: Text,
  pattern: Type.Unknown(),
  condition: Type.Optional(Text),
});
export type Criterion = Static<typeof Criterion>;

export const Rule = Type.Object({
  ...identity,
  name: Name,
  pack: Name,
  description: Type.Optional(Text),
  enabled: Type.Boolean(),
  type: Type.Object({ ref: Text, parameters: FreeObject }),
  trigger: Type.Object({
    type: Text,
    parameters: FreeObject,
    ref: Type.String({ description: "Computed: ref of the trigger that this type and these parameters make." }),
    description: Type.Optional(Text),
  }),
  criteria: Type.Record(Type.String(), Criterion),
  action: Type.Object({ ref: Text, parameters: FreeObject, description: Type.Optional(Text) }),
  tags: Type.Optional(Tags),
  context: Type.Optional(FreeObject),
  metadata_file: Type.Optional(Text),
});
export type Rule = Static<typeof Rule>;

export const SensorType = Type.Object({
  ...identity,
  name: Name,
  pack: Name,
  description: Type.Optional(Text),
  artifact_uri: Text,
  entry_point: Text,
  trigger_types: Type.Array(Text),
  poll_interval: Type.Optional(Type.Number()),
  enabled: Type.Boolean(),
  metadata_file: Type.Optional(Text),
});
export type SensorType = Static<typeof SensorType>;

export const Policy = Type.Object({
  ...identity,
  name: Name,
  pack: Name,
  description: Type.Optional(Text),
  enabled: Type.Boolean(),
  resource_ref: Text,
  policy_type: Text,
  parameters: FreeObject,
  metadata_file: Type.Optional(Text),
});
export type Policy = Static<typeof Policy>;

export const ActionAlias = Type.Object({
  ...identity,
  name: Name,
  pack: Name,
  description: Type.Optional(Text),
  enabled: Type.Boolean(),
  action_ref: Text,
  formats: Type.Array(Type.Unknown()),
  ack: Type.Optional(FreeObject),
  result: Type.Optional(FreeObject),
  extra: Type.Optional(FreeObject),
  immutable_parameters: Type.Optional(FreeObject),
  metadata_file: Type.Optional(Text),
});
export type ActionAlias = Static<typeof ActionAlias>;

export const ConfigSchema = Type.Object({ id: Text, pack: Name, attributes: ParameterMap });
export type ConfigSchema = Static<typeof ConfigSchema>;

export const Config = Type.Object({ id: Text, pack: Name, values: FreeObject });
export type Config = Static<typeof Config>;

/** The resource kinds by their StackStorm resource type names, with the type of each. */
export interface Resources {
  pack: Pack;
  runner_type: RunnerType;
  action: Action;
  trigger_type: TriggerType;
  trigger: Trigger;
  rule: Rule;
  sensor_type: SensorType;
  policy: Policy;
  action_alias: ActionAlias;
  config_schema: ConfigSchema;
  config: Config;
}
export type ResourceKind = keyof Resources;
export const RESOURCE_KINDS: readonly ResourceKind[] = [
  "pack",
  "runner_type",
  "action",
  "trigger_type",
  "trigger",
  "rule",
  "sensor_type",
  "policy",
  "action_alias",
  "config_schema",
  "config",
];
