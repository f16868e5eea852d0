import type { Execution } from "@squall/model";
import { createDeadlines } from "../deadlines.ts";
import type { EngineParts } from "../parts.ts";
import type { TimerCommand } from "./children.ts";
import type { StoredEvent } from "./history.ts";

/** The time limits of workflows that run, and of their tasks. They follow from what is stored, so nothing is kept for them. */
export interface Timeouts {
  /** `seconds` of 0, or of no number, are no limit. They count from when the workflow began. */
  start(execution: Execution, seconds: unknown): void;
  /** The workflow has ended; tasks that still run keep their limits. */
  stop(id: string): void;
  /** Sets the limits of tasks that begin, and lets go of those of tasks that are done. */
  limit(execution: Execution, timers: readonly TimerCommand[]): void;
  close(): void;
}

const WHOLE = "workflow";

export function createTimeouts(
  parts: EngineParts,
  tell: (execution: Execution, event: StoredEvent) => Promise<unknown>,
): Timeouts {
  const deadlines = createDeadlines(parts, "that the time of a workflow is over");
  const running = new Set<string>();
  return {
    start(execution, seconds) {
      if (typeof seconds !== "number" || seconds <= 0 || running.has(execution.id)) return;
      running.add(execution.id);
      const began = execution.log.find((one) => one.status === "running")?.timestamp ?? execution.start;
      const message = `the workflow did not end within its timeout of ${seconds} seconds`;
      deadlines.set(execution.id, WHOLE, began + seconds * 1e6, () =>
        tell(execution, { kind: "fail", message, timedOut: true }),
      );
    },
    stop(id) {
      running.delete(id);
      deadlines.clear(id, WHOLE);
    },
    limit(execution, timers) {
      for (const { task, route, run, due } of timers) {
        const name = String(run);
        if (due === undefined) deadlines.clear(execution.id, name);
        else
          deadlines.set(execution.id, name, due * 1000, () => tell(execution, { kind: "timeout", task, route, run }));
      }
    },
    close() {
      deadlines.close();
    },
  };
}
