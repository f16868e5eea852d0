import { type Owned, type Table, tableClear, tableGet, tableLength, tableSet } from "../table.ts";
import { ACTIVE, type Status } from "../status.ts";
import type { ContextRecord } from "./context.ts";
import type { Graph, Node } from "./graph.ts";
import type { Definition } from "./definition.ts";
import type { WorkflowFunctions } from "@squall/expressions";

/** One run of a task: what Orquesta calls its state entry. */
export interface Entry {
  readonly task: string;
  readonly route: number;
  /** The context it began with. */
  readonly context: number;
  readonly status: Status | null;
  /** By edge: whether it was taken. */
  readonly next: Readonly<Record<string, boolean>>;
  /** By edge, where it published something: the context it led on with. */
  readonly published?: Readonly<Record<string, number>>;
  /** Whether its context counts for the output. */
  readonly terminal?: boolean;
  /** When it has to have ended, milliseconds since 1970, and the seconds that it was given. */
  readonly limit?: { readonly seconds: number; readonly due: number };
  readonly retry?: {
    readonly when?: string;
    readonly count: number;
    readonly delay: number | null;
    readonly tally: number;
  };
}

export interface Items {
  readonly count: number;
  readonly concurrency: number | null;
  /** The value of each. */
  readonly values: readonly unknown[];
  readonly statuses: Table<Status | null>;
  readonly results: Table<unknown>;
  /** How many have each status; those without one are not counted. */
  readonly counts: Readonly<Partial<Record<Status, number>>>;
  /** No item before this one is without status. */
  readonly from: number;
}

/** A task that is to run, or that waits for more branches. */
export interface Staged {
  readonly task: string;
  readonly route: number;
  readonly context: number;
  readonly ready: boolean;
  readonly items?: Items;
  /** Handed out although the workflow has failed. */
  readonly runOnFail?: boolean;
  /** Kept for a re-run of its failed items. */
  readonly completed?: boolean;
  /** The delay of a retry, which counts in place of the task's own. */
  readonly retryDelay?: number;
}

/** A branch of splits: the ways taken into it, and what ran on it. */
export interface Route {
  readonly path: readonly string[];
  /** By the task's number: the index of its latest entry. */
  readonly latest: Table<number | null>;
  /** By the task's number, for joins: how many of its sources lead to it with their latest entry. */
  readonly arrived: Table<number | null>;
}

/** An entry of the error or info log, in Orquesta's form. */
export interface LogEntry {
  readonly type: "error" | "warn" | "info";
  readonly message: string;
  readonly task_id?: string;
  readonly route?: number;
  readonly task_transition_id?: string;
  readonly result?: unknown;
  readonly data?: unknown;
}

/** The whole state of a workflow as plain JSON. Versions share what they have in common. */
export interface State {
  readonly language: "orquesta";
  /** Of this form: a state of another one is refused. */
  readonly format: 1;
  readonly status: Status | null;
  /** Somebody asked it to pause, and nobody to go on since. */
  readonly held?: true;
  /** Contexts that nothing needs any more are null. */
  readonly contexts: Table<ContextRecord | null>;
  /** How many contexts there may be before the next look for such ones. */
  readonly sweepAt: number;
  readonly routes: Table<Route>;
  /** In the order they began. Null are those whose task began again on the same route and that do not count for the output. */
  readonly entries: Table<Entry | null>;
  /** How many entries have each status. */
  readonly counts: Readonly<Partial<Record<Status, number>>>;
  readonly staged: readonly Staged[];
  readonly errors: readonly LogEntry[];
  readonly log: readonly LogEntry[];
  readonly output: Readonly<Record<string, unknown>> | null;
  /** Indexes of the entries that each re-run began with. */
  readonly reruns: readonly (readonly number[])[];
}

export const initialState: State = {
  language: "orquesta",
  format: 1,
  status: null,
  contexts: [],
  sweepAt: 256,
  routes: [],
  entries: [],
  counts: {},
  staged: [],
  errors: [],
  log: [],
  output: null,
  reruns: [],
};

