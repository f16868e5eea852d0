import { type Execution, isObject, type JsonObject, type Snapshot } from "@squall/model";
import { type Core, parameterContext } from "../core.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { renderFinal } from "../parameters/render.ts";
import { openParameters } from "../parameters/secrets.ts";
import type { StoredEvent } from "./history.ts";
import type { Live } from "./live.ts";

/** `ctx().st2` and `ctx().parent` (stackstorm-model 17.1). What comes to a context later does not count. */
export function contextOf(
  core: Core,
  live: Pick<Live, "execution" | "compiled">,
  { apiUrl, config }: Extract<StoredEvent, { kind: "start" }>,
): JsonObject {
  const { execution } = live;
  const { cancelled_by: _c, paused_by: _p, resumed_by: _r, ...context } = execution.context;
  if (live.compiled.language === "action-chain") {
    const opened = config === undefined ? {} : (JSON.parse(core.parts.vault.open(config, "workflow")) as JsonObject);
    return { action_context: context, config_context: opened, __context: context };
  }
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

/** The pack's configuration as a chain's templates see it. */
export async function configFor(core: Core, execution: Execution, { action }: Snapshot): Promise<JsonObject> {
  const { project, user, context } = execution;
  return await evaluateWithKeys(core.parts, project, (keys) => {
    const { config_context: config } = parameterContext(core, { project, pack: action.pack, user, context, keys });
    return (config ?? {}) as JsonObject;
  });
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
  const templated = plan.templated.size > 0;
  const { timeout } = rendered.runner;
  const isGiven = action.parameters.timeout !== undefined || kept.timeout !== undefined;
  if (!isGiven || !hasInput(core, snapshot, "timeout")) return { ...rendered, templated };
  // A workflow written for StackStorm, whose runner has no such parameter: its own input, and no limit of ours.
  return { runner: { ...rendered.runner, timeout: 0 }, action: { ...rendered.action, timeout }, templated };
}

/** Whether an Orquesta workflow declares an input of this name. */
function hasInput(core: Core, { definition, runner }: Snapshot, name: string): boolean {
  if (definition === undefined || runner.name !== "orquesta") return false;
  try {
    const { input } = core.definitions.compile(definition, runner.name).source;
    return Array.isArray(input) && input.some((one) => one === name || (isObject(one) && Object.hasOwn(one, name)));
  } catch {
    return false; // what is wrong with it, inspection tells
  }
}
