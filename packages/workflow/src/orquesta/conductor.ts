import { Conflict } from "@squall/model";
import { tableEntries, tableGet } from "../table.ts";
import { variablesOf } from "./context.ts";
import { readDefinition } from "./definition.ts";
import { buildGraph } from "./graph.ts";
import { type NextTask, nextTasks, renderTask } from "./next-tasks.ts";
import { renderOutput, terminalVariables } from "./output.ts";
import type { Env } from "./program.ts";
import { isOver, request } from "./request.ts";
import { type RerunRequest, rerun } from "./rerun.ts";
import { begin } from "./start.ts";
import {
  type Draft,
  draftOf,
  type Entry,
  entryAt,
  findStaged,
  initialState,
  latestIndex,
  nodeOf,
  type State,
} from "./state.ts";
import { type TaskEvent, updateTask } from "./update.ts";
import { notStaged } from "./faults.ts";

/**
 * The single moves of an Orquesta workflow, for whoever drives it as StackStorm does, in calls of its own conductor:
 * recordings are replayed through this, and rehearsals. An engine wants `orquestaProgram`.
 */
export interface Conductor {
  readonly state: State;
  /** Every entry there ever was. */
  readonly known: readonly Entry[];
  requestStatus(status: string): void;
  nextTasks(): NextTask[];
  /** A task as it would be handed out with what it knows now. */
  task(task: string, route: number): NextTask;
  updateTask(task: string, route: number, event: TaskEvent): void;
  rerun(requests?: readonly RerunRequest[]): void;
  renderOutput(): Readonly<Record<string, unknown>> | null;
  /** Variables a task begins with, and those its transitions lead on with. */
  taskVariables(task: string, route: number): Readonly<Record<string, unknown>>;
  transitionVariables(task: string, route: number): Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  initialVariables(): Readonly<Record<string, unknown>>;
  terminalVariables(): Readonly<Record<string, unknown>>;
  tasks(): {
    readonly task: string;
    readonly route: number;
    readonly status: string | null;
    readonly terminal: boolean;
  }[];
}

/** A conductor of a new workflow, or of one that has come as far as `state`. */
export function conductor(
  source: unknown,
  given:
    | { readonly inputs: Readonly<Record<string, unknown>>; readonly env: Env }
    | { readonly state: State; readonly env: Env; readonly known?: readonly Entry[] },
): Conductor {
  const definition = readDefinition(source);
  const { context, ...functions } = given.env;
  const setting = { definition, graph: buildGraph(definition), functions };
  let state = "state" in given ? given.state : initialState;
  // The state forgets entries that it no longer needs: here all are kept, for whoever compares.
  const known: Entry[] = "state" in given ? [...(given.known ?? [])] : [];
  // A move that fails leaves the state as it was: its draft is dropped.
  const move = <T>(make: (draft: Draft) => T): T => {
    const draft = draftOf(setting, state);
    const made = make(draft);
    state = draft.state;
    for (const [index, entry] of tableEntries(state.entries)) known[index] = entry;
    // What is forgotten does not count for the output.
    for (const [index, entry] of known.entries()) {
      if (entry.terminal === true && (tableGet(state.entries, index) ?? null) === null) {
        const { terminal: _no, ...rest } = entry;
        known[index] = rest;
      }
    }
    return made;
  };
  if (!("state" in given)) move((draft) => begin(draft, given.inputs, context ?? {}));
  return {
    known,
    get state() {
      return state;
    },
    requestStatus: (status) => move((draft) => request(draft, status)),
    nextTasks: () => move(nextTasks),
    task: (task, route) => {
      const draft = draftOf(setting, state);
      return renderTask(draft, { task, route, context: contextOf(draft, task, route), ready: true });
    },
    updateTask: (task, route, event) => move((draft) => updateTask(draft, task, route, event)),
    rerun: (requests) => move((draft) => rerun(draft, requests)),
    renderOutput: () =>
      move((draft) => {
        renderOutput(draft);
        return draft.state.output;
      }),
    taskVariables: (task, route) => variablesOf(state.contexts, contextOf(draftOf(setting, state), task, route)),
    transitionVariables: (task, route) => {
      const draft = draftOf(setting, state);
      const index = latestIndex(draft, task, route);
      if (index === undefined) throw notStaged(task);
      const entry = entryAt(state, index);
      const after: [string, Readonly<Record<string, unknown>>][] = [];
      for (const edge of nodeOf(draft, task).out) {
        if (entry.next[edge.id] === true) after.push([edge.id, variablesAfter(draft, entry.context, edge.id, index)]);
      }
      return Object.fromEntries(after);
    },
    initialVariables: () => variablesOf(state.contexts, tableGet(state.contexts, 0) === undefined ? undefined : 0),
    terminalVariables: () => {
      if (!isOver(state.status)) {
        throw new Conflict("workflow.running", {
          message: "Workflow is not in completed status.",
          fields: { type: "WorkflowContextError" },
        });
      }
      return terminalVariables(draftOf(setting, state));
    },
    tasks: () =>
      known.map(({ task, route, status, terminal }) => ({
        task,
        route,
        status,
        terminal: terminal === true,
      })),
  };
}

function contextOf(draft: Draft, task: string, route: number): number {
  const staged = draft.state.staged[findStaged(draft.state, task, route)];
  if (staged !== undefined) return staged.context;
  const index = latestIndex(draft, task, route);
  if (index === undefined) throw notStaged(task);
  return entryAt(draft.state, index).context;
}

/** What a transition led on with: the context of the entry, and what it published. */
function variablesAfter(draft: Draft, context: number, edge: string, index: number): Readonly<Record<string, unknown>> {
  const published = entryAt(draft.state, index).published?.[edge];
  return variablesOf(draft.state.contexts, published ?? context);
}
