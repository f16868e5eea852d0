import { Conflict, type Event, Invalid, type JsonObject, NotFound, SYSTEM_USER, type Trigger } from "@squall/model";
import { normalizeUrl } from "@squall/sources";
import { validateBy } from "../content/triggers.ts";
import { type Core, parameterContext } from "../core.ts";
import type { Events, RuleTest } from "../engine.ts";
import type { Dispatch } from "../executions/dispatch.ts";
import { refuseWhenFull } from "../executions/executions.ts";
import { runnerOf } from "../executions/draft.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { renderRequest } from "../parameters/render.ts";
import { maskParameters } from "../parameters/secrets.ts";
import { compileRule } from "../rules/index.ts";
import { LANGUAGES } from "../languages.ts";
import { decide } from "./decide.ts";

/** Events in, their history, and what rules would say. */
export function createEvents(core: Core, dispatch: Dispatch): Events {
  const { parts } = core;
  const { store } = parts;

  const emit: Events["emit"] = async (project, asked) => {
    refuseWhenFull(core);
    const trigger =
      typeof asked.trigger === "string" ? (await core.find(project, "trigger", asked.trigger))?.body : asked.trigger;
    const type = trigger && core.shelves.get(project, "trigger_type", trigger.type)?.body;
    if (!trigger || !type) {
      const name = typeof asked.trigger === "string" ? asked.trigger : asked.trigger.ref;
      throw new Invalid("event.trigger.unknown", {
        message: `Trigger with reference "${name}" doesn't exist in the database. \`squall trigger list\` shows those there are.`,
        at: { field: "trigger" },
      });
    }
    const violations = validateBy(type.payload_schema)(asked.payload);
    if (violations.length > 0) {
      const words = violations.map((one) => (one.path ? `${one.path}: ${one.message}` : one.message)).slice(0, 10);
      throw new Invalid("event.payload", {
        message: `the payload does not fit the schema of trigger type "${type.ref}": ${words.join("; ")}`,
        at: { field: violations[0]?.path ? `payload.${violations[0].path}` : "payload" },
      });
    }
    const decision = await decide(core, {
      project,
      trigger,
      type,
      payload: asked.payload,
      ...(asked.occurredAt !== undefined && { occurredAt: asked.occurredAt }),
      ...(asked.traceTag !== undefined && { traceTag: asked.traceTag }),
    });
    const committed = await dispatch.commit(decision.drafts, decision.changes);
    if (!committed.ok) throw new Conflict("event.conflict", { message: committed.message });
    return { event: decision.event, executions: decision.drafts.map((one) => one.execution) };
  };

  return {
    emit,
    get: (project, id) => store.event(project, id),
    list: (project, filter, page) => store.events(project, filter, page),
    async reEmit(project, id) {
      const old = await store.event(project, id);
      if (!old) throw new NotFound("event.not-found", { message: `TriggerInstance with id "${id}" not found.` });
      const payload = { ...old.payload, __context: { original_id: id } };
      return emitOld(old, payload);
    },
    enforcement: (project, id) => store.enforcement(project, id),
    enforcements: (project, filter, page) => store.enforcements(project, filter, page),
    async testRule(project, rule, payload): Promise<RuleTest> {
      const compiled = compileRule(rule, LANGUAGES);
      const criteria = await evaluateWithKeys(parts, project, (keys) =>
        compiled.explain(payload, { variables: keys(SYSTEM_USER), now: parts.now() }),
      );
      const matched = criteria.every((one) => one.held);
      if (!matched) return { matched, criteria };
      const action = core.shelves.get(project, "action", rule.action.ref)?.body;
      if (!action) return { matched, criteria, error: `Action "${rule.action.ref}" doesn't exist` };
      try {
        const plan = core.plans(action, runnerOf(core, project, action));
        const context = { user: SYSTEM_USER, pack: rule.pack, rule: { id: rule.id, ref: rule.ref } };
        const parameters = await evaluateWithKeys(parts, project, (keys) =>
          renderRequest(
            plan,
            rule.action.parameters,
            parameterContext(
              core,
              { project, pack: action.pack, user: SYSTEM_USER, context, keys },
              { trigger: payload },
            ),
          ),
        );
        return { matched, criteria, parameters: maskParameters(parameters, plan.merged) };
      } catch (thrown) {
        return { matched, criteria, error: thrown instanceof Error ? thrown.message : String(thrown) };
      }
    },
    webhooks(project, url) {
      return core.webhooks(project, normalizeUrl(url));
    },
  };

  /** The original was valid when it came; `__context` need not fit a strict schema. */
  async function emitOld(old: Event, payload: JsonObject): Promise<Event> {
    const trigger: Trigger | undefined = core.shelves.get(old.project, "trigger", old.trigger)?.body;
    const type = core.shelves.get(old.project, "trigger_type", old.trigger_type)?.body;
    if (!trigger || !type) {
      throw new Invalid("event.trigger.unknown", {
        message: `Trigger "${old.trigger}" of this event no longer exists, so it cannot be emitted again; create its rule again first`,
      });
    }
    const decision = await decide(core, {
      project: old.project,
      trigger,
      type,
      payload,
      ...(old.trace_tag !== undefined && { traceTag: old.trace_tag }),
    });
    const committed = await dispatch.commit(decision.drafts, decision.changes);
    if (!committed.ok) throw new Conflict("event.conflict", { message: committed.message });
    return decision.event;
  }
}
