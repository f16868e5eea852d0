import { messageOf } from "@squall/model";
import { emptyTable, tableLength, tablePush } from "../table.ts";
import { type ContextRecord, depthOf, overlayOf, variablesOf } from "./context.ts";
import { type EngineCommand, isEngineCommand } from "./definition.ts";
import { around, evaluate, isTrue } from "./evaluate.ts";
import { nameOf } from "./faults.ts";
import type { Edge } from "./graph.ts";
import { isStorable, type Overlay, put, then } from "./merge.ts";
import { request } from "./request.ts";
import {
  addStaged,
  countArrival,
  type Draft,
  type Entry,
  entryAt,
  findStaged,
  isSatisfied,
  isStaged,
  latestIndex,
  nodeOf,
  routeOf,
  setEntry,
  setStaged,
  logError,
} from "./state.ts";

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
  const next: Record<string, boolean> = {};
  const led: Record<string, number> = {};
  const arrived = new Set<string>();
  for (const edge of out) {
    let published: Overlay | undefined;
    try {
      const taken = edge.when === undefined || isTrue(evaluate(draft, edge.when, variables, around(entry, result)));
      next[edge.id] = taken;
      if (taken && !arrived.has(edge.to)) {
        arrived.add(edge.to);
        countArrival(draft, edge.to, entry.route, 1);
      }
      if (taken) published = publish(draft, edge, entry, variables, result);
    } catch (error) {
      const type = nameOf(error);
      if (type === undefined) throw error;
      fail(draft, entry, edge, [`${type}: ${messageOf(error)}`]);
    }
    if (published === undefined) continue;
    const route = routeFor(draft, edge, entry.route);
    const context = contextAfter(draft, entry.context, published, latestIndex(draft, edge.to, route) !== undefined);
    if (context !== entry.context) led[edge.id] = context;
    stage(draft, edge.to, route, context);
    if (isEngineCommand(edge.to)) commands.push({ name: edge.to, route });
    else reached.push({ task: edge.to, route });
  }
  setEntry(draft, at, { ...entryAt(state, at), next, ...(Object.keys(led).length > 0 ? { published: led } : {}) });
  if (commands.some(({ name }) => name === "fail")) {
    for (const { task, route } of reached) {
      const staging = findStaged(state, task, route);
      const staged = state.staged[staging];
      if (staged?.ready === true) setStaged(draft, staging, { ...staged, runOnFail: true });
    }
  }
  return commands;
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

/** The context a transition leads on with. */
function contextAfter(draft: Draft, context: number, published: Overlay, isCycle: boolean): number {
  const { state } = draft;
  if (Object.keys(published).length === 0) return context;
  let added: ContextRecord = { on: context, set: published };
  // Around a cycle contexts would pile up: now and then one is written out, and those before it can go.
  if (isCycle && depthOf(state.contexts, context, MAX_DEPTH) === MAX_DEPTH) {
    const all = then(overlayOf(state.contexts, context), published);
    if (isStorable(all)) added = { on: 0, set: all };
  }
  state.contexts = tablePush(draft.owned, state.contexts, added);
  return tableLength(state.contexts) - 1;
}

/** Contexts on top of each other in a cycle. */
const MAX_DEPTH = 16;

/** Stages the target, or adds this branch to what is staged already. */
function stage(draft: Draft, target: string, route: number, context: number): void {
  const { state } = draft;
  const ready = isSatisfied(draft, nodeOf(draft, target), route);
  const staging = isStaged(draft, target, route) ? findStaged(state, target, route) : -1;
  const staged = state.staged[staging];
  if (staged === undefined) {
    addStaged(draft, { task: target, route, context, ready });
    return;
  }
  let joined = staged.context;
  if (context !== joined && Object.keys(overlayOf(state.contexts, context)).length > 0) {
    state.contexts = tablePush(draft.owned, state.contexts, { on: joined, with: context });
    joined = tableLength(state.contexts) - 1;
  }
  const { items: _reset, ...rest } = staged;
  setStaged(draft, staging, { ...rest, context: joined, ready });
}
