import type { Lane } from "@squall/model";
import type { EngineParts } from "../parts.ts";
import type { Lanes } from "./lanes.ts";

/** How many executions wait for a slot, wherever they were asked for. */
export interface Backlog {
  waiting(): number;
  start(): void;
  close(): void;
}

/** Counted so often where others take from the same store. What is asked for between two counts may exceed the limit. */
const COUNT_MS = 2_000;

/** A process that has the store to itself knows it from its lanes; others count what the store holds, now and then. */
export function createBacklog(parts: EngineParts, lanes: Lanes): Backlog {
  const own = () => lanes.waiting("inline") + lanes.waiting("process");
  if (parts.store.exclusive) return { waiting: own, start: () => undefined, close: () => undefined };
  let counted = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const count = async (): Promise<void> => {
    try {
      const found: Readonly<Record<Lane, number>> = await parts.store.waiting(parts.limits.waiting);
      counted = found.inline + found.process;
    } catch {
      // Whoever wants to write is told what is wrong with the store; the last count holds until then.
    }
    if (!isClosed) timer = setTimeout(() => void count(), COUNT_MS).unref();
  };
  return {
    waiting: () => counted,
    start: () => void count(),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
