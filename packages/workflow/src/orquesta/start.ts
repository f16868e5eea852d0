import { emptyTable, tablePush } from "../table.ts";
import { type Overlay, over } from "./merge.ts";
import { evaluate } from "./evaluate.ts";
import { nameOf } from "./faults.ts";
import { put } from "./merge.ts";
import { addStaged, type Draft, logError } from "./state.ts";
import { messageOf } from "@squall/model";

/**
 * Evaluates inputs and variables and stages the first tasks. Inputs that were given are data and not evaluated, unless
 * `reevaluate`; those that are not declared are dropped. When something cannot be evaluated the workflow has failed.
 */
export function begin(draft: Draft, inputs: Overlay, parent: Overlay): void {
  const { definition, state } = draft;
  const variables: Record<string, unknown> = { ...parent };
  const failed: string[] = [];
  const assign = (name: string, value: () => unknown): void => {
    try {
      put(variables, name, value());
    } catch (error) {
      const type = nameOf(error);
      if (type === undefined) throw error;
      failed.push(`${type}: ${messageOf(error)}`);
    }
  };
  for (const { name, preset } of definition.input) {
    const given = Object.hasOwn(inputs, name);
    const isData = given && draft.functions.reevaluate !== true;
    assign(name, () => (isData ? inputs[name] : evaluate(draft, given ? inputs[name] : preset, variables)));
  }
  for (const [name, value] of definition.vars) assign(name, () => evaluate(draft, value, variables));
  state.routes = tablePush(draft.owned, state.routes, { path: [], latest: emptyTable, arrived: emptyTable });
  if (failed.length > 0) {
    for (const message of failed) logError(draft, { message });
    state.status = "failed";
    return;
  }
  state.contexts = tablePush(draft.owned, state.contexts, { set: over({}, variables) });
  for (const task of draft.graph.starts) {
    addStaged(draft, { task, route: 0, context: 0, ready: true });
  }
}