/** What a step needs beside the state. */
export interface Setting {
  readonly definition: Definition;
  readonly graph: Graph;
  readonly functions: Omit<WorkflowFunctions, "task" | "item" | "statusOf">;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The state while a step changes it. Nothing that was there before is touched: `owned` holds what the step made. */
export interface Draft extends Setting {
  readonly state: Writable<State>;
  readonly owned: Owned;
  /** What is staged, by route and task: made when the list is too long to be searched. */
  stagedKeys?: Set<string>;
}

export const draftOf = (setting: Setting, state: State): Draft => ({
  ...setting,
  state: { ...state },
  owned: new Set(),
});

export const nodeOf = (draft: Setting, task: string): Node => {
  const node = draft.graph.nodes.get(task);
  if (node === undefined) throw new RangeError(`the graph has no task '${task}'`);
  return node;
};

export function routeOf(state: State, route: number): Route {
  const found = tableGet(state.routes, route);
  if (found === undefined) throw new RangeError(`the state has no route ${route}`);
  return found;
}

/** The index of the latest entry of a task on a route. */
export function latestIndex(draft: Draft, task: string, route: number): number | undefined {
  const node = draft.graph.nodes.get(task);
  const on = tableGet(draft.state.routes, route);
  if (node === undefined || on === undefined) return undefined;
  return tableGet(on.latest, node.number) ?? undefined;
}

export function entryAt(state: State, index: number): Entry {
  const found = tableGet(state.entries, index) ?? undefined;
  if (found === undefined) throw new RangeError(`the state has no entry ${index}`);
  return found;
}

export function setEntry(draft: Draft, index: number, entry: Entry): void {
  const { state, owned } = draft;
  const before = index < tableLength(state.entries) ? entryAt(state, index).status : null;
  state.entries = tableSet(owned, state.entries, index, entry);
  if (before !== entry.status) {
    const counts = own(draft, state.counts);
    if (before !== null) counts[before] = (counts[before] ?? 0) - 1;
    if (entry.status !== null) counts[entry.status] = (counts[entry.status] ?? 0) + 1;
    state.counts = counts;
  }
}

export function setRoute(draft: Draft, number: number, change: Partial<Route>): void {
  const route = routeOf(draft.state, number);
  draft.state.routes = tableSet(draft.owned, draft.state.routes, number, { ...route, ...change });
}

/** A copy of an object that this step may change. */
function own<T extends object>(draft: Draft, value: T): Writable<T> {
  if (draft.owned.has(value)) return value;
  const copy = { ...value };
  draft.owned.add(copy);
  return copy;
}

/** Adds an entry as the latest of its task and route. */
export function addEntry(draft: Draft, entry: Entry): number {
  const { state, owned } = draft;
  const index = tableLength(state.entries);
  const { number } = nodeOf(draft, entry.task);
  const before = latestIndex(draft, entry.task, entry.route);
  // Ways that the entry before took no longer count at joins: their source runs again.
  if (before !== undefined) {
    const old = entryAt(state, before);
    const targets = new Set(
      nodeOf(draft, entry.task)
        .out.filter((edge) => old.next[edge.id] === true)
        .map((edge) => edge.to),
    );
    for (const target of targets) countArrival(draft, target, entry.route, -1);
    if (old.terminal !== true) state.entries = tableClear(owned, state.entries, [before]);
  }
  setEntry(draft, index, entry);
  setRoute(draft, entry.route, { latest: tableSet(owned, routeOf(state, entry.route).latest, number, index) });
  return index;
}

export function countArrival(draft: Draft, target: string, route: number, by: 1 | -1): void {
  const node = nodeOf(draft, target);
  if (node.needed === undefined) return;
  const { arrived } = routeOf(draft.state, route);
  const count = (tableGet(arrived, node.number) ?? 0) + by;
  setRoute(draft, route, { arrived: tableSet(draft.owned, arrived, node.number, count) });
}

/** Whether enough branches have come for a task to run. */
export function isSatisfied(draft: Draft, node: Node, route: number): boolean {
  return node.needed === undefined || (tableGet(routeOf(draft.state, route).arrived, node.number) ?? 0) >= node.needed;
}

const SHORT = 32;
const keyOf = (task: string, route: number): string => `${route}|${task}`;

/** Whether a task is staged on a route. */
export function isStaged(draft: Draft, task: string, route: number): boolean {
  const { staged } = draft.state;
  if (staged.length < SHORT) return findStaged(draft.state, task, route) >= 0;
  draft.stagedKeys ??= new Set(staged.map((one) => keyOf(one.task, one.route)));
  return draft.stagedKeys.has(keyOf(task, route));
}

export const findStaged = (state: State, task: string, route: number): number =>
  state.staged.findIndex((one) => one.route === route && one.task === task);

function stagedList(draft: Draft): Staged[] {
  const { state, owned } = draft;
  if (owned.has(state.staged)) return state.staged as Staged[];
  const copy = state.staged.slice();
  owned.add(copy);
  state.staged = copy;
  return copy;
}

export function addStaged(draft: Draft, staged: Staged): void {
  stagedList(draft).push(staged);
  draft.stagedKeys?.add(keyOf(staged.task, staged.route));
}

export function setStaged(draft: Draft, index: number, staged: Staged): void {
  stagedList(draft)[index] = staged;
}

export function removeStaged(draft: Draft, index: number): void {
  stagedList(draft).splice(index, 1);
  // The same task may be staged twice after a re-run: count again when it is asked.
  delete draft.stagedKeys;
}

const total = (counts: State["counts"], statuses: Iterable<string>): number => {
  let sum = 0;
  for (const status of statuses) sum += counts[status as Status] ?? 0;
  return sum;
};

export const hasActive = (state: State): boolean => total(state.counts, ACTIVE) > 0;
export const hasAny = (state: State, ...statuses: Status[]): boolean => total(state.counts, statuses) > 0;
export const hasReady = (state: State): boolean => state.staged.some((one) => one.ready && one.completed !== true);

/** By the log: short keys of what is in it, so that thousands of items may fail. A log is followed by one other as a rule. */
const logKeys = new WeakMap<readonly LogEntry[], Set<string>>();

/** Adds to the error log; what is there already is not said again. */
export function logError(draft: Draft, entry: Omit<LogEntry, "type">): void {
  const full: LogEntry = { type: "error", ...entry };
  const before = draft.state.errors;
  const keys = logKeys.get(before) ?? new Set(before.map(logKey));
  const key = logKey(full);
  if (keys.has(key)) {
    logKeys.set(before, keys);
    return;
  }
  const after = [...before, full];
  logKeys.delete(before);
  logKeys.set(after, keys.add(key));
  draft.state.errors = after;
}

/** Results may be large: of long texts a hash stands for the rest (FNV-1a, twice with different starts: 64 bits). */
function logKey(entry: LogEntry): string {
  const text = JSON.stringify(entry);
  if (text.length <= 200) return text;
  let [one, two] = [0x811c9dc5, 0x9747b28c];
  for (let i = 0; i < text.length; i++) {
    one = Math.imul(one ^ text.charCodeAt(i), 0x01000193);
    two = Math.imul(two ^ text.charCodeAt(i), 0x01000193) ^ (two >>> 15);
  }
  return `${text.slice(0, 100)}${text.length}:${one >>> 0}:${two >>> 0}`;
}
