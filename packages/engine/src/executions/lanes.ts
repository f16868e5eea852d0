import type { Lane } from "@squall/model";

/**
 * How many executions run at once, by lane.
 *
 * L1  A slot is taken before the commit that makes an execution running, and given back when it ended or the commit failed.
 * L2  Nothing overtakes: while executions of a lane wait in the store, new ones go to the store as well.
 */
export interface Lanes {
  /** Takes a slot for a new execution, unless all are taken or others wait already. */
  tryTake(lane: Lane): boolean;
  /**
   * Takes free slots for executions that wait; how many those are. All where some are known to wait, half where this is but a
   * look, so that new ones need not wait for its answer.
   */
  takeForWaiting(lane: Lane): number;
  give(lane: Lane, slots?: number): void;
  /** So many more went to the store to wait. */
  wait(lane: Lane, executions: number): void;
  /** So many of the waiting were claimed; with `all`, nothing else waits as far as this process knows. */
  claimed(lane: Lane, executions: number, all: boolean): void;
  /** From now on new executions go to the store to wait: what is draining takes up nothing more. */
  close(): void;
  /** No slot is free. */
  isFull(lane: Lane): boolean;
  waiting(lane: Lane): number;
  taken(lane: Lane): number;
}

export function createLanes(slots: Readonly<Record<Lane, number>>): Lanes {
  const taken: Record<Lane, number> = { inline: 0, process: 0 };
  const waiting: Record<Lane, number> = { inline: 0, process: 0 };
  /** Of these, those that came since a claim began, which it does not see. (L2) */
  const late: Record<Lane, number> = { inline: 0, process: 0 };
  let isClosed = false;
  return {
    tryTake(lane) {
      if (isClosed || waiting[lane] > 0 || taken[lane] >= slots[lane]) return false;
      taken[lane]++;
      return true;
    },
    takeForWaiting(lane) {
      const free = Math.max(0, slots[lane] - taken[lane]);
      const share = waiting[lane] > 0 ? free : Math.ceil(free / 2);
      taken[lane] += share;
      late[lane] = 0;
      return share;
    },
    give(lane, count = 1) {
      taken[lane] -= count;
    },
    wait(lane, count) {
      waiting[lane] += count;
      late[lane] += count;
    },
    claimed(lane, count, all) {
      waiting[lane] = all ? late[lane] : Math.max(1, waiting[lane] - count);
    },
    close() {
      isClosed = true;
    },
    isFull: (lane) => taken[lane] >= slots[lane],
    waiting: (lane) => waiting[lane],
    taken: (lane) => taken[lane],
  };
}
