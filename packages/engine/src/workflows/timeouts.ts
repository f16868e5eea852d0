import { Conflict, type Execution } from "@squall/model";
import type { EngineParts } from "../parts.ts";
import type { StoredEvent } from "./history.ts";

/** The time limits of workflows that run. They follow from what is stored, so nothing is kept for them. */
export interface Timeouts {
  /** `seconds` of 0, or of no number, are no limit. They count from when the workflow began. */
  start(execution: Execution, seconds: unknown): void;
  stop(id: string): void;
  close(): void;
}

/** setTimeout cannot wait longer. */
const LONGEST_MS = 2 ** 31 - 1;

export function createTimeouts(
  parts: EngineParts,
  tell: (execution: Execution, event: StoredEvent) => Promise<unknown>,
): Timeouts {
  const timers = new Map<string, NodeJS.Timeout>();
  return {
    start(execution, seconds) {
      if (typeof seconds !== "number" || seconds <= 0 || timers.has(execution.id)) return;
      const began = execution.log.find((one) => one.status === "running")?.timestamp ?? execution.start;
      const left = () => Math.ceil((began + seconds * 1e6 - parts.now()) / 1000);
      const end = () => {
        timers.delete(execution.id);
        const message = `the workflow did not end within its timeout of ${seconds} seconds`;
        tell(execution, { kind: "fail", message, timedOut: true }).catch((error: unknown) => {
          // It ended by itself at the same time.
          if (error instanceof Conflict) return;
          parts.log.error({ execution: execution.id, err: error }, "a workflow's timeout could not be stored");
        });
      };
      const wait = () => {
        const ms = left();
        if (ms <= 0) end();
        else timers.set(execution.id, setTimeout(wait, Math.min(ms, LONGEST_MS)));
      };
      wait();
    },
    stop(id) {
      clearTimeout(timers.get(id));
      timers.delete(id);
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
