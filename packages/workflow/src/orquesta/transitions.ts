import { messageOf } from "@squall/model";
import { emptyTable, tableLength, tablePush } from "../table.ts";
import { overlayOf, variablesOf } from "./context.ts";
import { type EngineCommand, isEngineCommand } from "./definition.ts";
import { evaluate, isTrue } from "./evaluate.ts";
import { nameOf } from "./faults.ts";
import type { Edge } from "./graph.ts";
import { type Overlay, put } from "./merge.ts";
import { request } from "./request.ts";
import {
  addStaged,
  countArrival,
  type Draft,
  type Entry,
  entryAt,
  findStaged,
  isSatisfied,
  nodeOf,
  routeOf,
  setEntry,
  setStaged,
  logError,
} from "./state.ts";
import { around } from "./update.ts";

/** Evaluates the transitions of a completed task and stages where they lead. Answers the commands to be run next. */
export function takeTransitions(draft: Draft, at: number, result: unknown): { name: EngineCommand; route: number }[] {
  const { state } = draft;
  const entry = entryAt(state, at);
  const { out } = nodeOf(draft, entry.task);
  if (out.length === 0) {
    setEntry(draft, at, { ...entry, terminal: true });
    return [];
  }
  const variables = variablesOf(state.contexts, entry.context);
  const commands: { name: EngineCommand; route: number }[] = [];
  const reached: { task: string; route: number }[] = [];
  for (const edge of out) {
    let published: Overlay | undefined;
    try {
      const taken =
        edge.when === undefined || isTrue(evaluate(draft, edge.when, variables, around(entry, result)));
      noteTaken(draft, at, edge, taken);
      if (taken) published = publish(draft, edge, entry, variables, result);
    } catch (error) {
      const type = nameOf(error);
      if (type === undefined) throw error;
      fail(draft, entry, edge, [`${type}: ${messageOf(error)}`]);
    }
    if (published === undefined) continue;
    const route = routeFor(draft, edge, entry.route);
    stage(draft, edge, route, at, published);
    if (isEngineCommand(edge.to)) commands.push({ name: edge.to, route });
    else reached.push({ task: edge.to, route });
  }
  if (commands.some(({ name }) => name === "fail")) {
    for (const { task, route } of reached) {
      const staging = findStaged(state, task, route);
      const staged = state.staged[staging];
      if (staged?.ready === true) setStaged(draft, staging, { ...staged, runOnFail: true });
    }
  }
  return commands;
}

function noteTaken(draft: Draft, at: number, edge: Edge, taken: boolean): void {
  const entry = entryAt(draft.state, at);
  const first = taken && !nodeOf(draft, edge.from).out.some((other) => other.to === edge.to && entry.next[other.id] === true);
  setEntry(draft, at, { ...entry, next: { ...entry.next, [edge.id]: taken } });
  if (first) countArrival(draft, edge.to, entry.route, 1);
}

/** What a transition publishes; undefined when some of it failed, and with it the workflow. */
function publish(draft: Draft, edge: Edge, entry: Entry, variables: Overlay, result: unknown): Overlay | undefined {
  const entries = nodeOf(draft, edge.from).task?.next[edge.transition]?.publish ?? [];
  if (entries.length === 0) return NOTHING;
  const rolling: Record<string, unknown> = { ...variables };
  const published: Record<string, unknown> = {};
  const failures: string[] = [];
  for (const [name, value] of entries) {
    try {
      const evaluated = evaluate(draft, value, rolling, around(entry, result));
      put(rolling, name, evaluated);
      put(published, name, evaluated);
    } catch (error) {
      const type = nameOf(error);
      if (type === undefined) throw error;
      failures.push(`${type}: ${messageOf(error)}`);
    }
  }
  if (failures.length === 0) return published;
  fail(draft, entry, edge, failures);
  return undefined;
}

const NOTHING: Overlay = {};

function fail(draft: Draft, entry: Entry, edge: Edge, messages: readonly string[]): void {
  for (const message of messages) {
    logError(draft, { message, task_id: entry.task, route: entry.route, task_transition_id: edge.id });
  }
  if (draft.state.status !== "canceled") request(draft, "failed");
}

/** The route the target runs on: one of its own for each way into a task that splits. */
function routeFor(draft: Draft, edge: Edge, route: number): number {
  const { state } = draft;
  if (!nodeOf(draft, edge.to).splits) return route;
  const { path } = routeOf(state, route);
  if (path.includes(edge.back)) return route;
  state.routes = tablePush(draft.owned, state.routes, {
    path: [...path, edge.back],
    latest: emptyTable,
    arrived: emptyTable,
  });
  return tableLength(state.routes) - 1;
}

function stage(draft: Draft, edge: Edge, route: number, at: number, published: Overlay): void {
  const { state } = draft;
  const ready = isSatisfied(draft, nodeOf(draft, edge.to), route);
  const entry = entryAt(state, at);
  let { context } = entry;
  if (Object.keys(published).length > 0) {
    state.contexts = tablePush(draft.owned, state.contexts, { on: context, set: published });
    context = tableLength(state.contexts) - 1;
    setEntry(draft, at, { ...entry, published: { ...entry.published, [edge.id]: context } });
  }
  const staging = findStaged(state, edge.to, route);
  const staged = state.staged[staging];
  if (staged === undefined) {
    addStaged(draft, { task: edge.to, route, context, ready });
    return;
  }
  if (context !== staged.context && Object.keys(overlayOf(state.contexts, context)).length > 0) {
    state.contexts = tablePush(draft.owned, state.contexts, { on: staged.context, with: context });
    context = tableLength(state.contexts) - 1;
  } else context = staged.context;
  const { items: _reset, ...rest } = staged;
  setStaged(draft, staging, { ...rest, context, ready });
}
