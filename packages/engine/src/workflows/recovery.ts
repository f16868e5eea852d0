import { type Execution, isCompleted, isObject, messageOf, type Snapshot } from "@squall/model";
import type { ExecutionFilter } from "@squall/store";
import type { Core } from "../core.ts";
import { CHAIN_RUNNER } from "./chains.ts";
import type { TimerCommand } from "./children.ts";
import type { StoredStep } from "./history.ts";
import { type Live, readBack } from "./live.ts";

/** What recovery does with what it finds. */
export interface Recovered {
  /** One that is under way: its time limit counts on. */
  resume(execution: Execution, snapshot: Snapshot): Promise<void>;
  /** One whose tasks may have time limits: these count on, and what was dismissed is ended. */
  limit(live: Live, timers: readonly TimerCommand[]): void;
  /** What runs of it was perhaps not told. */
  cascade(live: Live, ask: "pause" | "cancel"): void;
  cancelTask(task: Execution, by: Execution): Promise<void>;
  /** Whether a workflow is to be taken up; absent: all are. */
  concerns?(workflow: string): boolean;
}

/** Executions at once in memory: what is read back of a workflow is let go of before the next page. */
const PAGE = 200;
const UNDER_WAY = ["running", "pausing", "paused", "resuming", "canceling"] as const;
const NOT_ENDED = ["requested", "scheduled", "delayed", "pending", ...UNDER_WAY] as const;

/**
 * Takes up the workflows of a process that is gone, a page at a time (W6). Answers the ids of those that were committed
 * and have not begun: they begin once slots are given out, for what they begin may need room.
 */
export async function recoverWorkflows(core: Core, project: string, recovered: Recovered): Promise<string[]> {
  const unbegun: string[] = [];
  for await (const page of underWay(core, project)) {
    const snapshots = await core.snapshots.load(
      project,
      page.map((one) => one.snapshot),
    );
    await Promise.all(
      page.map(async (execution) => {
        if (recovered.concerns?.(execution.id) === false) return;
        const snapshot = snapshots.get(execution.snapshot);
        if (snapshot === undefined) return;
        try {
          if (!(await hasBegun(core, execution))) unbegun.push(execution.id);
          else await recovered.resume(execution, snapshot);
          if (execution.status === "canceling" || execution.status === "pausing") {
            const live = await readBack(core, project, execution.id);
            recovered.cascade(live, execution.status === "canceling" ? "cancel" : "pause");
          }
          if (hasLimits(core, execution, snapshot)) {
            const live = await readBack(core, project, execution.id);
            const timers = live.state === undefined ? [] : live.compiled.program.timers(live.state);
            recovered.limit(
              live,
              timers.map((timer) => ({ kind: "timer", ...timer })),
            );
          }
        } catch (error) {
          // It fails, and says why, with the next end of a task; its neighbours are taken up all the same.
          core.parts.log.error(
            { execution: execution.id, err: error },
            `a workflow could not be taken up: ${messageOf(error)}`,
          );
        }
      }),
    );
  }
  await cancelLeftTasks(core, project, recovered);
  return unbegun;
}

async function* underWay(core: Core, project: string): AsyncGenerator<Execution[]> {
  for (const runner of ["orquesta", CHAIN_RUNNER]) yield* pagesOf(core, project, { runner, status: UNDER_WAY });
}

/** Whether a task of the definition may have a time limit. */
function hasLimits(core: Core, { runner }: Execution, { definition }: Snapshot): boolean {
  if (definition === undefined || runner === CHAIN_RUNNER) return false;
  const { tasks } = core.definitions.compile(definition, runner).source;
  return isObject(tasks) && Object.values(tasks).some((task) => isObject(task) && task.timeout !== undefined);
}

/** One that has begun has begun something: else it would have ended in the same step. */
async function hasBegun(core: Core, { project, id, status }: Execution): Promise<boolean> {
  if (status !== "running") return true;
  const { items } = await core.parts.store.executions(
    project,
    { parent: id },
    { limit: 1, omit: ["result", "parameters", "context"] },
  );
  return items.length > 0;
}

/**
 * Tasks of workflows that failed for a reason from outside (a time limit, somebody's word), and what ran of tasks whose
 * own time was over, are to be canceled, and the workflow may have ended before they are: what was not told when the process
 * died is told now.
 */
async function cancelLeftTasks(core: Core, project: string, recovered: Recovered): Promise<void> {
  const { store } = core.parts;
  const ends = new Map<string, boolean>();
  for await (const page of pagesOf(core, project, { status: NOT_ENDED, isPart: true })) {
    const tasks = page.filter(
      (one) =>
        one.parent !== undefined &&
        (isObject(one.context.orquesta) || isObject(one.context.chain)) &&
        recovered.concerns?.(one.parent) !== false,
    );
    const parents = [...new Set(tasks.flatMap((one) => one.parent ?? []))];
    if (parents.length === 0) continue;
    const { items } = await store.executions(project, { ids: parents }, { omit: ["result", "parameters"] });
    const ended = new Map(items.filter((one) => isCompleted(one.status)).map((one) => [one.id, one]));
    for (const task of tasks) {
      const workflow = ended.get(task.parent ?? "");
      if (workflow === undefined) continue;
      let cancels = ends.get(workflow.id);
      if (cancels === undefined) ends.set(workflow.id, (cancels = await askedToCancel(core, workflow)));
      if (cancels || (await isDismissed(core, task, workflow))) await recovered.cancelTask(task, workflow);
    }
  }
}

/** Whether what runs of a workflow that has ended was to be canceled; what runs on after a failure of its own is not. */
async function askedToCancel(core: Core, { project, id }: Execution): Promise<boolean> {
  const { steps } = await core.parts.store.workflow(project, id, true);
  // Cast: steps are written by the engine alone.
  const events = steps.flatMap(({ step }) => (step as unknown as StoredStep).events);
  return events.some(({ kind }) => kind === "fail" || kind === "cancel");
}

/** Whether it ran of a task whose time was over (W7). */
async function isDismissed(core: Core, task: Execution, workflow: Execution): Promise<boolean> {
  if (workflow.runner === CHAIN_RUNNER) return false;
  return (await readBack(core, workflow.project, workflow.id)).tracker.isDismissed(task.id);
}

/** Executions oldest first, in pages; what changes its status meanwhile does not move the others. */
async function* pagesOf(core: Core, project: string, filter: ExecutionFilter): AsyncGenerator<Execution[]> {
  const { store } = core.parts;
  let from: number | undefined;
  let limit = PAGE;
  let before = new Set<string>();
  for (;;) {
    const { items } = await store.executions(
      project,
      { ...filter, order: "ascending", ...(from !== undefined && { from }) },
      { limit, omit: ["result"] },
    );
    const fresh = items.filter((one) => !before.has(one.id));
    if (fresh.length > 0) yield fresh;
    if (items.length < limit) return;
    // As many as a page may have begun in the same microsecond, and have all been seen.
    limit = fresh.length === 0 ? limit * 2 : PAGE;
    from = items.at(-1)?.start;
    before = new Set(items.filter((one) => one.start === from).map((one) => one.id));
  }
}
