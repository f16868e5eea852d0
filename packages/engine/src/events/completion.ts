import { renderText } from "@squall/expressions";
import {
  type Execution,
  FAILED_STATUSES,
  formatMicros,
  isObject,
  type JsonObject,
  messageOf,
  type Notify,
  type Snapshot,
  SYSTEM_USER,
} from "@squall/model";
import type { Change } from "@squall/store";
import type { Core } from "../core.ts";
import type { Draft } from "../executions/draft.ts";
import { maskResult } from "../executions/view.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { holdsTemplate } from "../parameters/templates.ts";
import { maskParameters } from "../parameters/secrets.ts";
import { type Decision, decide } from "./decide.ts";

/** What follows from the end of an execution, to be committed with it. */
export interface Aftermath {
  readonly drafts: readonly Draft[];
  readonly changes: readonly Change[];
}

const NOTHING: Aftermath = { drafts: [], changes: [] };
export const ACTION_TRIGGER = "core.st2.generic.actiontrigger";
export const NOTIFY_TRIGGER = "core.st2.generic.notifytrigger";

/**
 * The internal events that a completed execution causes: `actiontrigger`, and one `notifytrigger` for each route of its
 * `notify` (reference, sections 9.1 and 15). They are recorded only where a rule listens.
 */
export function afterCompletion(core: Core, ended: Execution, snapshot: Snapshot): Aftermath | Promise<Aftermath> {
  const rules = core.rules(ended.project);
  const act = rules.listens(ACTION_TRIGGER);
  const notify = ended.notify !== undefined && rules.listens(NOTIFY_TRIGGER);
  if (!act && !notify) return NOTHING;
  return collect(core, ended, snapshot, act, notify);
}

async function collect(
  core: Core,
  ended: Execution,
  snapshot: Snapshot,
  act: boolean,
  notify: boolean,
): Promise<Aftermath> {
  const plan = core.plans(snapshot.action, snapshot.runner);
  const result = maskResult(ended.result ?? {}, snapshot);
  const decisions: Decision[] = [];
  const traceTag = traceTagOf(ended);
  const add = async (trigger: string, payload: JsonObject) => {
    const decision = await decideInternal(core, ended.project, trigger, payload, traceTag);
    if (decision) decisions.push(decision);
  };
  if (act) {
    await add(ACTION_TRIGGER, {
      execution_id: ended.id,
      status: ended.status,
      start_timestamp: formatMicros(ended.start),
      action_name: snapshot.action.name,
      action_ref: ended.action,
      runner_ref: ended.runner,
      parameters: maskParameters(ended.parameters, plan.merged),
      result,
    });
  }
  if (notify) {
    for (const payload of await notifications(core, ended, snapshot, result)) await add(NOTIFY_TRIGGER, payload);
  }
  return {
    drafts: decisions.flatMap((one) => one.drafts),
    changes: decisions.flatMap((one) => one.changes),
  };
}

/** Decides an event of one of Squall's own triggers; nothing when no rule listens. */
export async function decideInternal(
  core: Core,
  project: string,
  trigger: string,
  payload: JsonObject,
  traceTag?: string,
): Promise<Decision | undefined> {
  if (!core.rules(project).listens(trigger)) return undefined;
  const found = core.shelves.get(project, "trigger", trigger)?.body;
  const type = found && core.shelves.get(project, "trigger_type", found.type)?.body;
  if (!found || !type) return undefined;
  return decide(core, { project, trigger: found, type, payload, ...(traceTag !== undefined && { traceTag }) });
}

async function notifications(
  core: Core,
  ended: Execution,
  snapshot: Snapshot,
  result: JsonObject,
): Promise<JsonObject[]> {
  const notify = ended.notify as Notify;
  const failed = FAILED_STATUSES.includes(ended.status);
  const sections = [
    { section: notify["on-complete"], word: "completed" },
    { section: ended.status === "succeeded" ? notify["on-success"] : undefined, word: "succeeded" },
    { section: failed ? notify["on-failure"] : undefined, word: "failed" },
  ];
  const out: JsonObject[] = [];
  for (const { section, word } of sections) {
    if (!section) continue;
    const routes = section.routes ?? section.channels ?? [];
    const plain = `Action ${ended.action} ${word}.`;
    const rendered = await renderNotification(
      core,
      ended,
      snapshot,
      result,
      section.message ?? plain,
      section.data ?? {},
    );
    for (const route of routes) {
      out.push({
        execution_id: ended.id,
        status: ended.status,
        start_timestamp: formatMicros(ended.start),
        end_timestamp: formatMicros(ended.end ?? ended.start),
        action_ref: ended.action,
        runner_ref: ended.runner,
        channel: route,
        route,
        message: rendered.message,
        data: { result: JSON.stringify(result), ...rendered.data },
      });
    }
  }
  return out;
}

async function renderNotification(
  core: Core,
  ended: Execution,
  snapshot: Snapshot,
  result: JsonObject,
  message: string,
  data: JsonObject,
): Promise<{ message: string; data: JsonObject }> {
  const plan = core.plans(snapshot.action, snapshot.runner);
  try {
    return await evaluateWithKeys(core.parts, ended.project, (keys) => {
      const context = {
        ...keys(ended.user || SYSTEM_USER),
        action_context: ended.context,
        action_parameters: maskParameters(ended.parameters, plan.merged),
        action_results: result,
      };
      const render = (value: unknown): unknown => {
        if (typeof value === "string") return holdsTemplate(value) ? renderText(value, context) : value;
        if (Array.isArray(value)) return value.map(render);
        if (!isObject(value)) return value;
        return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, render(one)]));
      };
      return { message: String(render(message)), data: render(data) as JsonObject };
    });
  } catch (thrown) {
    // A notification that cannot be rendered still has to tell that the action ended, and what is wrong with it.
    return {
      message: `Action ${ended.action} ended: ${ended.status}. Its notification could not be rendered: ${messageOf(thrown)}`,
      data: {},
    };
  }
}

export function traceTagOf(execution: Execution): string | undefined {
  const trace = execution.context.trace_context;
  return isObject(trace) && typeof trace.trace_tag === "string" ? trace.trace_tag : undefined;
}
