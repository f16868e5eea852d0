import {
  compileSchema,
  formatRef,
  Invalid,
  type JsonObject,
  type Rule,
  toDraft4,
  type Trigger,
  type TriggerType,
  triggerUid,
  type Validate,
} from "@squall/model";
import { checkTimerParameters, checkWebhookParameters } from "@squall/sources";
import { randomUUID } from "node:crypto";
import type { Edit } from "./edit.ts";
import type { Shelves } from "./shelves.ts";

/** The trigger that rules and events of a type without parameters use: it has the type's own ref. */
export function putShadowTrigger(edit: Edit, type: Omit<TriggerType, "id">): void {
  const ref = formatRef(type.pack, type.name);
  if (takesParameters(type)) {
    const old = edit.get("trigger", ref);
    if (old) edit.remove("trigger", old.id);
    return;
  }
  edit.put("trigger", {
    uid: triggerUid(type.pack, type.name, {}),
    ref,
    name: type.name,
    pack: type.pack,
    type: ref,
    parameters: {},
    ...(type.description === undefined ? {} : { description: type.description }),
  });
}

export function takesParameters(type: Pick<TriggerType, "parameters_schema">): boolean {
  return Object.keys(type.parameters_schema).length > 0;
}

/**
 * The trigger that a rule's `trigger: {type, parameters}` means, made if no other rule uses it yet. Throws Invalid with
 * StackStorm's words when the type is unknown or the parameters are wrong.
 */
export function triggerFor(edit: Edit, shelves: Shelves, asked: Rule["trigger"]): Trigger {
  const type = edit.get("trigger_type", asked.type)?.body;
  if (!type) {
    throw new Invalid("rule.trigger.unknown", {
      message: `Trigger "${asked.type}" defined in the rule does not exist in system or it's missing required "parameters" attribute`,
      at: { field: "trigger.type" },
    });
  }
  if (!takesParameters(type)) {
    const shadow = edit.get("trigger", type.ref)?.body;
    if (shadow) return shadow;
  }
  const problems = validateBy(type.parameters_schema)(asked.parameters).map((one) =>
    one.path ? `${one.path}: ${one.message}` : one.message,
  );
  if (problems.length === 0) {
    if (type.ref === "core.st2.webhook") problems.push(...checkWebhookParameters(asked.parameters));
    if (TIMERS.has(type.ref)) problems.push(...checkTimerParameters(type.ref, asked.parameters));
  }
  if (problems.length > 0) {
    throw new Invalid("rule.trigger.parameters", {
      message: `the parameters of trigger "${asked.type}" are wrong: ${problems.join("; ")}`,
      at: { field: "trigger.parameters" },
    });
  }
  const found = shelves.triggerOf(edit.project, type.ref, asked.parameters);
  const kept = found && edit.get("trigger", found.id);
  if (kept) return kept.body;
  const uid = triggerUid(type.pack, type.name, asked.parameters);
  const made = edit.list("trigger").find((one) => one.uid === uid && one.type === type.ref);
  if (made) return made;
  const name = randomUUID();
  return edit.put("trigger", {
    uid,
    ref: formatRef(type.pack, name),
    name,
    pack: type.pack,
    type: type.ref,
    parameters: asked.parameters,
  }).body;
}

/** Removes triggers with parameters that no rule uses any more. `refs` are those that may have lost their last rule. */
export function dropUnusedTriggers(edit: Edit, shelves: Shelves, refs: Iterable<string>): void {
  for (const ref of new Set(refs)) {
    const trigger = edit.get("trigger", ref);
    if (!trigger || trigger.body.ref === trigger.body.type) continue;
    const used = [...shelves.rulesOf(edit.project, ref)].some((id) => edit.get("rule", id)?.body.trigger.ref === ref);
    const usedHere = edit
      .edited()
      .some((one) => one.change !== "delete" && one.resource.kind === "rule" && one.resource.body.trigger.ref === ref);
    if (!used && !usedHere) edit.remove("trigger", trigger.id);
  }
}

const TIMERS: ReadonlySet<string> = new Set(["core.st2.IntervalTimer", "core.st2.DateTimer", "core.st2.CronTimer"]);

const compiled = new WeakMap<JsonObject, Validate>();

/** A trigger type's schema (payload or parameters) compiled, once per schema object. An empty one takes everything. */
export function validateBy(schema: JsonObject): Validate {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = Object.keys(schema).length === 0 ? () => [] : compileSchema(toDraft4(schema));
    compiled.set(schema, validate);
  }
  return validate;
}
