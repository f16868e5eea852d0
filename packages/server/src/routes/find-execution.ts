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
  // "run" alone would be allowed to every token; running again shows the old parameters, so it needs a view of them.
  call.demand(verb === "run" ? "view" : verb, { type: "execution", id: execution.id, ancestors });
}
