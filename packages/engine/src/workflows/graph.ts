import { type Execution, Invalid } from "@squall/model";
import { buildGraph, type ChainState, readChain, readDefinition } from "@squall/workflow";
import type { Core } from "../core.ts";
import type { Compiled } from "./definitions.ts";
import { isWorkflow } from "./is-workflow.ts";
import { type Live, readBack } from "./live.ts";
import { type TaskView, tasksOf } from "./tasks.ts";

/** What leads where, for drawing. Of an execution also what has happened: the latest status and run of each task. */
export interface WorkflowGraph {
  readonly nodes: readonly {
    /** A task, or a command such as `fail`. */
    readonly id: string;
    readonly action?: string;
    readonly join?: "all" | number;
    readonly items?: boolean;
    readonly starts?: boolean;
    readonly status?: string;
    /** How often it has run; more than once in cycles and behind splits. */
    readonly runs?: number;
    readonly start_timestamp?: string;
    readonly end_timestamp?: string;
    /** Of the latest run with items: how many there are, and how many succeeded. */
    readonly total?: number;
    readonly succeeded?: number;
  }[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly when?: string;
    /** Whether it was taken, when its source has ended. */
    readonly taken?: boolean;
  }[];
}

export function graphOfDefinition(core: Core, definition: string): WorkflowGraph {
  return draw(core.definitions.compile(definition));
}

export async function graphOfExecution(core: Core, execution: Execution): Promise<WorkflowGraph> {
  if (!isWorkflow(execution.runner)) {
    throw new Invalid("workflow.none", {
      message: `Execution "${execution.id}" is of ${execution.action}, which is no workflow, so it has no graph.`,
    });
  }
  const live = await readBack(core, execution.project, execution.id);
  const { tasks } = await tasksOf(core, execution);
  // Of the runs on several routes the last one counts.
  return draw(live.compiled, live, new Map(tasks.map((one) => [one.task, one])));
}

function draw({ language, source }: Compiled, live?: Live, tasks?: ReadonlyMap<string, TaskView>): WorkflowGraph {
  if (language === "action-chain") {
    return drawChain(source, live?.state?.language === "action-chain" ? live.state : undefined, tasks);
  }
  const { byNumber, starts } = buildGraph(readDefinition(source));
  const state = live?.state?.language === "orquesta" ? live.state : undefined;
  const entries = state?.entries.flat().filter((entry) => entry !== null) ?? [];
  return {
    nodes: byNumber.map(({ name, task }) => {
      const runs = entries.filter((entry) => entry.task === name);
      const status = runs.at(-1)?.status;
      return {
        id: name,
        ...(task?.action && { action: task.action }),
        ...(task?.join !== undefined && { join: task.join }),
        ...(task?.with !== undefined && { items: true }),
        ...(starts.includes(name) && { starts: true }),
        ...(status && { status }),
        ...(runs.length > 0 && { runs: tasks?.get(name)?.runs ?? runs.length }),
        ...timesOf(tasks?.get(name)),
      };
    }),
    edges: byNumber.flatMap(({ name, out, retry }) =>
      out.map((edge) => {
        const decided = entries.filter((entry) => entry.task === name && edge.id in entry.next);
        const taken = decided.some((entry) => entry.next[edge.id] === true);
        // Of a cycle's rounds the state knows the latest only. What comes back to itself was gone before, unless it was retried.
        const again = edge.to === name && retry === undefined && (tasks?.get(name)?.runs ?? 0) > 1;
        return {
          from: edge.from,
          to: edge.to,
          ...(edge.when !== undefined && { when: edge.when }),
          ...(decided.length > 0 && { taken: taken || again }),
        };
      }),
    ),
  };
}

function drawChain(
  source: Compiled["source"],
  state?: ChainState,
  tasks?: ReadonlyMap<string, TaskView>,
): WorkflowGraph {
  const { nodes, start } = readChain(source);
  const runs = state?.runs.flat() ?? [];
  const steps = new Set(runs.slice(1).map((run, at) => `${runs[at]?.name}\0${runs[at]?.status}\0${run.name}`));
  return {
    nodes: [...nodes.values()].map(({ name, ref }) => {
      const own = runs.filter((run) => run.name === name);
      const status = own.at(-1)?.status;
      return {
        id: name,
        action: ref,
        ...(name === start && { starts: true }),
        ...(status && { status }),
        ...(own.length > 0 && { runs: own.length }),
        ...timesOf(tasks?.get(name)),
      };
    }),
    edges: [...nodes.values()].flatMap(({ name, onSuccess, onFailure }) => {
      const ended = runs.some((run) => run.name === name && run.updated !== undefined);
      const edge = (to: string, when: "on-success" | "on-failure", statuses: readonly string[]) => ({
        from: name,
        to,
        when,
        ...(ended && { taken: statuses.some((status) => steps.has(`${name}\0${status}\0${to}`)) }),
      });
      return [
        ...(onSuccess === undefined ? [] : [edge(onSuccess, "on-success", ["succeeded"])]),
        ...(onFailure === undefined ? [] : [edge(onFailure, "on-failure", ["failed", "timeout", "abandoned"])]),
      ];
    }),
  };
}

function timesOf(task: TaskView | undefined) {
  if (task === undefined) return {};
  const { start_timestamp, end_timestamp, items } = task;
  return {
    start_timestamp,
    ...(end_timestamp !== undefined && { end_timestamp }),
    ...(items && { total: items.total, succeeded: items.counts.succeeded ?? 0 }),
  };
}
