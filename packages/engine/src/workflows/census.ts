import { type Execution, Invalid, isObject, TooMany } from "@squall/model";
import type { Limits } from "../parts.ts";
import type { Backlog } from "../executions/backlog.ts";

/**
 * How much there is of workflows, so that none grows without end.
 *
 * C1  Workflows that have not ended are counted, by the engine that conducts them; at the limit no more begin there, from outside or
 *     as tasks.
 * C2  A workflow may be a task of a workflow only so many levels deep: one that runs itself ends there.
 * C3  While as many executions wait as may, a step that would begin more is put off. What waits is run by slots, which no
 *     workflow holds, so room comes without it.
 */
export interface Census {
  began(workflow: string): void;
  ended(workflow: string): void;
  /** Forgets those that are not to be counted here any more. */
  keep(isCounted: (workflow: string) => boolean): void;
  readonly workflows: number;
  /** @throws TooMany when no more workflows may begin */
  admit(): void;
  /** @throws Invalid when this workflow is too deep to have another one as a task */
  admitBelow(workflow: Execution): void;
  /** Whether steps are to wait. */
  isFull(): boolean;
  /** Resolves soon, to look again. */
  later(): Promise<void>;
  /** From now on nothing is put off: no slot is given out any more, and what waits stays in the store. */
  close(): void;
}

const LOOK_AGAIN_MS = 50;

export function createCensus(limits: Limits, backlog: Backlog): Census {
  const active = new Set<string>();
  let isClosed = false;
  let soon: Promise<void> | undefined;
  return {
    began: (workflow) => void active.add(workflow),
    ended: (workflow) => void active.delete(workflow),
    keep(isCounted) {
      for (const workflow of active) if (!isCounted(workflow)) active.delete(workflow);
    },
    get workflows() {
      return active.size;
    },
    admit() {
      if (active.size < limits.waiting) return;
      throw new TooMany("engine.full", {
        message: `${active.size} workflows have not ended, and ${limits.waiting} may be under way; try again later, and look at them with \`squall execution list --status running\``,
        fields: { retryAfterSeconds: 5 },
      });
    },
    admitBelow(workflow) {
      const depth = depthOf(workflow) + 1;
      if (depth < limits.workflowDepth) return;
      throw new Invalid("workflow.too-deep", {
        message: `workflow ${workflow.action} is ${depth} levels below the first one, and a workflow may be a task of a workflow ${limits.workflowDepth} levels deep; if it runs itself, give that a condition that ends it`,
      });
    },
    close() {
      isClosed = true;
    },
    isFull: () => !isClosed && backlog.waiting() >= limits.waiting,
    // One timer, however many wait.
    later: () =>
      (soon ??= new Promise((resolve) =>
        setTimeout(() => {
          soon = undefined;
          resolve();
        }, LOOK_AGAIN_MS),
      )),
  };
}

/** How many workflows it is a task of, one inside the other. */
export function depthOf({ context: { orquesta, chain } }: Execution): number {
  const place = isObject(orquesta) ? orquesta : chain;
  return isObject(place) && typeof place.depth === "number" ? place.depth : isObject(place) ? 1 : 0;
}
