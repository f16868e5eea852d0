import type { Execution, JsonObject, Snapshot } from "@squall/model";
import { type Core, parameterContext } from "../core.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { renderFinal } from "../parameters/render.ts";
import { openParameters } from "../parameters/secrets.ts";
import type { StoredEvent } from "./history.ts";
import type { Live } from "./live.ts";

/** `ctx().st2` and `ctx().parent` (stackstorm-model 17.1). What comes to a context later does not count. */
export function contextOf(live: Pick<Live, "execution">, apiUrl: string): JsonObject {
  const { execution } = live;
  const { cancelled_by: _c, paused_by: _p, resumed_by: _r, ...context } = execution.context;
  const { api_user, source_channel, pack } = context;
  const st2 = {
    action_execution_id: execution.id,
    workflow_execution_id: execution.id,
    api_url: apiUrl,
    user: execution.user,
    pack,
    action: execution.action,
    runner: execution.runner,
    ...(api_user !== undefined && { api_user }),
    ...(source_channel !== undefined && { source_channel }),
  };
  // Under the names that definitions.ts tells inspection.
  return { st2, parent: context };
}

/** The workflow's inputs: what was given, with the action's defaults. */
export async function inputsOf(
  core: Core,
  live: Pick<Live, "execution" | "snapshot">,
  event: Extract<StoredEvent, { kind: "start" }>,
): Promise<JsonObject> {
  if (event.inputs !== undefined) return JSON.parse(core.parts.vault.open(event.inputs, "workflow")) as JsonObject;
  return (await settingsOf(core, live.execution, live.snapshot)).action;
}

/** What the execution was asked to do, split into what is the runner's and what the workflow's. */
export async function settingsOf(
  core: Core,
  execution: Execution,
  snapshot: Snapshot,
): Promise<{ readonly runner: JsonObject; readonly action: JsonObject; readonly templated: boolean }> {
  const { action, runner } = snapshot;
  const plan = core.plans(action, runner);
  const kept = openParameters(execution.parameters, plan.sealed, core.parts.vault);
  const about = { project: execution.project, pack: action.pack, user: execution.user, context: execution.context };
  const rendered = await evaluateWithKeys(core.parts, execution.project, (keys) =>
    renderFinal(plan, kept, parameterContext(core, { ...about, keys })),
  );
  return { ...rendered, templated: plan.templated.size > 0 };
}
