import {
  type Enforcement,
  type Event,
  Invalid,
  type JsonObject,
  messageOf,
  type Rule,
  SYSTEM_USER,
  type Trigger,
  type TriggerType,
} from "@squall/model";
import type { Change } from "@squall/store";
import { type Core, parameterContext } from "../core.ts";
import { type Draft, draftExecution, runnerOf } from "../executions/draft.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { renderRequest } from "../parameters/render.ts";
import { matchRules, type RuleDecision } from "../rules/index.ts";

/** An event and everything that follows from it at once, as one list of changes. */
export interface Decision {
  readonly event: Event;
  readonly drafts: readonly Draft[];
  readonly changes: readonly Change[];
}

export interface Happening {
  readonly project: string;
  readonly trigger: Trigger;
  readonly type: TriggerType;
  readonly payload: JsonObject;
  readonly occurredAt?: number;
  readonly traceTag?: string;
}

/**
 * Decides what an event means: which rules match, what they run. Pure but for slots, which it takes for the executions
 * it drafts: whoever calls commits the changes, or gives the slots back (`refuse`). Answers at once unless a template
 * reads the datastore.
 */
export function decide(core: Core, happening: Happening): Decision | Promise<Decision> {
  const { parts } = core;
  const { project, trigger, payload } = happening;
  const now = parts.now();
  const event: Event = {
    id: parts.newId(),
    project,
    trigger: trigger.ref,
    trigger_type: happening.type.ref,
    payload,
    occurrence_time: happening.occurredAt ?? now,
    status: "processed",
    ...(happening.traceTag !== undefined && { trace_tag: happening.traceTag }),
  };
  const matched = evaluateWithKeys(parts, project, (keys) =>
    matchRules(core.rules(project), trigger.ref, payload, { variables: keys(SYSTEM_USER), now }),
  );
  return matched instanceof Promise
    ? matched.then((results) => enforceAll(core, happening, event, results))
    : enforceAll(core, happening, event, matched);
}

function enforceAll(
  core: Core,
  happening: Happening,
  event: Event,
  results: readonly RuleDecision[],
): Decision | Promise<Decision> {
  const changes: Change[] = [{ kind: "event.insert", event }];
  const drafts: Draft[] = [];
  const collect = (one: Enforced) => {
    changes.push({ kind: "enforcement.insert", enforcement: one.enforcement });
    if (one.draft) {
      changes.push(...one.draft.changes);
      drafts.push(one.draft);
    }
  };
  const later: Promise<Enforced>[] = [];
  for (const { rule, result } of results) {
    if (result.matched) {
      const enforced = enforce(core, happening, event, rule);
      if (enforced instanceof Promise) later.push(enforced);
      else collect(enforced);
    } else if ("error" in result && result.error !== undefined) {
      const reason = `Failed to match rule "${rule.ref}" against trigger instance "${event.id}": ${result.error}`;
      collect({ enforcement: enforcement(core, event, rule, reason) });
    }
  }
  const decision: Decision = { event, drafts, changes };
  if (later.length === 0) return decision;
  return Promise.all(later).then((all) => {
    all.forEach(collect);
    return decision;
  });
}

interface Enforced {
  readonly enforcement: Enforcement;
  readonly draft?: Draft;
}

function enforce(core: Core, happening: Happening, event: Event, rule: Rule): Enforced | Promise<Enforced> {
  const { project } = happening;
  const failed = (thrown: unknown): Enforced => ({ enforcement: enforcement(core, event, rule, messageOf(thrown)) });
  try {
    const action = core.shelves.get(project, "action", rule.action.ref)?.body;
    if (!action) {
      throw new Invalid("rule.action.unknown", { message: `Action "${rule.action.ref}" doesn't exist` });
    }
    if (!action.enabled) {
      throw new Invalid("action.disabled", { message: `Unable to execute. Action "${action.ref}" is disabled.` });
    }
    const runner = runnerOf(core, project, action);
    const plan = core.plans(action, runner);
    const context: JsonObject = {
      trigger_instance: { id: event.id, name: event.trigger },
      rule: { id: rule.id, ref: rule.ref },
      user: SYSTEM_USER,
      pack: rule.pack,
      trace_context: { trace_tag: event.trace_tag ?? `trigger_instance-${event.id}` },
    };
    const finish = (parameters: JsonObject): Enforced => {
      const draft = draftExecution(core, {
        project,
        action,
        runner,
        parameters,
        context,
        user: SYSTEM_USER,
        origin: { rule, trigger: happening.trigger, triggerType: happening.type, event: event.id },
        ...(action.notify && { notify: action.notify }),
      });
      return { enforcement: enforcement(core, event, rule, undefined, draft.execution.id), draft };
    };
    const rendered = evaluateWithKeys(core.parts, project, (keys) =>
      renderRequest(
        plan,
        rule.action.parameters,
        parameterContext(
          core,
          { project, pack: action.pack, user: SYSTEM_USER, context, keys },
          { trigger: event.payload },
        ),
      ),
    );
    return rendered instanceof Promise ? rendered.then(finish).catch(failed) : finish(rendered);
  } catch (thrown) {
    return failed(thrown);
  }
}

function enforcement(core: Core, event: Event, rule: Rule, failure?: string, execution?: string): Enforcement {
  return {
    id: core.parts.newId(),
    project: event.project,
    rule: { id: rule.id, ref: rule.ref, uid: rule.uid },
    trigger_instance: event.id,
    enforced_at: core.parts.now(),
    status: failure === undefined ? "succeeded" : "failed",
    ...(failure !== undefined && { failure_reason: failure }),
    ...(execution !== undefined && { execution }),
  };
}
