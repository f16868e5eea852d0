import {
  type Event,
  type Execution,
  formatMicros,
  isObject,
  type JsonObject,
  type ParameterSchema,
  type Snapshot,
} from "@squall/model";
import type { ViewOptions } from "../engine.ts";
import type { Core } from "../core.ts";
import { INQUIRER, maskAnswer } from "../inquiries/answer.ts";
import { isWorkflow } from "../workflows/is-workflow.ts";
import { maskParameters, maskValue, openParameters } from "../parameters/secrets.ts";

/** StackStorm's API objects of executions. Children, snapshots and events are read once for all of them. */
export async function viewExecutions(
  core: Core,
  executions: readonly Execution[],
  options: ViewOptions = {},
): Promise<JsonObject[]> {
  const wants = (name: string) => options.only === undefined || options.only.has(name);
  const views: JsonObject[] = [];
  const byProject = new Map<string, Execution[]>();
  for (const one of executions) byProject.set(one.project, [...(byProject.get(one.project) ?? []), one]);
  const made = new Map<string, JsonObject>();
  for (const [project, own] of byProject) {
    const snapshots = await core.snapshots.load(
      project,
      own.map((one) => one.snapshot),
    );
    const children = wants("children")
      ? await core.parts.store.childIds(
          project,
          own.map((one) => one.id),
        )
      : new Map<string, string[]>();
    const events = new Map<string, Event>();
    if (wants("trigger_instance")) {
      for (const id of new Set(own.flatMap((one) => one.trigger_instance ?? []))) {
        const event = await core.parts.store.event(project, id);
        if (event) events.set(id, event);
      }
    }
    for (const one of own) {
      made.set(
        one.id,
        view(
          core,
          one,
          snapshots.get(one.snapshot),
          children.get(one.id) ?? [],
          events.get(one.trigger_instance ?? ""),
          options,
        ),
      );
    }
  }
  for (const one of executions) views.push(made.get(one.id) as JsonObject);
  return views;
}

function view(
  core: Core,
  execution: Execution,
  snapshot: Snapshot | undefined,
  children: readonly string[],
  event: Event | undefined,
  options: ViewOptions,
): JsonObject {
  const secrets = options.showSecrets === true;
  const plan = snapshot && core.plans(snapshot.action, snapshot.runner);
  const parameters = !plan
    ? {}
    : secrets
      ? openParameters(execution.parameters, plan.sealed, core.parts.vault)
      : maskParameters(execution.parameters, plan.merged);
  const out: JsonObject = {
    id: execution.id,
    status: execution.status,
    start_timestamp: formatMicros(execution.start),
    action: snapshot?.action ?? { ref: execution.action },
    runner: snapshot?.runner ?? { name: execution.runner },
    liveaction: {
      id: execution.liveaction,
      action: execution.action,
      action_is_workflow: isWorkflow(execution.runner),
      parameters,
      runner_info: {},
      ...(execution.callback && { callback: execution.callback }),
      ...(execution.notify && { notify: execution.notify }),
    },
    parameters,
    context: execution.context,
    log: execution.log.map((one) => ({ status: one.status, timestamp: formatMicros(one.timestamp) })),
    web_url: `${core.parts.webUrl()}/#/history/${execution.id}/general`,
  };
  if (execution.end !== undefined) {
    out.end_timestamp = formatMicros(execution.end);
    out.elapsed_seconds = (execution.end - execution.start) / 1e6;
  }
  if (execution.result !== undefined) {
    const size = Buffer.byteLength(JSON.stringify(execution.result));
    out.result_size = size;
    if (options.maxResultBytes === undefined || size <= options.maxResultBytes) {
      out.result = secrets || !snapshot ? execution.result : maskResult(execution.result, snapshot);
    }
  }
  if (execution.parent !== undefined) out.parent = execution.parent;
  const place = execution.context.orquesta;
  if (execution.runner === "orquesta") out.workflow_execution = execution.id;
  if (isObject(place) && typeof place.task_execution_id === "string") out.task_execution = place.task_execution_id;
  if (children.length > 0) out.children = children;
  if (execution.delay !== undefined) out.delay = execution.delay;
  if (execution.where) out.where = execution.where;
  if (execution.priority !== undefined) out.priority = execution.priority;
  if (snapshot?.rule) out.rule = secrets ? snapshot.rule : maskRule(core, execution.project, snapshot.rule);
  if (snapshot?.trigger) out.trigger = snapshot.trigger;
  if (snapshot?.trigger_type) out.trigger_type = snapshot.trigger_type;
  if (event) out.trigger_instance = viewEvent(event);
  return out;
}

/** StackStorm's API object of an event. */
export function viewEvent(event: Event): JsonObject {
  return {
    id: event.id,
    trigger: event.trigger,
    payload: event.payload,
    occurrence_time: formatMicros(event.occurrence_time),
    status: event.status,
  };
}

/** Masks what the action's output schema calls secret within `result[output_key]` (reference, section 6); of an answer, its own. */
export function maskResult(result: JsonObject, snapshot: Snapshot): JsonObject {
  if (snapshot.runner.name === INQUIRER) return maskAnswer(result);
  const key = snapshot.runner.output_key;
  const schema = snapshot.action.output_schema;
  if (!key || !schema || !(key in result)) return result;
  // The old form is a map of property schemas without `type`.
  const full = typeof schema.type === "string" ? schema : ({ properties: schema } as unknown as ParameterSchema);
  return { ...result, [key]: maskValue(result[key], full) };
}

/** A rule as it may be shown: the action's secret parameters masked. */
export function maskRule<R extends { readonly action: { readonly ref: string; readonly parameters: JsonObject } }>(
  core: Core,
  project: string,
  rule: R,
): R {
  const action = core.shelves.get(project, "action", rule.action.ref)?.body;
  const runner = action && core.shelves.get(project, "runner_type", action.runner_type)?.body;
  if (!action || !runner) return rule;
  const plan = core.plans(action, runner);
  if (plan.sealed.length === 0) return rule;
  return { ...rule, action: { ...rule.action, parameters: maskParameters(rule.action.parameters, plan.merged) } };
}
