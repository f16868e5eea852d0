import { setTimeout as delay } from "node:timers/promises";
import type { ProcessTable } from "./members.ts";

/** No process has this id, so that members are found by their mark alone. */
const NO_LEADER = -1;
const LOOK_MS = 50;

/**
 * Ends what executions of a process that is gone left running, found by the mark in its environment: SIGTERM, up to
 * `graceMs` of patience for all together, SIGKILL. Returns how many processes there were. Linux only; elsewhere 0.
 */
export async function endLeftovers(
  marks: readonly string[],
  limits: { readonly table: ProcessTable; readonly graceMs: number },
): Promise<number> {
  const members = () => {
    const now = performance.now();
    return [...new Set(marks.flatMap((mark) => limits.table.members(NO_LEADER, mark, now)))];
  };
  const found = members();
  signal(found, "SIGTERM");
  const until = performance.now() + limits.graceMs;
  let left = found;
  while (left.length > 0 && performance.now() < until) {
    await delay(LOOK_MS);
    left = members();
  }
  signal(left, "SIGKILL");
  return found.length;
}

function signal(pids: readonly number[], name: "SIGTERM" | "SIGKILL"): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      // Gone meanwhile, or another user's (sudo): then there is nothing that we may do.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ESRCH" && code !== "EPERM") throw error;
    }
  }
}
