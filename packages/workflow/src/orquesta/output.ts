import { messageOf } from "@squall/model";
import { tableValues } from "../table.ts";
import { type ContextRecord, overlayOf, variablesOf } from "./context.ts";
import { evaluate } from "./evaluate.ts";
import { nameOf } from "./faults.ts";
import { type Overlay, over, put, then } from "./merge.ts";
import { isOver } from "./request.ts";
import { type Draft, logError } from "./state.ts";
import { tableGet } from "../table.ts";

/** The variables a completed workflow ended with: those of its last tasks, later ones over earlier ones. */
export function terminalVariables(draft: Draft): Overlay {
  const { contexts, entries } = draft.state;
  let all: Overlay | undefined;
  const done = new Set<number>();
  for (const { terminal, context } of tableValues(entries)) {
    if (terminal !== true) continue;
    const overlay = overlayOf(contexts, context);
    // The same context again changes nothing, unless another one came between.
    if (all !== undefined && done.has(context) && done.size === 1) continue;
    done.add(context);
    all = all === undefined ? overlay : then(all, overlay);
  }
  if (all === undefined) return {};
  const initial = tableGet<ContextRecord | null>(contexts, 0) ?? undefined;
  return initial === undefined || !("set" in initial) ? variablesOf(contexts, undefined) : over(initial.set, all);
}

/**
 * Evaluates the output of a completed workflow, once. Entries that fail are logged and left out, and turn success into
 * failure.
 */
export function renderOutput(draft: Draft): void {
  const { state, definition } = draft;
  if (!isOver(state.status) || state.output !== null || definition.output.length === 0) return;
  const variables: Record<string, unknown> = { ...terminalVariables(draft) };
  const output: Record<string, unknown> = {};
  for (const [name, value] of definition.output) {
    try {
      const evaluated = evaluate(draft, value, variables);
      put(variables, name, evaluated);
      put(output, name, evaluated);
    } catch (error) {
      const type = nameOf(error);
      if (type === undefined) throw error;
      logError(draft, { message: `${type}: ${messageOf(error)}` });
      if (state.status === "succeeded") state.status = "failed";
    }
  }
  if (Object.keys(output).length > 0) state.output = output;
}
