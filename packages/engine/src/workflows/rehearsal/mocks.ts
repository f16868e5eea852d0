import type { WorkflowStatus } from "@squall/workflow";

/** What a task's action is said to give. */
export interface Mock {
  /** `timeout` of a task with a time limit means the whole task. */
  readonly status?: WorkflowStatus;
  readonly result?: unknown;
  /** Of a task with items: counts for this item alone. */
  readonly item?: number;
  /** Ends as this many-th of all that end; those without end as soon as they begin. */
  readonly order?: number;
  /** The execution that gave it, for `task()` and for people. */
  readonly execution?: string;
}

/** By task: one, or one for each run (or item) in turn; the last one counts on. */
export type Mocks = Readonly<Record<string, Mock | readonly Mock[]>>;

/** Hands out mocks, to each run of a task its own. */
export interface Turns {
  next(task: string, item: number | undefined): Mock;
  /** Tasks with mocks that never ran. */
  unused(): string[];
}

export function createTurns(mocks: Mocks): Turns {
  /** By task, and by task and item: the mocks, and how many were handed out. */
  const lists = new Map<string, { readonly mocks: Mock[]; taken: number }>();
  const used = new Set<string>();
  for (const [task, given] of Object.entries(mocks)) {
    for (const mock of Array.isArray(given) ? (given as readonly Mock[]) : [given as Mock]) {
      const key = keyOf(task, mock.item);
      const list = lists.get(key);
      if (list === undefined) lists.set(key, { mocks: [mock], taken: 0 });
      else list.mocks.push(mock);
    }
  }
  return {
    next(task, item) {
      used.add(task);
      const list = lists.get(keyOf(task, item)) ?? lists.get(keyOf(task, undefined));
      return list?.mocks[Math.min(list.taken++, list.mocks.length - 1)] ?? {};
    },
    unused: () => Object.keys(mocks).filter((task) => !used.has(task)),
  };
}

const keyOf = (task: string, item: number | undefined): string => `${item ?? ""}|${task}`;
