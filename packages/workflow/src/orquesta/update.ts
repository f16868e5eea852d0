import { ABENDED, ACTIVE, COMPLETED, STARTING, type Status } from "../status.ts";
import { variablesOf } from "./context.ts";
import { type EngineCommand, isEngineCommand } from "./definition.ts";
import { around, evaluate, isTrue } from "./evaluate.ts";
import { noSuchTask, notStaged, ValueFault } from "./faults.ts";
import { othersOf, resultsOf, setItem } from "./items.ts";
import { isOver } from "./request.ts";
import {
  addEntry,
  addStaged,
  type Draft,
  type Entry,
  entryAt,
  findStaged,
  hasActive,
  hasAny,
  hasReady,
  isSatisfied,
  latestIndex,
  logError,
  nodeOf,
  removeStaged,
  setEntry,
  setStaged,
  type Staged,
} from "./state.ts";
import { afterAction, afterItem } from "./task-machine.ts";
import { takeTransitions } from "./transitions.ts";
import { afterTask, type Outcome } from "./workflow-machine.ts";

/** What is told of a task. */
export type TaskEvent =
  | { readonly kind: "action"; readonly status: Status; readonly result?: unknown }
  | {
      readonly kind: "item";
      readonly item: number;
      readonly status: Status;
      readonly result?: unknown;
      /** All results so far, where the caller keeps them and the state is not to. */
      readonly results?: readonly unknown[];
    }
  | { readonly kind: "command"; readonly command: EngineCommand };

/** Takes up what is told of a task: its status, its transitions, what they stage, and what follows for the workflow. */
export function updateTask(draft: Draft, task: string, route: number, event: TaskEvent): void {
  const { state } = draft;
  const wasOver = isOver(state.status);
  if (!draft.graph.nodes.has(task)) throw noSuchTask(task);
  let staging = findStaged(state, task, route);
  let index = latestIndex(draft, task, route);
  if (staging < 0 && index === undefined) throw notStaged(task);
  const reported: Status =
    event.kind === "command" ? (event.command === "fail" ? "failed" : "succeeded") : event.status;
  const isNew =
    index === undefined ||
    isEngineCommand(task) ||
    (COMPLETED.has(entryAt(state, index).status ?? "") && event.kind !== "command" && STARTING.has(reported));
  const staged = state.staged[staging];
  if (isNew) {
    if (staged === undefined)
      throw new ValueFault(`Task "${task}" is completed and not staged again: it cannot start.`);
    index = addEntry(draft, newEntry(draft, staged));
  }
  const at = index as number;
  if (event.kind === "item" && staged?.items === undefined) {
    throw new ValueFault(`Task "${task}" has no items that run: its item ${event.item} cannot report.`);
  }
  if (staged !== undefined && staged.items === undefined) removeStaged(draft, staging);
  else if (staged?.items !== undefined && event.kind === "item") {
    const result = event.results === undefined ? event.result : undefined;
    setStaged(draft, staging, {
      ...staged,
      items: setItem(draft.owned, staged.items, event.item, event.status, result),
    });
  }
  if (reported === "failed") {
    const result = event.kind === "command" ? undefined : event.result;
    logError(draft, {
      message: "Execution failed. See result for details.",
      task_id: task,
      ...(result === undefined || result === null ? {} : { result }),
    });
  }
  const before = entryAt(state, at).status;
  const after = statusAfter(before, state.staged[staging], event, reported) ?? before;
  if (after !== before) setEntry(draft, at, { ...entryAt(state, at), status: after });
  const completes = COMPLETED.has(after ?? "");
  let result: unknown;
  if (completes) {
    staging = findStaged(state, task, route);
    const kept = state.staged[staging];
    result = resultOf(event, kept);
    if (kept !== undefined && staging >= 0 && kept.items !== undefined) {
      if (ABENDED.has(after ?? "")) setStaged(draft, staging, { ...kept, completed: true });
      else removeStaged(draft, staging);
    }
  }
  const again = completes && retries(draft, at, result);
  conclude(draft, at, completes && !again && after !== before ? takeTransitions(draft, at, result) : [], wasOver);
}

/** What follows for the workflow from a task's change, and from the commands among the transitions it took. */
export function conclude(
  draft: Draft,
  at: number,
  commands: ReturnType<typeof takeTransitions>,
  wasOver: boolean,
): void {
  advanceWorkflow(draft, at);
  for (const command of commands) {
    updateTask(draft, command.name, command.route, { kind: "command", command: command.name });
  }
  if (isOver(draft.state.status)) {
    setEntry(draft, at, { ...entryAt(draft.state, at), terminal: true });
    if (!wasOver) failUnreachableJoins(draft);
  }
}

