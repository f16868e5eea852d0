import { Invalid, isObject, type Execution, type JsonObject, messageOf } from "@squall/model";
import type { Command } from "@squall/workflow";
import { isWorkflow } from "./is-workflow.ts";
import { depthOf } from "./census.ts";
import { type Core, parameterContext } from "../core.ts";
import { type Draft, draftExecution, runnerOf } from "../executions/draft.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { nodeContext, nodeNotify } from "./chains.ts";
import type { Compiled } from "./definitions.ts";
import { refuseOverrides, renderRequest } from "../parameters/render.ts";

export type Run = Extract<Command, { readonly kind: "run" }>;
export type TimerCommand = Extract<Command, { readonly kind: "timer" }>;

/**
 * The execution that a task of a workflow asks for. It runs as the workflow's user, knows its place in the workflow by its
 * context (stackstorm-model 17.1), and gets its input as data. @throws Invalid when there can be none
 */
export async function draftTask(
  core: Core,
  workflow: Execution,
  compiled: Compiled,
  command: Run,
  run: string | undefined,
  /** The workflow's parameter of that: `notify` of Orquesta, `skip_notify` of chains. */
  notifying: unknown,
): Promise<Draft> {
  const { parts } = core;
  const { project, user } = workflow;
  const action = (await core.find(project, "action", command.action))?.body;
  if (!action) {
    throw new Invalid("action.unknown", { message: `Action "${command.action}" cannot be found.` });
  }
  if (!action.enabled) {
    throw new Invalid("action.disabled", { message: `Unable to execute. Action "${action.ref}" is disabled.` });
  }
  const runner = runnerOf(core, project, action);
  if (isWorkflow(runner.name)) {
    core.census.admitBelow(workflow);
    admitTask(core);
  }
  const plan = core.plans(action, runner);
  const { api_user, api_user_claimed, source_channel, trace_context, pack } = workflow.context;
  const inherited = {
    ...(api_user !== undefined && { api_user }),
    ...(api_user_claimed !== undefined && { api_user_claimed }),
    ...(source_channel !== undefined && { source_channel }),
  };
  const id = parts.newId();
  const depth = depthOf(workflow) + 1;
  const context: JsonObject = {
    ...(compiled.language === "action-chain"
      ? { chain: { ...nodeContext(compiled, command.task, command.route), ...(depth > 1 && { depth }) } }
      : {
          orquesta: {
            workflow_execution_id: workflow.id,
            task_execution_id: run ?? id,
            task_name: command.task,
            task_id: command.task,
            task_route: command.route,
            ...(command.item !== undefined && { item_id: command.item }),
            // How deep it stands, where it is a task of a task.
            ...(depth > 1 && { depth }),
          },
        }),
    parent: { execution_id: workflow.id, user, pack, ...inherited },
    ...inherited,
    user,
    pack: action.pack,
    trace_context: isObject(trace_context) ? trace_context : {},
  };
  refuseOverrides(plan, command.input);
  // Values out of a workflow are data, whatever they look like, and never rendered.
  const rendered = evaluateWithKeys(parts, project, (keys) =>
    renderRequest(plan, {}, parameterContext(core, { project, pack: action.pack, user, context, keys }), command.input),
  );
  const parameters = rendered instanceof Promise ? await rendered : rendered;
  const notifies = Array.isArray(notifying) && notifying.includes(command.task);
  const notify =
    compiled.language === "action-chain"
      ? nodeNotify(compiled, command.task, workflow, notifying)
      : ((notifies ? workflow.notify : undefined) ?? action.notify);
  return draftExecution(core, {
    id,
    project,
    action,
    runner,
    parameters,
    context,
    user,
    parent: workflow.id,
    where: action.where ?? workflow.where,
    priority: action.priority ?? workflow.priority,
    ...(notify && { notify }),
    ...(command.delay !== undefined && { delayMs: command.delay * 1000 }),
  });
}

/** As a task it fails now: whoever asked from outside is told to come again. */
function admitTask(core: Core): void {
  try {
    core.census.admit();
  } catch (thrown) {
    throw new Invalid("workflow.too-many", { message: messageOf(thrown), cause: thrown });
  }
}
