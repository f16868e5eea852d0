import { type Execution, isId, NotFound } from "@squall/model";
import type { Call } from "../http/route.ts";

/** The execution a path names; `last` is the newest. Asks `allow` again, now that it is known whose it is. */
export async function findExecution(call: Call, verb: "view" | "cancel" | "modify" | "run"): Promise<Execution> {
  const id = call.param("id");
  const { executions } = call.context.engine;
  const execution = isId(id)
    ? await executions.get(call.project, id)
    : id === "last"
      ? (await executions.list(call.project, {}, { limit: 1 })).items[0]
      : undefined;
  if (execution === undefined) {
    throw new NotFound("execution.not-found", { message: `Unable to identify resource with id "${id}".` });
  }
  if (call.principal.method === "execution") await demandOwn(call, verb, execution);
  return execution;
}

/** Execution tokens reach their own execution and its descendants only. */
async function demandOwn(call: Call, verb: "view" | "cancel" | "modify" | "run", execution: Execution): Promise<void> {
  const ancestors: string[] = [];
  let parent = execution.parent;
  while (parent !== undefined && ancestors.length < 100) {
    ancestors.push(parent);
    parent = (await call.context.engine.executions.get(call.project, parent))?.parent;
  }
  const told =
    verb === "view" && ((await isToldOf(call, execution)) || (await isOfSameCommand(call, execution, ancestors)));
  // "run" alone would be allowed to every token; running again shows the old parameters, so it needs a view of them.
  call.demand(verb === "run" ? "view" : verb, { type: "execution", id: execution.id, ancestors, told });
}

/**
 * Whether the caller runs because a rule was told of this execution, as `chatops.post_result` does: such an event may hold
 * its result as well, so that looking it up opens nothing.
 */
async function isToldOf(call: Call, execution: Execution): Promise<boolean> {
  const { executions, events } = call.context.engine;
  let asking = call.principal.execution;
  for (let depth = 0; asking !== undefined && depth < 100; depth++) {
    const one: Execution | undefined = await executions.get(call.project, asking);
    asking = one?.parent;
    if (one?.trigger_instance === undefined) continue;
    const event = await events.get(call.project, one.trigger_instance);
    return TELLING.has(event?.trigger_type ?? "") && event?.payload.execution_id === execution.id;
  }
  return false;
}

/**
 * Whether the execution came of a command in a chat whose end the caller is to tell: another task of the caller's workflow
 * took the command there, as in `chatops.run`; or a person gave the execution's id to what they ran, as
 * `action-alias test` does with `chatops.format_execution_result`.
 */
async function isOfSameCommand(call: Call, execution: Execution, ancestors: readonly string[]): Promise<boolean> {
  if (execution.context.action_alias_ref === undefined) return false;
  const root = ancestors.at(-1);
  let asking = call.principal.execution;
  for (let depth = 0; asking !== undefined && depth < 100; depth++) {
    if (asking === root) return true;
    const one: Execution | undefined = await call.context.engine.executions.get(call.project, asking);
    const fromPerson = one?.parent === undefined && one?.trigger_instance === undefined;
    if (fromPerson) return one?.parameters.execution_id === execution.id;
    asking = one?.parent;
  }
  return false;
}

/** Trigger types whose events are about an execution, and which are Squall's own. */
const TELLING: ReadonlySet<string> = new Set(["core.st2.generic.actiontrigger", "core.st2.generic.notifytrigger"]);