function newEntry(draft: Draft, staged: Staged): Entry {
  const { task, route, context } = staged;
  const { retry } = nodeOf(draft, task);
  const entry: Entry = { task, route, context, status: null, next: {} };
  if (retry === undefined) return entry;
  const variables = variablesOf(draft.state.contexts, context);
  const count = wholeNumber("count", evaluate(draft, retry.count, variables));
  const delay = retry.delay === null ? null : wholeNumber("delay", evaluate(draft, retry.delay, variables));
  return { ...entry, retry: { ...(retry.when === undefined ? {} : { when: retry.when }), count, delay, tally: 0 } };
}

function wholeNumber(what: string, value: unknown): number {
  if (Number.isInteger(value)) return value as number;
  throw new ValueFault(`The retry ${what} for task is not an integer.`);
}

const RESTING: ReadonlySet<string> = new Set([
  "pending",
  "paused",
  "canceled",
  "failed",
  "timeout",
  "abandoned",
  "succeeded",
]);

function statusAfter(
  before: Status | null,
  staged: Staged | undefined,
  event: TaskEvent,
  reported: Status,
): Status | undefined {
  if (event.kind === "command") return reported;
  if (event.kind === "item" && RESTING.has(reported) && staged?.items !== undefined) {
    return afterItem(before, reported, othersOf(staged.items, event.item));
  }
  // An item that goes on says nothing of its task: that runs again when the item does.
  if (event.kind === "item" && reported === "resuming") return undefined;
  return afterAction(before, reported);
}

function resultOf(event: TaskEvent, staged: Staged | undefined): unknown {
  if (event.kind === "command") return null;
  if (event.kind === "action") return event.result ?? null;
  return event.results ?? (staged?.items === undefined ? [] : resultsOf(staged.items));
}

/** Whether the task runs again instead of being done; then it is staged. */
function retries(draft: Draft, at: number, result: unknown): boolean {
  const { state } = draft;
  const entry = entryAt(state, at);
  const { retry, status } = entry;
  if (retry === undefined || retry.tally >= retry.count || !ACTIVE.has(state.status ?? "")) return false;
  const wanted =
    retry.when === undefined
      ? ABENDED.has(status ?? "")
      : isTrue(evaluate(draft, retry.when, variablesOf(state.contexts, entry.context), around(entry, result)));
  if (!wanted) return false;
  if (status === "succeeded" || status === "failed") {
    const { task, route, context } = entry;
    setEntry(draft, at, { ...entry, status: "retrying", retry: { ...retry, tally: retry.tally + 1 } });
    const staging = findStaged(state, task, route);
    if (staging >= 0) removeStaged(draft, staging);
    addStaged(draft, { task, route, context, ready: true, retryDelay: retry.delay ?? 0 });
  }
  return true;
}

/** Moves the workflow's status on after a task's. */
function advanceWorkflow(draft: Draft, at: number): void {
  const outcome = outcomeOf(draft, entryAt(draft.state, at));
  if (outcome === undefined) return;
  const after = afterTask(draft.state.status, outcome, hasActive(draft.state));
  if (after !== undefined) draft.state.status = after;
}

function outcomeOf(draft: Draft, entry: Entry): Outcome | undefined {
  const { state } = draft;
  switch (entry.status) {
    case "running":
    case "resuming":
    case "canceling":
    case "pending":
    case "paused":
    case "canceled":
    case "retrying":
      return { kind: entry.status };
    case "failed":
    case "timeout":
    case "abandoned":
      if (!isRemediated(draft, entry)) return { kind: "failed" };
      break;
    case "succeeded":
      break;
    default:
      return undefined;
  }
  const rest = hasAny(state, "canceling", "canceled")
    ? "canceled"
    : hasAny(state, "pausing", "paused", "pending")
      ? "paused"
      : hasReady(state) || leadsOn(draft, entry)
        ? "incomplete"
        : "completed";
  return { kind: entry.status === "succeeded" ? "succeeded" : "remediated", rest };
}

/** A failure is cared for when it leads to a task or to a command other than `continue`. */
function isRemediated(draft: Draft, entry: Entry): boolean {
  return nodeOf(draft, entry.task).out.some((edge) => edge.to !== "continue" && entry.next[edge.id] === true);
}

function leadsOn(draft: Draft, entry: Entry): boolean {
  return nodeOf(draft, entry.task).out.some(
    (edge) => entry.next[edge.id] === true && isSatisfied(draft, nodeOf(draft, edge.to), entry.route),
  );
}

function failUnreachableJoins(draft: Draft): void {
  const { state } = draft;
  for (const { task, route, ready } of state.staged) {
    const node = nodeOf(draft, task);
    if (ready || isSatisfied(draft, node, route)) continue;
    // Tasks that still run may bring a source that has not begun.
    const open = node.sources.some((source) => latestIndex(draft, source, route) === undefined);
    if (open && (hasActive(state) || hasReady(state))) continue;
    logError(draft, {
      message: `UnreachableJoinError: The join task|route "${task}|${route}" is partially satisfied but unreachable.`,
      task_id: task,
      route,
    });
    state.status = "failed";
  }
}
