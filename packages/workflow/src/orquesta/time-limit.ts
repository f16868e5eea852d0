import { Conflict } from "@squall/model";
import type { Command, Timer } from "../program.ts";
import { COMPLETED, type Status } from "../status.ts";
import { tableEntries, tableGet } from "../table.ts";
import { goOn, wake } from "./answers.ts";
import { resultsOf, setItem } from "./items.ts";
import type { NextTask } from "./next-tasks.ts";
import { isOver } from "./request.ts";
import {
  type Draft,
  entryAt,
  findStaged,
  latestIndex,
  logError,
  removeStaged,
  setEntry,
  setStaged,
  type State,
} from "./state.ts";
import { takeTransitions } from "./transitions.ts";
import { conclude } from "./update.ts";

/*
 * `timeout` of a task: how long the whole of it may take, all items and retries, from when it is handed out and its own
 * delay is over. It counts while the workflow is paused too. A task that is not done then has the status `timeout`, which
 * its transitions see as a failure; what runs of it is ended, and what that still reports counts for nothing.
 */

/** Notes the limit of a task that was just handed out. */
export function setLimit(draft: Draft, { task, route, timeout, delay = 0 }: NextTask, commands: Command[]): void {
  const run = latestIndex(draft, task, route);
  if (timeout === undefined || run === undefined) return;
  const entry = entryAt(draft.state, run);
  if (entry.limit !== undefined) return;
  const due = (draft.functions.now?.() ?? 0) + (delay + timeout) * 1000;
  setEntry(draft, run, { ...entry, limit: { seconds: timeout, due } });
  commands.push({ kind: "timer", task, route, run, due });
}

/** The limit that runs of a task. */
export function limitOf(draft: Draft, task: string, route: number): Omit<Timer, "due"> | undefined {
  const run = draft.graph.nodes.has(task) ? latestIndex(draft, task, route) : undefined;
  return run !== undefined && isLimited(draft.state, run) ? { task, route, run } : undefined;
}

function isLimited(state: State, run: number): boolean {
  const { limit, status } = entryAt(state, run);
  return limit !== undefined && !COMPLETED.has(status ?? "");
}

export function timersOf(state: State): Timer[] {
  const found: Timer[] = [];
  for (const [run, { task, route, limit }] of tableEntries(state.entries)) {
    if (limit !== undefined && isLimited(state, run)) found.push({ task, route, run, due: limit.due });
  }
  return found;
}

/** Ends a task whose time is over. @throws Conflict when it has ended, or was never limited */
export function timeOut(draft: Draft, task: string, route: number, run: number): Command[] {
  const { state } = draft;
  if (limitOf(draft, task, route)?.run !== run) {
    throw new Conflict("workflow.task.no-limit", {
      message: `Task "${task}" has no time limit that runs, so it cannot time out.`,
    });
  }
  const before = entryAt(state, run);
  const waited = before.status === "pending" || before.status === "paused";
  if (waited) wake(draft, "timeout");
  const wasOver = isOver(state.status);
  const message = `Task "${task}" did not end within its timeout of ${before.limit?.seconds} seconds.`;
  logError(draft, { message, task_id: task, route });
  const result = endStaged(draft, task, route) ?? { error: message };
  setEntry(draft, run, { ...entryAt(state, run), status: "timeout" });
  conclude(draft, run, takeTransitions(draft, run, result), wasOver);
  if (waited) goOn(draft);
  return [{ kind: "stop", task, route }];
}

/** What is staged of the task: a retry is dropped, items that are not done are. Answers the results of items so far. */
function endStaged(draft: Draft, task: string, route: number): unknown[] | undefined {
  const { state, owned } = draft;
  const staging = findStaged(state, task, route);
  const staged = state.staged[staging];
  if (staged?.retryDelay !== undefined) removeStaged(draft, staging);
  if (staged?.items === undefined) return undefined;
  let { items } = staged;
  for (let item = 0; item < items.count; item++) {
    const status: Status | null = tableGet(items.statuses, item) ?? null;
    // Those that never began stay so: a re-run begins them.
    if (status !== null && !COMPLETED.has(status)) items = setItem(owned, items, item, "timeout", undefined);
  }
  if (staged.retryDelay === undefined) setStaged(draft, staging, { ...staged, items, completed: true });
  return resultsOf(items);
}
