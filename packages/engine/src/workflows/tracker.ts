import type { WorkflowStatus } from "@squall/workflow";

/** The executions of one run of a task. */
export interface TaskRun {
  /** Names the run; items share it. */
  readonly id: string;
  /** By item; a task without items has one, under 0. */
  readonly children: Map<number, { readonly id: string; status: string; ended: boolean }>;
  readonly items: boolean;
  /** Its time was over, whatever became of its executions. */
  timedOut?: boolean;
}

export interface Place {
  readonly task: string;
  readonly route: number;
  readonly item?: number;
}

/** Which executions stand for which tasks, and which of them have not ended. Follows from the steps alone. */
export interface Tracker {
  /** An execution was begun for a task; answers the id of the task's run. */
  begin(place: Place, execution: string): string;
  /** What an execution begun now would belong to, when it is not a run of its own. */
  runIdOf(place: Place): string | undefined;
  report(execution: string, status: string, ended: boolean): void;
  placeOf(execution: string): Place | undefined;
  latest(task: string, route: number): TaskRun | undefined;
  /** What runs of the task counts for nothing any more: answers the executions that have not ended. */
  dismiss(place: Omit<Place, "item">): readonly string[];
  /** Whether what an execution reports counts for nothing. */
  isDismissed(execution: string | undefined): boolean;
  /** Those that were dismissed and have not ended. */
  dismissed(): readonly string[];
  /** Those that have not ended, oldest first. */
  active(): readonly string[];
  readonly begun: number;
  save(): SavedTracker;
}

export interface SavedTracker {
  readonly begun: number;
  /** Executions that were dismissed and had not ended, with their places; ids of runs whose time was over. */
  readonly dismissed?: readonly (readonly [execution: string, place: Place])[];
  readonly timedOut?: readonly string[];
  readonly runs: readonly (readonly [
    task: string,
    route: number,
    id: string,
    items: boolean,
    children: readonly (readonly [number, string, string, boolean])[],
  ])[];
}

const keyOf = (task: string, route: number) => `${route}|${task}`;

export function createTracker(saved?: SavedTracker): Tracker {
  const runs = new Map<string, TaskRun>();
  const open = new Map<string, Place>();
  const timedOut = new Set(saved?.timedOut);
  const dismissed = new Set<string>();
  let begun = saved?.begun ?? 0;
  for (const [task, route, id, items, children] of saved?.runs ?? []) {
    runs.set(keyOf(task, route), {
      id,
      items,
      children: new Map(children.map(([item, child, status, ended]) => [item, { id: child, status, ended }])),
      ...(timedOut.has(id) && { timedOut: true }),
    });
    for (const [item, child, , ended] of children) {
      if (!ended) open.set(child, { task, route, ...(items && { item }) });
    }
  }
  for (const [execution, place] of saved?.dismissed ?? []) {
    open.set(execution, place);
    dismissed.add(execution);
  }
  /** Items of a run that is under way, or that is taken up again for some of them, stay together. */
  const same = ({ task, route, item }: Place): TaskRun | undefined => {
    const run = runs.get(keyOf(task, route));
    if (item === undefined || run === undefined || !run.items) return undefined;
    const isFresh = item === 0 && [...run.children.values()].every((child) => child.ended);
    return isFresh ? undefined : run;
  };
  return {
    begin(place, execution) {
      const { task, route, item } = place;
      let run = same(place);
      if (run === undefined) {
        run = { id: execution, children: new Map(), items: item !== undefined };
        runs.set(keyOf(task, route), run);
      }
      // Items that are run again after its time was over.
      delete run.timedOut;
      run.children.set(item ?? 0, { id: execution, status: "running", ended: false });
      open.set(execution, place);
      begun++;
      return run.id;
    },
    runIdOf: (place) => same(place)?.id,
    report(execution, status, ended) {
      const place = open.get(execution);
      if (place === undefined) return;
      const child = runs.get(keyOf(place.task, place.route))?.children.get(place.item ?? 0);
      if (child?.id === execution) {
        child.status = status;
        child.ended = ended;
      }
      if (ended) open.delete(execution);
      if (ended) dismissed.delete(execution);
    },
    dismiss({ task, route }) {
      const run = runs.get(keyOf(task, route));
      if (run === undefined) return [];
      run.timedOut = true;
      const stopped = [...run.children.values()].filter((child) => !child.ended).map((child) => child.id);
      for (const id of stopped) dismissed.add(id);
      return stopped;
    },
    isDismissed: (execution) => execution !== undefined && dismissed.has(execution),
    dismissed: () => [...dismissed],
    placeOf: (execution) => open.get(execution),
    latest: (task, route) => runs.get(keyOf(task, route)),
    active: () => [...open.keys()],
    get begun() {
      return begun;
    },
    save: () => ({
      begun,
      ...([...runs.values()].some((run) => run.timedOut) && {
        timedOut: [...runs.values()].flatMap((run) => (run.timedOut ? [run.id] : [])),
      }),
      ...(dismissed.size > 0 && { dismissed: [...dismissed].map((id) => [id, open.get(id) as Place] as const) }),
      runs: [...runs].map(([key, run]) => {
        const cut = key.indexOf("|");
        const children = [...run.children].map(([item, one]) => [item, one.id, one.status, one.ended] as const);
        return [key.slice(cut + 1), Number(key.slice(0, cut)), run.id, run.items, children] as const;
      }),
    }),
  };
}

/** The worst of the statuses of items, as a task's. */
export function statusOfRun(run: TaskRun): WorkflowStatus {
  if (run.timedOut) return "timeout";
  const statuses = [...run.children.values()].map((child) => child.status);
  const found = ["running", "canceled", "failed", "timeout", "abandoned", "pending", "paused"].find((one) =>
    statuses.includes(one),
  );
  // Casts: children have statuses of executions, which workflows have as well.
  return (run.items ? (found ?? "succeeded") : (statuses[0] ?? "running")) as WorkflowStatus;
}
