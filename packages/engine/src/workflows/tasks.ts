import { COMPLETED_STATUSES, type Execution, formatMicros, Invalid, isCompleted, isObject } from "@squall/model";
import type { Core } from "../core.ts";
import { isWorkflow } from "./is-workflow.ts";
import { readBack } from "./live.ts";

/** A task of a workflow's execution, over all its runs on one route. */
export interface TaskView {
  readonly task: string;
  readonly route: number;
  readonly action: string;
  /** Of the latest run. */
  readonly status: string;
  readonly start_timestamp: string;
  readonly end_timestamp?: string;
  /** How often it has run: retries and rounds of cycles. */
  readonly runs: number;
  /** Of the latest run's delay: seconds. */
  readonly delay?: number;
  /** The latest run's execution; absent with items. */
  readonly execution?: string;
  /** Of the latest run: how many there are, and how many have which status; those that have not begun have none. */
  readonly items?: { readonly total: number; readonly counts: Readonly<Record<string, number>> };
  /** Items that failed or have not ended: the first few. */
  readonly shown?: readonly ItemView[];
  /** Of a sub-workflow. */
  readonly tasks?: readonly TaskView[];
  /** Tasks of it that were left out. */
  readonly more?: number;
}

export interface ItemView {
  readonly item: number;
  readonly execution: string;
  readonly status: string;
  readonly start_timestamp: string;
  readonly end_timestamp?: string;
}

export interface TaskTree {
  readonly tasks: readonly TaskView[];
  readonly more?: number;
}

/** Tasks in one answer, over all levels: more than anybody reads at once. */
const MOST_TASKS = 1000;
/** Levels of sub-workflows. */
const MOST_LEVELS = 20;
const SHOWN_ITEMS = 5;
/** Executions read at once. */
const PAGE = 1000;

/** What became of a workflow's tasks, with those of its sub-workflows, in the order in which they began. @throws Invalid when it is none */
export async function tasksOf(core: Core, execution: Execution): Promise<TaskTree> {
  if (!isWorkflow(execution.runner)) {
    throw new Invalid("workflow.none", {
      message: `Execution "${execution.id}" is of ${execution.action}, which is no workflow, so it has no tasks.`,
    });
  }
  return levelOf(core, execution, { left: MOST_TASKS }, MOST_LEVELS);
}

async function levelOf(core: Core, workflow: Execution, room: { left: number }, levels: number): Promise<TaskTree> {
  const groups = await groupsOf(core, workflow);
  const kept = groups.slice(0, room.left);
  room.left -= kept.length;
  const known = kept.some((group) => group.items) ? await itemsOf(core, workflow) : new Map<string, KnownItems>();
  const tasks: TaskView[] = [];
  for (const group of kept) {
    const view = viewOf(group, known.get(`${group.route}|${group.task}`), isCompleted(workflow.status));
    const { latest } = group;
    const enters = !group.items && isWorkflow(latest.runner) && levels > 1;
    tasks.push(enters ? { ...view, ...(await levelOf(core, latest, room, levels - 1)) } : view);
  }
  return { tasks, ...(kept.length < groups.length && { more: groups.length - kept.length }) };
}

/** The executions of one task on one route, as they are read: what is counted is not kept. */
interface Group {
  readonly task: string;
  readonly route: number;
  readonly items: boolean;
  runs: number;
  run: string;
  start: number;
  end: number | undefined;
  latest: Execution;
  counts: Record<string, number>;
  begun: number;
  shown: ItemView[];
}

async function groupsOf(core: Core, workflow: Execution): Promise<Group[]> {
  const groups = new Map<string, Group>();
  for (let offset = 0; ; offset += PAGE) {
    const { items } = await core.parts.store.executions(
      workflow.project,
      { parent: workflow.id, order: "ascending" },
      { limit: PAGE, offset, omit: ["result", "parameters"] },
    );
    for (const one of items) add(groups, one);
    if (items.length < PAGE) return [...groups.values()];
  }
}

function add(groups: Map<string, Group>, one: Execution): void {
  const { orquesta, chain } = one.context;
  // Of a chain's nodes each run has a number of its own; they are one task.
  const place = isObject(chain) ? { task_name: chain.name, task_route: 0, task_execution_id: one.id } : orquesta;
  // What asked with the workflow's token is a child of it as well, and no task.
  if (!isObject(place)) return;
  const { task_name, task_route, task_execution_id, item_id } = place;
  const [task, route, run] = [String(task_name), Number(task_route), String(task_execution_id)];
  const items = typeof item_id === "number";
  const key = `${route}|${task}`;
  let group = groups.get(key);
  if (group === undefined) {
    group = {
      task,
      route,
      items,
      runs: 0,
      run: "",
      start: one.start,
      end: undefined,
      latest: one,
      counts: {},
      begun: 0,
      shown: [],
    };
    groups.set(key, group);
  }
  if (group.run !== run) {
    Object.assign(group, { run, runs: group.runs + 1, counts: {}, begun: 0, shown: [], end: undefined });
  }
  group.latest = one;
  group.begun++;
  group.counts[one.status] = (group.counts[one.status] ?? 0) + 1;
  if (one.end !== undefined) group.end = Math.max(group.end ?? 0, one.end);
  if (items && one.status !== "succeeded" && group.shown.length < SHOWN_ITEMS) {
    group.shown.push({ item: item_id, execution: one.id, status: one.status, ...timesOf(one.start, one.end) });
  }
}

const timesOf = (start: number, end: number | undefined) => ({
  start_timestamp: formatMicros(start),
  ...(end !== undefined && { end_timestamp: formatMicros(end) }),
});

function viewOf(group: Group, known: KnownItems | undefined, isOver: boolean): TaskView {
  const { task, route, latest, items, begun, shown, runs } = group;
  const counts = known?.counts ?? group.counts;
  const total = Math.max(begun, known?.total ?? 0);
  const ended = Object.entries(counts).every(([status, count]) => count === 0 || COMPLETED.has(status));
  const done = ended && (isOver || begun === total);
  return {
    task,
    route,
    action: latest.action,
    status: items ? worstOf(counts, done) : latest.status,
    ...timesOf(group.start, !items || done ? group.end : undefined),
    runs,
    ...(latest.delay !== undefined && { delay: latest.delay / 1000 }),
    ...(items ? { items: { total, counts } } : { execution: latest.id }),
    ...(shown.length > 0 && { shown }),
  };
}

const COMPLETED: ReadonlySet<string> = new Set(COMPLETED_STATUSES);

/** What items come to together: what fails counts once all have ended. */
function worstOf(counts: Readonly<Record<string, number>>, done: boolean): string {
  const has = (status: string): boolean => (counts[status] ?? 0) > 0;
  if (!done) return ["canceling", "pending", "paused", "pausing"].find(has) ?? "running";
  return ["canceled", "failed", "timeout", "abandoned"].find(has) ?? "succeeded";
}

interface KnownItems {
  readonly total: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** What the workflow's state knows of items: also of those that have not begun, or ended in an execution before this one. */
async function itemsOf(core: Core, workflow: Execution): Promise<Map<string, KnownItems>> {
  const known = new Map<string, KnownItems>();
  if (workflow.status === "succeeded") return known;
  const { state } = await readBack(core, workflow.project, workflow.id);
  if (state?.language !== "orquesta") return known;
  for (const { task, route, items } of state.staged) {
    if (items) known.set(`${route}|${task}`, { total: items.count, counts: items.counts });
  }
  return known;
}
