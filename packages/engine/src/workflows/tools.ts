import type { Core } from "../core.ts";
import type { WorkflowTools } from "../engine.ts";
import { graphOfDefinition, graphOfExecution } from "./graph.ts";
import { inspectText } from "./inspection.ts";
import { record } from "./rehearsal/record.ts";
import { tasksOf } from "./tasks.ts";
import { rehearse } from "./rehearsal/rehearse.ts";

/** Definitions of workflows for people: nothing here writes. */
export function createWorkflowTools(core: Core): WorkflowTools {
  return {
    inspect: (project, definition) => inspectText(core, project, definition),
    graph: (definition) => graphOfDefinition(core, definition),
    graphOf: (execution) => graphOfExecution(core, execution),
    record: (execution) => record(core, execution),
    tasksOf: (execution) => tasksOf(core, execution),
    rehearse: (project, rehearsal) => rehearse(core, project, rehearsal),
  };
}
