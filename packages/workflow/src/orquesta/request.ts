import { COMPLETED, isStatus, type Status } from "../status.ts";
import { badStatus, badTransition } from "./faults.ts";
import { itemsActive, itemsLeft } from "./items.ts";
import { type Draft, entryAt, hasActive, hasAny, hasReady, latestIndex, setEntry } from "./state.ts";
import { afterWorkflowRequest } from "./task-machine.ts";
import { afterRequest } from "./workflow-machine.ts";

/** Asks the workflow to be in a status: to run, pause, resume, cancel, fail. @throws Invalid, Conflict */
export function request(draft: Draft, wanted: string): void {
  const { state } = draft;
  if (!isStatus(wanted)) throw badStatus(wanted);
  // Only tasks with items can be stopped half way.
  for (const { task, route, items } of state.staged) {
    const index = items === undefined ? undefined : latestIndex(draft, task, route);
    if (items === undefined || index === undefined || !itemsLeft(items)) continue;
    const entry = entryAt(state, index);
    const status = afterWorkflowRequest(entry.status, wanted, itemsActive(items));
    if (status !== undefined) setEntry(draft, index, { ...entry, status });
  }
  const before = state.status;
  const active = hasActive(state);
  const finished = !active && !hasReady(state) && !hasAny(state, "paused", "pending");
  const after = afterRequest(before, wanted, { active, finished });
  if (after !== undefined) state.status = after;
  if (state.status !== before || wanted === before) return;
  if ((before === "pausing" && wanted === "paused") || (before === "canceling" && wanted === "canceled")) return;
  throw badTransition(wanted, before);
}

export const isOver = (status: Status | null): boolean => COMPLETED.has(status ?? "");
