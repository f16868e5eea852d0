import { messageOf } from "@squall/model";
import { ACTIVE, HANDING_OUT, type Status } from "../status.ts";
import { tableGet, tableOf } from "../table.ts";
import { variablesOf } from "./context.ts";
import type { WithItems } from "./definition.ts";
import { evaluate, evaluateItems, type Surroundings } from "./evaluate.ts";
import { nameOf, ValueFault } from "./faults.ts";
import { compareNames } from "./graph.ts";
import type { Overlay } from "./merge.ts";
import { request } from "./request.ts";
import { type Draft, type Items, logError, nodeOf, setStaged, type Staged } from "./state.ts";

/** One action to run. */
export interface Action {
  /** Null for a task without action. */
  readonly action: unknown;
  readonly input: unknown;
  readonly itemId?: number;
}

/** A task that can run now. */
export interface NextTask {
  readonly task: string;
  readonly route: number;
  readonly variables: Overlay;
  readonly actions: readonly Action[];
  /** Seconds. */
  readonly delay?: number;
  /** Seconds that the whole task may take, where it begins now. */
  readonly timeout?: number;
  /** Of with-items tasks. */
  readonly itemsCount?: number;
  readonly concurrency?: number | null;
}

/**
 * The tasks that can run now, by name and route; items of with-items tasks as far as their concurrency has room. They are
 * told again until they are reported to have started. A task that cannot be rendered fails the workflow.
 */
export function nextTasks(draft: Draft): NextTask[] {
  const { state } = draft;
  const failed = state.status === "failed";
  if (!failed && !HANDING_OUT.has(state.status ?? "")) return [];
  const found: NextTask[] = [];
  let broken = false;
  // Rendering sets what is known of items, and never adds or removes.
  for (let at = 0; at < state.staged.length; at++) {
    const staged = state.staged[at] as Staged;
    if (!staged.ready || staged.completed === true || (failed && staged.runOnFail !== true)) continue;
    try {
      const { items: before } = staged;
      const next = render(draft, staged);
      if (next.items !== before) setStaged(draft, at, { ...staged, items: next.items });
      if (next.task.actions.length > 0 || next.items?.count === 0) found.push(next.task);
    } catch (error) {
      const type = nameOf(error);
      if (type === undefined) throw error;
      logError(draft, { message: `${type}: ${messageOf(error)}`, task_id: staged.task, route: staged.route });
      broken = true;
    }
  }
  if (broken) {
    request(draft, "failed");
    return [];
  }
  return found.sort((a, b) => compareNames(a.task, b.task) || a.route - b.route);
}

/** A staged task with its expressions evaluated. */
export const renderTask = (draft: Draft, staged: Staged): NextTask => render(draft, staged).task;

function render(draft: Draft, staged: Staged): { readonly task: NextTask; readonly items?: Items } {
  const { task: name, route } = staged;
  const { task } = nodeOf(draft, name);
  const variables = variablesOf(draft.state.contexts, staged.context);
  const around: Surroundings = { task: { id: name, route } };
  const delay = delayOf(draft, staged, variables, around);
  const timeout = timeoutOf(draft, staged, variables, around);
  const common = {
    task: name,
    route,
    variables,
    ...(delay === undefined ? {} : { delay }),
    ...(timeout === undefined ? {} : { timeout }),
  };
  const action = (item?: unknown): Omit<Action, "itemId"> => {
    if (task === undefined) return { action: null, input: null };
    const seen = item === undefined ? around : { ...around, item };
    return {
      action: evaluate(draft, task.action, variables, seen),
      input: evaluate(draft, task.input, variables, seen),
    };
  };
  if (task?.with === undefined) return { task: { ...common, actions: [action()] } };
  let items = staged.items;
  if (items === undefined) {
    items = readItems(draft, task.with, variables, around);
    // What cannot be rendered is found before the first item runs.
    for (const value of items.values) action(itemOf(task.with, value));
  }
  const actions = freeItems(items).map((itemId) => ({
    ...action(itemOf(task.with as WithItems, items.values[itemId])),
    itemId,
  }));
  return { task: { ...common, actions, itemsCount: items.count, concurrency: items.concurrency }, items };
}

/** Seconds, where the task has a delay. */
function delayOf(draft: Draft, staged: Staged, variables: Overlay, around: Surroundings): number | undefined {
  if (staged.retryDelay !== undefined) return staged.retryDelay;
  const delay = evaluate(draft, nodeOf(draft, staged.task).task?.delay, variables, around);
  if (delay === undefined || delay === null) return undefined;
  if (!Number.isInteger(delay)) throw new ValueFault("The value of task delay is not type of integer.");
  return delay as number;
}

/** Seconds, where the task has a limit and begins: its retries and further items are under the limit that runs. */
function timeoutOf(draft: Draft, staged: Staged, variables: Overlay, around: Surroundings): number | undefined {
  const source = nodeOf(draft, staged.task).task?.timeout;
  if (source === undefined || source === null || staged.retryDelay !== undefined) return undefined;
  const seconds = evaluate(draft, source, variables, around);
  if (seconds === null || seconds === 0) return undefined;
  if (!Number.isInteger(seconds) || (seconds as number) < 0) {
    throw new ValueFault("The value of task timeout is not a whole number of seconds, 0 or more.");
  }
  return seconds as number;
}

function readItems(draft: Draft, source: WithItems, variables: Overlay, around: Surroundings): Items {
  const values = evaluateItems(draft, source.items, variables, around);
  if (values === undefined) throw new ValueFault(`The value of "${source.items}" is not type of list.`);
  const concurrency = evaluate(draft, source.concurrency, variables, around);
  if (concurrency !== null && !Number.isInteger(concurrency)) {
    throw new ValueFault("The value of task concurrency is not type of integer.");
  }
  return {
    count: values.length,
    concurrency: concurrency === null ? null : Math.max(1, concurrency as number),
    values,
    statuses: tableOf<Status | null>(values.length, null),
    results: tableOf<unknown>(values.length, null),
    counts: {},
    from: 0,
  };
}

/** What `item()` is: with names, a map of them; a list's elements go to the names in order. */
function itemOf({ names }: WithItems, value: unknown): unknown {
  if (names.length === 0) return value;
  if (Array.isArray(value)) {
    return Object.fromEntries(names.slice(0, value.length).map((name, i) => [name, value[i] as unknown]));
  }
  return names.length === 1 ? { [names[0] as string]: value } : value;
}

/** The items that may start now. */
function freeItems(items: Items): number[] {
  let room = items.count;
  if (items.concurrency !== null) {
    let active = 0;
    for (const status of ACTIVE) active += items.counts[status as Status] ?? 0;
    room = items.concurrency - active;
  }
  const free: number[] = [];
  for (let i = items.from; i < items.count && free.length < room; i++) {
    if ((tableGet(items.statuses, i) ?? null) === null) free.push(i);
  }
  return free;
}
