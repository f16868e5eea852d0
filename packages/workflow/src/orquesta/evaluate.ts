import {
  type CurrentTask,
  evaluateExpressions,
  evaluateList,
  routeSeenFrom,
  type Variables,
  type WorkflowFunctions,
} from "@squall/expressions";
import { tableGet } from "../table.ts";
import { type Draft, type Entry, entryAt, latestIndex } from "./state.ts";

/** What the expressions of a task see beside its variables. */
export interface Surroundings {
  readonly task?: CurrentTask;
  readonly item?: unknown;
}

/** The surroundings of a task that has a result. */
export const around = (entry: Pick<Entry, "task" | "route">, result: unknown): Surroundings => ({
  task: { id: entry.task, route: entry.route, result },
});

function functionsFor(draft: Draft, around: Surroundings): WorkflowFunctions {
  return {
    ...draft.functions,
    ...around,
    statusOf: (task, route) => {
      const seen = routeSeenFrom(
        route,
        (number) => tableGet(draft.state.routes, number)?.path,
        (number) => latestIndex(draft, task, number) !== undefined,
      );
      const index = seen === undefined ? undefined : latestIndex(draft, task, seen);
      return index === undefined ? undefined : (entryAt(draft.state, index).status ?? undefined);
    },
  };
}

export const evaluate = (draft: Draft, value: unknown, variables: Variables, around: Surroundings = {}): unknown =>
  isConstant(value) ? value : evaluateExpressions(value, variables, functionsFor(draft, around));

export const evaluateItems = (
  draft: Draft,
  text: string,
  variables: Variables,
  around: Surroundings,
): unknown[] | undefined => evaluateList(text, variables, functionsFor(draft, around));

/** Values of the definition in which there is nothing to evaluate; its objects live as long as the program. */
const constants = new WeakMap<object, boolean>();

function isConstant(value: unknown): boolean {
  if (typeof value === "string") return !value.includes("<%") && !value.includes("{");
  if (typeof value !== "object" || value === null) return true;
  const known = constants.get(value);
  if (known !== undefined) return known;
  const constant = Array.isArray(value)
    ? value.every(isConstant)
    : Object.entries(value).every(([key, member]) => isConstant(key) && isConstant(member));
  constants.set(value, constant);
  return constant;
}

/** What counts as true, as in Python. */
export function isTrue(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}
