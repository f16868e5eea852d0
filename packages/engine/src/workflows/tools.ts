import type { Core } from "../core.ts";
import type { WorkflowTools } from "../engine.ts";
import { inspectText } from "./inspection.ts";
import { rehearse } from "./rehearse.ts";

/** Definitions of workflows for people: nothing here writes. */
export function createWorkflowTools(core: Core): WorkflowTools {
  return {
    inspect: (project, definition) => inspectText(core, project, definition),
    rehearse: (project, rehearsal) => rehearse(core, project, rehearsal),
  };
}
