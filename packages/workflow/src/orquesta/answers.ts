import { COMPLETED, HANDING_OUT, type Status } from "../status.ts";
import { tableGet } from "../table.ts";
import { request } from "./request.ts";
import { type Draft, entryAt, findStaged, hasActive, hasAny, hasReady, latestIndex } from "./state.ts";
import { type TaskEvent, updateTask } from "./update.ts";

/*
 * What waits for an answer from outside is `pending`, and once nothing else runs its workflow is `paused`
 * (orquesta-and-expressions 5.2). The answer lets it go on by itself, as StackStorm does by a request of its own; but a
 * workflow that somebody paused (`held`) goes on when somebody resumes it.
 */

/** Takes up what is told of a task. Answers whether it ends a wait for an answer: then see `restAgain`. */
export function report(
  draft: Draft,
  task: string,
  route: number,
  event: Exclude<TaskEvent, { kind: "command" }>,
): boolean {
  if (!COMPLETED.has(event.status)) {
    updateTask(draft, task, route, event);
    return false;
  }
  const index = latestIndex(draft, task, route);
  const before = index === undefined ? null : entryAt(draft.state, index).status;
  const waited =
    before === "pending" || (event.kind === "item" && itemStatus(draft, task, route, event.item) === "pending");
  if (waited) wake(draft, event.status);
  // What rested and has ended ran in between, although nobody said so.
  if (before === "paused") updateTask(draft, task, route, running(event));
  updateTask(draft, task, route, event);
  if (waited) goOn(draft);
  return waited;
}

/** Before a wait ends: a workflow at rest would not take notice of how. One that is held need not know of success yet. */
export function wake(draft: Draft, status: Status): void {
  const { state } = draft;
  if (state.status !== "paused" && state.status !== "pausing") return;
  if (!state.held || status !== "succeeded") request(draft, "running");
}

/** After a wait has ended: the workflow goes on where it can, or is held again. */
export function goOn(draft: Draft): void {
  const { state } = draft;
  if (state.held) {
    if (HANDING_OUT.has(state.status ?? "")) request(draft, "pausing");
  } else if ((state.status === "paused" || state.status === "pausing") && hasReady(state)) request(draft, "running");
}

/** After everything that could run was handed out: the workflow rests again when all it has are questions. */
export function restAgain(draft: Draft): void {
  const { state } = draft;
  if (state.status !== "running" && state.status !== "resuming") return;
  if (!hasActive(state) && hasAny(state, "paused", "pending")) request(draft, "paused");
}

/** Somebody asks it to pause. One that only waits for an answer is held from now on. */
export function hold(draft: Draft): void {
  const { state } = draft;
  const waits = state.status === "paused" || state.status === "pausing";
  if (!waits || state.held) request(draft, "pausing");
  state.held = true;
}

function itemStatus(draft: Draft, task: string, route: number, item: number): Status | null {
  const items = draft.state.staged[findStaged(draft.state, task, route)]?.items;
  return items === undefined ? null : (tableGet(items.statuses, item) ?? null);
}

const running = (event: Exclude<TaskEvent, { kind: "command" }>): TaskEvent =>
  event.kind === "item" ? { kind: "item", item: event.item, status: "running" } : { kind: "action", status: "running" };
