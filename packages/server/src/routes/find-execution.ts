import { type Execution, isId, NotFound } from "@squall/model";
import type { Call } from "../http/route.ts";

/** The execution a path names; `last` is the newest. */
export async function findExecution(call: Call): Promise<Execution> {
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
  return execution;
}
