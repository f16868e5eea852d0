import { Conflict, isObject } from "@squall/model";
import type { Env, ReadOptions } from "../orquesta/program.ts";
import type { Command, Program, Step, WorkflowEvent } from "../program.ts";
import { COMPLETED, type Status } from "../status.ts";
import { emptyTable, tableGet, tableLength, tablePush, tableSet } from "../table.ts";
import { type Chain, type ChainNode, readChain } from "./definition.ts";
import { contextFor } from "./context.ts";
import { inspectChain } from "./inspect.ts";
import { RenderFault, renderValues, shownTemplate } from "./render.ts";
import type { ChainRun, ChainState } from "./state.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A step under way: the state that it makes, and what it asks for. */
interface Draft {
  readonly chain: Chain;
  readonly env: Env;
  readonly state: Writable<ChainState>;
  readonly owned: Set<object>;
  readonly commands: Command[];
}

/**
 * StackStorm's action chains (stackstorm-model 17.2) in the conductor protocol: one node after the other, each led on
 * from by its success or failure. A chain has the status of its last node.
 * @throws Invalid at `start` when the definition cannot be understood; `inspect` tells all reasons
 */
export function chainProgram(source: unknown, options: ReadOptions = {}): Program<ChainState, Env> {
  let read: Chain | undefined;
  const draftOf = (state: ChainState, env: Env): Draft => ({
    chain: (read ??= readChain(source)),
    env,
    state: { ...state },
    owned: new Set(),
    commands: [],
  });
  return {
    inspect: () => inspectChain(source, options),
    start(inputs, env) {
      const draft = draftOf({ ...INITIAL, inputs, context: env.context ?? {} }, env);
      begin(draft);
      return finish(draft);
    },
    advance(state, event, env) {
      const draft = draftOf(state, env);
      apply(draft, event);
      return finish(draft);
    },
    timers: () => [],
  };
}

const INITIAL: ChainState = {
  language: "action-chain",
  format: 1,
  status: "running",
  inputs: {},
  context: {},
  vars: {},
  published: {},
  runs: emptyTable,
  ended: {},
};

function begin(draft: Draft): void {
  const { chain, state } = draft;
  try {
    state.vars = renderValues(chain.vars, contextFor(chain, state, draft.env, JSON.stringify(chain.vars)));
  } catch (thrown) {
    if (!(thrown instanceof RenderFault)) throw thrown;
    const where = `"${thrown.key}" (template string=${shownTemplate(thrown.value)})`;
    return fail(draft, `Failed initializing \`\`vars\`\` in chain. ${where}: ${thrown.message}`);
  }
  run(draft, chain.start);
}

/** Hands out a node. */
function run(draft: Draft, name: string): void {
  const { chain, env, state, owned } = draft;
  const node = nodeOf(chain, name);
  let input: Record<string, unknown>;
  try {
    input = renderValues(node.parameters, contextFor(chain, state, env, node.asks.parameters));
  } catch (thrown) {
    if (!(thrown instanceof RenderFault)) throw thrown;
    const what = `Failed rendering value for action parameter "${thrown.key}" in task "${name}" (template string=${shownTemplate(thrown.value)}): ${thrown.message}`;
    return fail(draft, `Failed to run task "${name}". Parameter rendering failed. ${what}`);
  }
  const route = tableLength(state.runs);
  state.status = "running";
  state.runs = tablePush(owned, state.runs, { name, status: "running", created: now(env) } satisfies ChainRun);
  draft.commands.push({ kind: "run", task: name, route, action: node.ref, input });
}

function apply(draft: Draft, event: WorkflowEvent): void {
  const { state } = draft;
  const current = lastRun(state);
  const isActive = current !== undefined && !COMPLETED.has(current.status);
  switch (event.kind) {
    case "task":
      return report(draft, event);
    case "pause":
      if (state.status === "running" || state.status === "resuming") state.status = isActive ? "pausing" : "paused";
      else if ((state.status !== "paused" && state.status !== "pausing") || state.held) throw refused("pause", state);
      state.held = true;
      draft.commands.push({ kind: "pause" });
      return;
    case "resume":
      if (state.status !== "paused" && state.status !== "pausing") throw refused("resume", state);
      delete state.held;
      draft.commands.push({ kind: "resume" });
      if (!isActive) return goOn(draft, current);
      // One that waits for an answer waits on; a sub-workflow says when it goes on.
      if (current.status !== "pending") state.status = current.status === "paused" ? "resuming" : "running";
      return;
    case "cancel":
      if (COMPLETED.has(state.status)) throw refused("cancel", state);
      state.status = isActive ? "canceling" : "canceled";
      draft.commands.push({ kind: "cancel" });
      return;
    case "fail":
      if (COMPLETED.has(state.status)) throw refused("fail", state);
      fail(draft, event.message);
      draft.commands.push({ kind: "cancel" });
      return;
    case "timeout":
    case "rerun":
      throw new Conflict("workflow.chain.unsupported", {
        message: `an action chain has no ${event.kind === "rerun" ? "tasks that can be run again alone; run the whole chain again" : "time limits of tasks"}`,
      });
    default:
      return event satisfies never;
  }
}

