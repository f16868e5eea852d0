import {
  formatPosition,
  Invalid,
  isObject,
  type JsonObject,
  type ResourceKind,
  type Resources,
  type RunnerType,
} from "@squall/model";
import {
  checkAction,
  checkAlias,
  checkConfig,
  checkConfigSchema,
  checkPack,
  checkPolicy,
  checkRule,
  checkTriggerType,
  completeAction,
  completeAlias,
  completePolicy,
  completeRule,
  completeTriggerType,
  formatPath,
  type Problem,
} from "@squall/packs";
import type { Edit } from "./edit.ts";
import type { Shelves } from "./shelves.ts";
import { dropUnusedTriggers, putShadowTrigger, triggerFor } from "./triggers.ts";

/** StackStorm's pack for content that is created over the API without naming one. */
const DEFAULT_PACK = "default";

/**
 * Checks a draft as it comes from a file or over the API, completes it, and puts it into the edit together with what
 * follows from it (the trigger of a rule, the shadow trigger of a type). Throws Invalid naming every problem.
 */
export function putDraft<K extends ResourceKind>(
  edit: Edit,
  shelves: Shelves,
  kind: K,
  draft: JsonObject,
): Resources[K] {
  const pack = typeof draft.pack === "string" ? draft.pack : DEFAULT_PACK;
  const id = typeof draft.id === "string" ? { id: draft.id } : {};
  // Each case returns the resource of its own kind; TypeScript cannot tie that to K.
  const put = (): unknown => {
    switch (kind) {
      case "action": {
        refuse(kind, checkAction(draft, { runners: edit.list("runner_type") }));
        return edit.put("action", { ...completeAction(draft, pack), ...id }).body;
      }
      case "trigger_type": {
        refuse(kind, checkTriggerType(draft));
        const type = edit.put("trigger_type", { ...completeTriggerType(draft, pack), ...id }).body;
        putShadowTrigger(edit, type);
        return type;
      }
      case "trigger": {
        const type = String(draft.type);
        return triggerFor(edit, shelves, {
          type,
          parameters: isObject(draft.parameters) ? draft.parameters : {},
          ref: "",
        });
      }
      case "rule":
        return putRule(edit, shelves, draft, pack);
      case "policy": {
        refuse(kind, checkPolicy(draft));
        return edit.put("policy", { ...completePolicy(draft, pack), ...id }).body;
      }
      case "action_alias": {
        refuse(kind, checkAlias(draft));
        return edit.put("action_alias", { ...completeAlias(draft, pack), ...id }).body;
      }
      case "config_schema": {
        refuse(kind, checkConfigSchema(draft.attributes));
        return edit.put("config_schema", draft as unknown as Resources["config_schema"]).body;
      }
      case "config": {
        const schema = edit.get("config_schema", pack)?.body.attributes;
        refuse(kind, checkConfig(draft.values, schema, pack));
        return edit.put("config", draft as unknown as Resources["config"]).body;
      }
      case "pack":
        refuse(kind, checkPack(draft));
        return edit.put("pack", draft).body;
      case "runner_type":
        return edit.put("runner_type", draft as unknown as RunnerType).body;
      case "sensor_type":
        return edit.put("sensor_type", draft as unknown as Resources["sensor_type"]).body;
      default:
        throw new Invalid("content.kind", { message: `there is no kind of content called '${String(kind)}'` });
    }
  };
  return put() as Resources[K];
}

function putRule(edit: Edit, shelves: Shelves, draft: JsonObject, pack: string): Resources["rule"] {
  refuse("rule", checkRule(draft));
  const complete = completeRule(draft, pack);
  const id = typeof draft.id === "string" ? draft.id : edit.get("rule", complete.ref)?.id;
  const before = id === undefined ? undefined : edit.get("rule", id)?.body.trigger.ref;
  const trigger = triggerFor(edit, shelves, complete.trigger);
  const rule = edit.put("rule", {
    ...complete,
    trigger: { ...complete.trigger, ref: trigger.ref },
    ...(id !== undefined && { id }),
  }).body;
  if (before !== undefined && before !== trigger.ref) dropUnusedTriggers(edit, shelves, [before]);
  return rule;
}

/** Takes a resource away with what was there only for it. */
export function removeFrom(edit: Edit, shelves: Shelves, kind: ResourceKind, id: string): void {
  const found = edit.get(kind, id);
  if (!found) return;
  edit.remove(kind, found.id);
  if (found.kind === "rule") dropUnusedTriggers(edit, shelves, [found.body.trigger.ref]);
  if (found.kind === "trigger_type") {
    const shadow = edit.get("trigger", found.ref);
    if (shadow?.body.type === found.ref) edit.remove("trigger", shadow.id);
  }
}

function refuse(kind: ResourceKind, problems: readonly Problem[]): void {
  const errors = problems.filter((one) => one.severity === "error");
  if (errors.length === 0) return;
  const lines = errors.map(
    (one) => formatPosition({ field: formatPath(one.path) }) + (one.path.length > 0 ? ": " : "") + one.message,
  );
  const first = errors[0] as Problem;
  throw new Invalid(`${kind.replaceAll("_", "-")}.invalid`, {
    message: lines.slice(0, 20).join("; "),
    ...(first.path.length > 0 && { at: { field: formatPath(first.path) } }),
    fields: { problems: lines.slice(0, 20) },
  });
}
