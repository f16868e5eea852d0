import type { KeyRequest } from "@squall/expressions";
import { isObject } from "@squall/model";
import { tableClear, tableEntries, tableLength, tableValues } from "../table.ts";
import { contextsUnder } from "./context.ts";
import type { Command, Locate, Problem, Program, Step, WorkflowEvent } from "../program.ts";
import type { Status } from "../status.ts";
import { hold, report, restAgain } from "./answers.ts";
import { type Definition, readDefinition } from "./definition.ts";
import { buildGraph } from "./graph.ts";
import { inspectWorkflow } from "./inspect/inspect.ts";
import type { NextTask } from "./next-tasks.ts";
import { nextTasks } from "./next-tasks.ts";
import { renderOutput } from "./output.ts";
import { isOver, request } from "./request.ts";
import { rerun } from "./rerun.ts";
import { begin } from "./start.ts";
import { type Draft, draftOf, initialState, logError, type Setting, type State } from "./state.ts";
import { limitOf, setLimit, timeOut, timersOf } from "./time-limit.ts";
import { updateTask } from "./update.ts";

/**
 * What comes from outside. What `readKey` and `recordOf` throw reaches the caller of the step, and nothing has changed:
 * fetch what is missing and take the step again.
 */
export interface Env {
  /** Variables beside the workflow's own, such as `st2` and `parent`. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly readKey?: (request: KeyRequest) => { readonly value: unknown } | undefined;
  /** Opens what a secret key holds, for StackStorm's filter of that. */
  readonly decrypt?: (ciphertext: string) => string;
  readonly recordOf?: (taskId: string, route: number) => Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds since 1970; a number from 0 to 1: for the expressions' functions that need them. */
  readonly now?: () => number;
  readonly random?: () => number;
  /** Evaluate texts that come out of inputs and results again, as Orquesta does: who writes them can run expressions. */
  readonly reevaluate?: boolean;
}

export interface ReadOptions {
  readonly locate?: Locate;
  /** Names that are variables without being declared: those of `Env.context`. */
  readonly contextNames?: readonly string[];
}

/**
 * An Orquesta workflow from its parsed YAML.
 * @throws Invalid at the first `start` or `advance` when the definition cannot be understood; `inspect` tells all reasons
 */
export function orquestaProgram(source: unknown, options: ReadOptions = {}): Program<State, Env> {
  let read: { definition: Definition; graph: ReturnType<typeof buildGraph> } | undefined;
  const setting = (env: Env): Setting => {
    if (read === undefined) {
      const definition = readDefinition(source);
      read = { definition, graph: buildGraph(definition) };
    }
    const { context: _context, decrypt: _decrypt, ...functions } = env;
    return { ...read, functions };
  };
  return {
    inspect: (): Problem[] => inspectWorkflow(source, options),
    start(inputs, env) {
      const draft = draftOf(setting(env), initialState);
      begin(draft, inputs, env.context ?? {});
      if (draft.state.status === null) request(draft, "running");
      return finish(draft, []);
    },
    advance(state, event, env) {
      const draft = draftOf(setting(env), state);
      if (event.kind !== "task") return finish(draft, apply(draft, event));
      const { task, route, item, status, result } = event;
      const limit = limitOf(draft, task, route);
      const answered = report(
        draft,
        task,
        route,
        item === undefined ? { kind: "action", status, result } : { kind: "item", item, status, result },
      );
      const isDone = limit !== undefined && limitOf(draft, task, route)?.run !== limit.run;
      return finish(draft, isDone ? [{ kind: "timer", ...limit }] : [], answered);
    },
    timers: timersOf,
  };
}

function apply(draft: Draft, event: Exclude<WorkflowEvent, { kind: "task" }>): Command[] {
  switch (event.kind) {
    case "pause":
      hold(draft);
      return [{ kind: "pause" }];
    case "resume":
      request(draft, "resuming");
      delete draft.state.held;
      return [{ kind: "resume" }];
    case "cancel":
      request(draft, "canceling");
      return [{ kind: "cancel" }];
    case "timeout":
      return timeOut(draft, event.task, event.route, event.run);
    case "fail":
      logError(draft, { message: event.message });
      request(draft, "failed");
      return [{ kind: "cancel" }];
    case "rerun":
      rerun(draft, event.tasks);
      delete draft.state.held;
      return [];
    default:
      return event satisfies never;
  }
}

/** Tasks without action may lead to each other forever: one step takes no more than this. */
const MAX_ROUNDS = 10_000;

/** Hands out what can run now, until only the world can go on. */
function finish(draft: Draft, commands: Command[], answered = false): Step<State> {
  let rounds = 0;
  for (let next = nextTasks(draft); next.length > 0; next = nextTasks(draft)) {
    if (++rounds > MAX_ROUNDS) {
      logError(draft, {
        message: `WorkflowCycleError: tasks without action led to each other ${MAX_ROUNDS} times in one step; give the cycle around '${next[0]?.task}' a condition that ends it, or an action.`,
      });
      request(draft, "failed");
      break;
    }
    for (const one of next) handOut(draft, one, commands);
  }
  // A workflow that is told to go on while all it has are questions waits for them as before.
  if (answered || commands[0]?.kind === "resume" || commands[0]?.kind === "stop") restAgain(draft);
  renderOutput(draft);
  forgetContexts(draft);
  const { state } = draft;
  const status = state.status as Status;
  return {
    state,
    commands,
    status,
    ...(isOver(status) ? { output: state.output } : {}),
    errors: state.errors,
  };
}

/** Lets go of contexts that neither an entry nor a staged task goes back to, each time their number has about doubled. */
function forgetContexts({ state, owned }: Draft): void {
  const length = tableLength(state.contexts);
  if (length < state.sweepAt) return;
  const used = new Set([0]);
  for (const { context, published } of tableValues(state.entries)) {
    used.add(context);
    for (const id of Object.values(published ?? {})) used.add(id);
  }
  for (const { context } of state.staged) used.add(context);
  const needed = contextsUnder(state.contexts, used);
  const gone: number[] = [];
  for (const [id] of tableEntries(state.contexts)) if (!needed.has(id)) gone.push(id);
  state.contexts = tableClear(owned, state.contexts, gone);
  state.sweepAt = length + Math.max(256, needed.size);
}

function handOut(draft: Draft, next: NextTask, commands: Command[]): void {
  const { task, route, delay } = next;
  if (next.itemsCount === 0 || (next.itemsCount === undefined && next.actions[0]?.action === null)) {
    updateTask(draft, task, route, { kind: "action", status: "running" });
    updateTask(draft, task, route, { kind: "action", status: "succeeded", result: next.itemsCount === 0 ? [] : null });
    return;
  }
  for (const { action, input, itemId } of next.actions) {
    updateTask(
      draft,
      task,
      route,
      itemId === undefined ? { kind: "action", status: "running" } : { kind: "item", item: itemId, status: "running" },
    );
    commands.push({
      kind: "run",
      task,
      route,
      ...(itemId === undefined ? {} : { item: itemId }),
      action: String(action),
      input: isObject(input) ? input : {},
      ...(delay === undefined || delay === 0 ? {} : { delay }),
    });
  }
  setLimit(draft, next, commands);
}
