import { type Execution, isCompleted, NotFound } from "@squall/model";
import type { EngineParts } from "../parts.ts";

/** Waiting for executions to end. */
export interface Settling {
  settled(project: string, id: string, signal?: AbortSignal): Promise<Execution>;
  close(): void;
}

/** The bus is a hint only: a missed message is found again in the store. Looks come at growing distances. */
const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 5000;

export function createSettling(parts: EngineParts): Settling {
  const waiting = new Map<string, Set<(execution: Execution) => void>>();
  let unsubscribe: (() => void) | undefined;

  const listen = () => {
    unsubscribe ??= parts.bus.subscribe(["execution"], ({ execution }) => {
      if (!isCompleted(execution.status)) return;
      for (const tell of waiting.get(execution.id) ?? []) tell(execution);
    });
  };

  const stop = () => {
    unsubscribe?.();
    unsubscribe = undefined;
  };

  return {
    async settled(project, id, signal) {
      listen();
      let tell: ((execution: Execution) => void) | undefined;
      const told = new Promise<Execution>((resolve) => {
        tell = resolve;
      });
      const waiters = waiting.get(id) ?? new Set();
      waiters.add(tell as (execution: Execution) => void);
      waiting.set(id, waiters);
      try {
        for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 2, LONGEST_LOOK_MS)) {
          const current = await parts.store.execution(project, id);
          if (!current)
            throw new NotFound("execution.not-found", { message: `ActionExecution with id "${id}" not found.` });
          if (isCompleted(current.status) || signal?.aborted) return current;
          const next = await Promise.race([told, pauseOf(pause, signal)]);
          if (next) return next;
        }
      } finally {
        waiters.delete(tell as (execution: Execution) => void);
        if (waiters.size === 0) waiting.delete(id);
        if (waiting.size === 0) stop();
      }
    },
    close: stop,
  };
}

function pauseOf(ms: number, signal: AbortSignal | undefined): Promise<undefined> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve(undefined);
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal?.addEventListener("abort", end);
  });
}