function report(draft: Draft, event: Extract<WorkflowEvent, { kind: "task" }>): void {
  const { state, owned, env } = draft;
  const { task, route, status } = event;
  const before = tableGet(state.runs, route);
  if (before?.name !== task || COMPLETED.has(before.status)) {
    throw new Conflict("workflow.task.not-staged", { message: `Task "${task}" is not staged or has not started yet.` });
  }
  const done = COMPLETED.has(status);
  const after: ChainRun = {
    ...before,
    status,
    ...(done && { updated: now(env) }),
    ...(event.refused && { result: event.result ?? null }),
  };
  state.runs = tableSet(owned, state.runs, route, after);
  if (COMPLETED.has(state.status)) return;
  if (done) return end(draft, after, event);
  if (status === "pending" || status === "paused") {
    if (state.status !== "canceling") state.status = "paused";
  } else if (!state.held && (state.status === "paused" || state.status === "resuming")) state.status = "running";
}

function end(draft: Draft, done: ChainRun, event: Extract<WorkflowEvent, { kind: "task" }>): void {
  const { chain, state, env } = draft;
  const node = nodeOf(chain, done.name);
  if (event.refused && isUnknownAction(event.result)) {
    // StackStorm does not count it among the tasks: nothing of it ever was.
    state.runs = withoutLast(state.runs);
    return fail(draft, `Failed to run task "${node.name}". Action with reference "${node.ref}" doesn't exist.`);
  }
  state.ended = { ...state.ended, [node.name]: event.route };
  if (!event.refused) {
    try {
      publish(draft, node, event.result ?? null);
    } catch (thrown) {
      if (!(thrown instanceof RenderFault)) throw thrown;
      return fail(
        draft,
        `Failed rendering value for publish parameter "${thrown.key}" in task "${node.name}" (template string=${shownTemplate(thrown.value)}): ${thrown.message}`,
      );
    }
  }
  if (state.status === "canceling" || done.status === "canceled") {
    state.status = "canceled";
    return;
  }
  state.next = (done.status === "succeeded" ? node.onSuccess : node.onFailure) ?? null;
  if (state.held) state.status = "paused";
  else goOn(draft, { ...done, updated: now(env) });
}

/** Goes on after a run that has ended: with the next node, or to the chain's end. */
function goOn(draft: Draft, last: ChainRun | undefined): void {
  const { state } = draft;
  const { next } = state;
  delete state.next;
  if (typeof next === "string") return run(draft, next);
  state.status = last?.status === "abandoned" ? "failed" : (last?.status ?? "failed");
}

function publish({ chain, state, env }: Draft, node: ChainNode, result: unknown): void {
  if (Object.keys(node.publish).length === 0) return;
  const context = contextFor(chain, state, env, node.asks.publish, { name: node.name, result });
  const published = renderValues(node.publish, context);
  state.vars = { ...state.vars, ...published };
  state.published = { ...state.published, ...published };
}

function fail({ state }: Draft, error: string): void {
  state.status = "failed";
  state.error = error;
}

function finish({ state, commands }: Draft): Step<ChainState> {
  const isOver = COMPLETED.has(state.status);
  return {
    state,
    commands,
    status: state.status,
    ...(isOver && { output: state.published }),
    errors: state.error === undefined ? [] : [{ type: "error", message: state.error }],
  };
}

const now = (env: Env): number => env.now?.() ?? 0;
const isUnknownAction = (result: unknown): boolean => isObject(result) && result.code === "action.unknown";

function lastRun(state: ChainState): ChainRun | undefined {
  return tableGet(state.runs, tableLength(state.runs) - 1);
}

function withoutLast(runs: ChainState["runs"]): ChainState["runs"] {
  const last = runs.at(-1) ?? [];
  return last.length > 1 ? [...runs.slice(0, -1), last.slice(0, -1)] : runs.slice(0, -1);
}

function nodeOf(chain: Chain, name: string): ChainNode {
  const node = chain.nodes.get(name);
  if (node === undefined) throw new RangeError(`the chain has no node '${name}'`);
  return node;
}

const refused = (what: string, { status }: { readonly status: Status }): Conflict =>
  new Conflict("workflow.transition", {
    message: `Unable to process event "workflow_${what}" for workflow in "${status}" status.`,
  });
