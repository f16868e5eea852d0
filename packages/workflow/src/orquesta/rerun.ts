import { Conflict } from "@squall/model";
import { ABENDED, type Status } from "../status.ts";
import { tableEntries, tableGet, tableValues } from "../table.ts";
import { compareNames } from "./graph.ts";
import { setItem } from "./items.ts";
import { isOver } from "./request.ts";
import {
  addEntry,
  addStaged,
  type Draft,
  type Entry,
  entryAt,
  findStaged,
  type Items,
  latestIndex,
  nodeOf,
  routeOf,
  setEntry,
  setStaged,
} from "./state.ts";

/** A task to run again. */
export interface RerunRequest {
  readonly task: string;
  readonly route: number;
  /** Of a with-items task: run all items again, not only those that failed. */
  readonly resetItems?: boolean;
}

/**
 * Lets a completed workflow run on from the tasks asked for, or from all in which it ended by failure. A task that runs
 * again anyway, after another one asked for, is left out.
 * @throws Conflict when the workflow still runs or a task has never run
 */
export function rerun(draft: Draft, requests: readonly RerunRequest[] = []): void {
  const { state } = draft;
  if (!isOver(state.status)) {
    throw new Conflict("workflow.rerun.active", {
      message: "Unable to rerun workflow because it is not in a completed state.",
      fields: { type: "WorkflowIsActiveAndNotRerunableError" },
    });
  }
  const chosen = requests.length === 0 ? failedEnds(draft) : asked(draft, requests);
  const reset = new Set(requests.filter((one) => one.resetItems === true).map((one) => `${one.task}|${one.route}`));
  for (const index of chosen) {
    for (const later of downstream(draft, index)) clearTerminal(draft, later);
  }
  const started = chosen.map((index) => {
    const entry = entryAt(state, index);
    clearTerminal(draft, index);
    state.errors = state.errors.filter((error) => error.task_id !== entry.task);
    return runAgain(draft, index, reset.has(`${entry.task}|${entry.route}`));
  });
  for (const [index, entry] of tableEntries(state.entries)) {
    if (entry.terminal === true && Object.values(entry.next).includes(true)) clearTerminal(draft, index);
  }
  state.output = null;
  state.status = "resuming";
  state.reruns = [...state.reruns, started];
}

function failedEnds(draft: Draft): number[] {
  const found: number[] = [];
  for (const [index, { terminal, status }] of tableEntries(draft.state.entries)) {
    if (terminal === true && ABENDED.has(status ?? "")) found.push(index);
  }
  return found.sort((a, b) => compareNames(nameAt(draft, a), nameAt(draft, b)) || a - b);
}

const nameAt = (draft: Draft, index: number): string => entryAt(draft.state, index).task;

function asked(draft: Draft, requests: readonly RerunRequest[]): number[] {
  const indexes = new Set<number>();
  const unknown: string[] = [];
  for (const { task, route } of requests) {
    const index = latestIndex(draft, task, route);
    if (index === undefined) unknown.push(`${task}|${route}`);
    else indexes.add(index);
  }
  if (unknown.length > 0) {
    throw new Conflict("workflow.rerun.unknown", {
      message: `Unable to rerun task|route(s) because it doesn't exist or isn't rerunnable: ${unknown.join(", ")}`,
      fields: { type: "InvalidTaskRerunRequest" },
    });
  }
  const covered = new Set<number>();
  for (const index of indexes) {
    for (const later of downstream(draft, index)) if (later !== index) covered.add(later);
  }
  // Tasks of a cycle cover each other: then the first one asked for stays.
  const left = [...indexes].filter((index) => !covered.has(index));
  return left.length > 0 ? left : [...indexes].slice(0, 1);
}

/** The entries that came after one, by the transitions it took. */
function downstream(draft: Draft, start: number): Set<number> {
  const { state } = draft;
  const found = new Set<number>();
  const open = [start];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const entry = entryAt(state, index);
    for (const edge of nodeOf(draft, entry.task).out) {
      if (entry.next[edge.id] !== true) continue;
      const route = nodeOf(draft, edge.to).splits ? routeWith(draft, entry.route, edge.back) : entry.route;
      const next = route === undefined ? undefined : latestIndex(draft, edge.to, route);
      if (next === undefined || found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}

/** The route that a way into a splitting task opened. */
function routeWith(draft: Draft, from: number, back: string): number | undefined {
  const { path } = routeOf(draft.state, from);
  if (path.includes(back)) return from;
  let number = 0;
  for (const route of tableValues(draft.state.routes)) {
    if (
      route.path.length === path.length + 1 &&
      route.path.at(-1) === back &&
      path.every((one, i) => route.path[i] === one)
    ) {
      return number;
    }
    number++;
  }
  return undefined;
}

function clearTerminal(draft: Draft, index: number): void {
  const { terminal, ...entry } = entryAt(draft.state, index);
  if (terminal !== undefined) setEntry(draft, index, entry);
}

/** Stages a task again; answers the index of the entry that stands for the new run. */
function runAgain(draft: Draft, index: number, resetItems: boolean): number {
  const { state } = draft;
  const { task, route, context, retry }: Entry = entryAt(state, index);
  const staging = findStaged(state, task, route);
  const staged = state.staged[staging];
  if (staged?.items !== undefined) {
    const { completed: _done, ...rest } = staged;
    setStaged(draft, staging, { ...rest, ready: true, items: resetItemsOf(draft, staged.items, resetItems) });
    return index;
  }
  const again = addEntry(draft, {
    task,
    route,
    context,
    status: null,
    next: {},
    ...(retry === undefined ? {} : { retry: { ...retry, tally: 0 } }),
  });
  addStaged(draft, { task, route, context, ready: true });
  return again;
}

function resetItemsOf(draft: Draft, items: Items, all: boolean): Items {
  let reset = items;
  for (let item = 0; item < items.count; item++) {
    const status: Status | null = tableGet(items.statuses, item) ?? null;
    if (status !== null && (all || ABENDED.has(status))) reset = setItem(draft.owned, reset, item, null, null);
  }
  return reset;
}
