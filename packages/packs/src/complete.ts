import { isObject, type JsonObject, type Resources } from "@squall/model";
import { runnerName } from "./check/action.ts";
import { POLICY_DEFAULTS } from "./check/policy.ts";

/** A resource but for its id, which registration gives. */
export type Completed<K extends keyof Resources> = Omit<Resources[K], "id">;

/**
 * Each of these turns a draft without errors (see the checks) into the resource it describes: defaults filled in, ref
 * and uid computed, nulls and computed fields that came along dropped. `pack` is the ref of the pack it goes to.
 */
export function completeAction(draft: JsonObject, pack: string): Completed<"action"> {
  const name = text(draft.name);
  return {
    ...named("action", pack, name, draft),
    enabled: boolean(draft.enabled, true),
    runner_type: runnerName(text(draft.runner_type)),
    entry_point: text(draft.entry_point),
    parameters: object(draft.parameters) as Resources["action"]["parameters"],
    ...optional(draft, "output_schema", "idempotent", "tags", "notify", "where", "priority"),
  };
}

/** `trigger.ref` is the trigger type's ref: right where it takes no parameters, else the registrar sets the trigger's. */
export function completeRule(draft: JsonObject, pack: string): Completed<"rule"> {
  const type = object(draft.type);
  const trigger = object(draft.trigger);
  const action = object(draft.action);
  return {
    ...named("rule", pack, text(draft.name), draft),
    enabled: boolean(draft.enabled, false),
    type: { ref: typeof type.ref === "string" ? type.ref : "standard", parameters: object(type.parameters) },
    trigger: {
      ...present(trigger),
      type: text(trigger.type),
      parameters: object(trigger.parameters),
      ref: text(trigger.type),
    },
    criteria: object(draft.criteria) as Resources["rule"]["criteria"],
    action: { ...optional(action, "description"), ref: text(action.ref), parameters: object(action.parameters) },
    ...optional(draft, "tags", "context"),
  };
}

export function completeTriggerType(draft: JsonObject, pack: string): Completed<"trigger_type"> {
  return {
    ...named("trigger_type", pack, text(draft.name), draft),
    payload_schema: object(draft.payload_schema),
    parameters_schema: object(draft.parameters_schema),
    ...optional(draft, "tags"),
  };
}

/** `packPath` is the absolute folder of the pack: the API shows where a sensor's code is. */
export function completeSensor(draft: JsonObject, pack: string, packPath: string): Completed<"sensor_type"> {
  const className = text(draft.class_name);
  const entryPoint = text(draft.entry_point);
  const module = entryPoint.replace(/\.py$/, "").replaceAll("/", ".");
  const types = Array.isArray(draft.trigger_types) ? draft.trigger_types.filter(isObject) : [];
  return {
    ...named("sensor_type", pack, className, draft),
    enabled: boolean(draft.enabled, true),
    artifact_uri: `file://${packPath}/sensors/${entryPoint}`,
    entry_point: `${module}.${className}`,
    trigger_types: types.map((type) => `${pack}.${text(type.name)}`),
    ...optional(draft, "poll_interval"),
  };
}

export function completePolicy(draft: JsonObject, pack: string): Completed<"policy"> {
  const type = text(draft.policy_type);
  return {
    ...named("policy", pack, text(draft.name), draft),
    enabled: boolean(draft.enabled, true),
    resource_ref: text(draft.resource_ref),
    policy_type: type,
    parameters: {
      ...(Object.hasOwn(POLICY_DEFAULTS, type) ? POLICY_DEFAULTS[type] : {}),
      ...present(object(draft.parameters)),
    },
  };
}

export function completeAlias(draft: JsonObject, pack: string): Completed<"action_alias"> {
  return {
    ...named("action_alias", pack, text(draft.name), draft),
    enabled: boolean(draft.enabled, true),
    action_ref: text(draft.action_ref),
    formats: Array.isArray(draft.formats) ? draft.formats : [],
    ...optional(draft, "ack", "result", "extra", "immutable_parameters"),
  };
}

/** What the reader found out about the folder itself. */
export interface PackFolder {
  readonly ref: string;
  readonly path: string;
  readonly files: readonly string[];
  readonly digest: string;
}

/** Keeps what else the manifest says. */
export function completePack(draft: JsonObject, folder: PackFolder): Completed<"pack"> {
  return {
    ...present(draft),
    ...folder,
    files: [...folder.files],
    uid: `pack:${folder.ref}`,
    name: text(draft.name),
    description: text(draft.description),
    version: String(draft.version),
    author: text(draft.author),
    keywords: list(draft.keywords),
    dependencies: list(draft.dependencies),
    system: object(draft.system),
  };
}

function named(type: string, pack: string, name: string, draft: JsonObject) {
  return {
    name,
    pack,
    ref: `${pack}.${name}`,
    uid: `${type}:${pack}:${name}`,
    ...(optional(draft, "description", "metadata_file") as { description?: string; metadata_file?: string }),
  };
}

/** Those of these members that are there and not null. */
function optional(draft: JsonObject, ...names: string[]): JsonObject {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(draft, name) && draft[name] != null).map((name) => [name, draft[name]]),
  );
}

function present(draft: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value != null));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function boolean(value: unknown, otherwise: boolean): boolean {
  return typeof value === "boolean" ? value : otherwise;
}

function object(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
