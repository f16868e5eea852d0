import { type Execution, isCompleted, type JsonObject } from "@squall/model";
import type { Change, Committed } from "@squall/store";
import type { Draft } from "../executions/draft.ts";
import type { Census } from "./census.ts";
import type { StoredEvent } from "./history.ts";
import type { Live } from "./live.ts";

/**
 * Workflows in memory, each with what is still to be told to it. A workflow takes one step after the other (W1); what
 * comes while it takes one is taken up together in the next.
 */
export interface Actors {
  /** Resolves when the step that takes it up is durable, or refused. */
  tell(project: string, id: string, told: Told): Promise<Committed>;
  /** Resolves when no step is under way. */
  idle(): Promise<void>;
  /** What is in memory of a workflow is old: it is read back when it is needed. Resolves when that is so. */
  forget(project: string, id: string): Promise<void>;
}

/** What is told: an event, or changes that need to be in the workflow's order, or both. */
export interface Told {
  readonly event: StoredEvent | undefined;
  /** The execution whose end this is, as it will be in the store. */
  readonly ended?: Execution | undefined;
  readonly drafts: readonly Draft[];
  readonly changes: readonly Change[];
  /** Merged into the context of the workflow's own execution. */
  readonly context?: JsonObject;
}

export interface Input extends Told {
  attempts: number;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
}

/** One workflow in memory. */
export interface Actor {
  readonly project: string;
  readonly id: string;
  live: Live | undefined;
  queue: Input[];
  /** `live` holds on to this result from now on. */
  hold(result: JsonObject): void;
  /** Lets go of the state: what it knows is in the store as well. */
  forget(): void;
}

interface Resident extends Actor {
  /** Characters of the results that `live` may hold. */
  held: number;
  working: Promise<void> | undefined;
}

/** Workflows in memory that nothing happens to just now. */
const MOST_IDLE = 2000;
/** Events of one step. */
const MOST_EVENTS = 1000;
/** Text in results that workflows in memory hold on to, characters: above it, those that wait are read back when needed. */
const MOST_HELD = 256 << 20;

export function createActors(census: Census, step: (actor: Actor, batch: Input[]) => Promise<void>): Actors {
  const actors = new Map<string, Resident>();
  let held = 0;

  const residentOf = (project: string, id: string): Resident => {
    const key = `${project}\0${id}`;
    let actor = actors.get(key);
    if (actor === undefined) {
      actor = reside(project, id);
      if (actors.size >= MOST_IDLE) forgetIdle();
    } else actors.delete(key); // to the end: the first ones are those that were idle for longest
    actors.set(key, actor);
    return actor;
  };
  const reside = (project: string, id: string): Resident => ({
    project,
    id,
    live: undefined,
    held: 0,
    queue: [],
    working: undefined,
    hold(result) {
      const size = textIn(result);
      this.held += size;
      held += size;
    },
    forget() {
      this.live = undefined;
      held -= this.held;
      this.held = 0;
    },
  });
  const forgetIdle = () => {
    for (const [key, actor] of actors) {
      if (actors.size < MOST_IDLE && held < MOST_HELD) return;
      if (actor.working !== undefined) continue;
      actors.delete(key);
      actor.forget();
    }
  };

  const work = async (actor: Resident): Promise<void> => {
    // What ends in the same turn of the event loop comes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (actor.queue.length > 0) {
      while (census.isFull() && !isEnding(actor)) await census.later(); // C3
      const batch = actor.queue.splice(0, MOST_EVENTS);
      try {
        await step(actor, batch);
      } catch (error) {
        actor.forget();
        for (const input of batch) input.reject(error);
      }
    }
    actor.working = undefined;
    const { live } = actor;
    if (live && isCompleted(live.execution.status) && live.tracker.active().length === 0) {
      actors.delete(`${actor.project}\0${actor.id}`);
      actor.forget();
    }
    if (held >= MOST_HELD) forgetIdle();
  };

  return {
    tell(project, id, told) {
      const actor = residentOf(project, id);
      return new Promise((resolve, reject) => {
        actor.queue.push({ ...told, attempts: 0, resolve, reject });
        actor.working ??= work(actor);
      });
    },
    async forget(project, id) {
      const actor = actors.get(`${project}\0${id}`);
      await actor?.working;
      // A step that began meanwhile reads it anew by itself if what it decided on is old.
      if (actor?.working === undefined) actor?.forget();
    },
    async idle() {
      for (;;) {
        const working = [...actors.values()].flatMap((actor) => actor.working ?? []);
        if (working.length === 0) return;
        await Promise.all(working);
      }
    },
  };
}

/**
 * Whether its next step begins nothing: to put that off would keep what is to make room. The ends of tasks that a cancel reached
 * are steps of their own, and after a restart come before the state is read back.
 */
const isEnding = ({ live, queue }: Actor): boolean =>
  (live !== undefined && (live.execution.status === "canceling" || isCompleted(live.execution.status))) ||
  queue.some(({ event }) => event?.kind === "cancel" || event?.kind === "fail" || isCanceled(event));
const isCanceled = (event: Input["event"]): boolean => event?.kind === "task" && event.status === "canceled";

/** Characters of the larger texts of a result: of those that count. */
function textIn(result: JsonObject): number {
  let size = 0;
  for (const key in result) {
    const value = result[key];
    if (typeof value === "string") size += value.length;
    else if (typeof value === "object" && value !== null) size += JSON.stringify(value).length;
  }
  return size;
}
