import { Conflict, Invalid, NotFound } from "@squall/model";
import type { Status } from "../status.ts";

/** A request that a workflow in its status cannot follow. */
export const badTransition = (event: string, status: Status | null): Conflict =>
  new Conflict("workflow.transition", {
    message: `Unable to process event "workflow_${event}" for workflow in "${status ?? "null"}" status.`,
    fields: { type: "InvalidWorkflowStatusTransition" },
  });

export const badStatus = (status: string): Invalid =>
  new Invalid("workflow.status", {
    message: `Status "${status}" is not valid.`,
    fields: { type: "InvalidStatus" },
  });

export const noSuchTask = (task: string): NotFound =>
  new NotFound("workflow.task.unknown", { message: `Task "${task}" does not exist.`, fields: { type: "InvalidTask" } });

export const notStaged = (task: string): Conflict =>
  new Conflict("workflow.task.not-staged", {
    message: `Task "${task}" is not staged or has not started yet.`,
    fields: { type: "InvalidTaskStateEntry" },
  });

/** A value that an expression gave and that its place cannot have. */
export class ValueFault extends Invalid {
  constructor(message: string) {
    super("workflow.value", { message, fields: { type: "TypeError" } });
  }
}

/** What a thrown error is called in the error log of a workflow; undefined for errors that are none of its expressions'. */
export function nameOf(error: unknown): string | undefined {
  if (error instanceof ValueFault) return "TypeError";
  if (error instanceof Invalid && error.code === "expression.failed") return (error as Invalid & { type: string }).type;
  return undefined;
}
