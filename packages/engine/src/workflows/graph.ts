import { type Execution, Invalid } from "@squall/model";
import { buildGraph, type ChainState, readChain, readDefinition } from "@squall/workflow";
import type { Core } from "../core.ts";
import type { Compiled } from "./definitions.ts";
import { isWorkflow } from "./is-workflow.ts";
import { type Live, readBack } from "./live.ts";

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
  return draw(live.compiled, live);
}

function draw({ language, source }: Compiled, live?: Live): WorkflowGraph {
  if (language === "action-chain") {
    return drawChain(source, live?.state?.language === "action-chain" ? live.state : undefined);
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
        ...(runs.length > 0 && { runs: runs.length }),
      };
    }),
    edges: byNumber.flatMap(({ name, out }) =>
      out.map((edge) => {
        const decided = entries.filter((entry) => entry.task === name && edge.id in entry.next);
        return {
          from: edge.from,
          to: edge.to,
          ...(edge.when !== undefined && { when: edge.when }),
          ...(decided.length > 0 && { taken: decided.some((entry) => entry.next[edge.id] === true) }),
        };
      }),
    ),
  };
}

function drawChain(source: Compiled["source"], state?: ChainState): WorkflowGraph {
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
