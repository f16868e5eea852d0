import type { JsonObject } from "@squall/model";

/** What is told to a workflow, as it is stored. A task's result stands in the row of its execution and is not copied. */
export type StoredEvent =
  | {
      readonly kind: "start";
      readonly apiUrl: string;
      /** The inputs, sealed; only where they cannot be worked out again because a default is a template. */
      readonly inputs?: string;
      /** The pack's configuration, sealed; only of a chain whose templates read it. */
      readonly config?: string;
    }
  /** Goes on from where another execution of the workflow ended. */
  | {
      readonly kind: "continue";
      readonly of: string;
      readonly tasks: readonly { readonly task: string; readonly route: number; readonly resetItems?: boolean }[];
    }
  | {
      readonly kind: "task";
      readonly task: string;
      readonly route: number;
      readonly item?: number;
      readonly status: string;
      /** The execution whose status and result these are. */
      readonly execution?: string;
      /** The result of a task that could not become an execution. */
      readonly result?: JsonObject;
      /** The workflow could not take it up: only that the execution ended counts. */
      readonly ignored?: true;
    }
  | { readonly kind: "pause" | "resume" | "cancel" }
  /** The time limit of a task is over. */
  | { readonly kind: "timeout"; readonly task: string; readonly route: number; readonly run: number }
  | { readonly kind: "fail"; readonly message: string; readonly timedOut?: boolean };

/** A key as it was read: null when there was none. What was secret is still sealed. */
export type StoredKey = { readonly value: string; readonly secret: boolean } | null;

/**
 * The form of what is stored of workflows, and the semantics by which it is read back. It grows when steps taken before
 * would be read back as something else.
 */
export const HISTORY_VERSION = 1;

/** One step: some events, in order, and everything from outside that decided what followed from them. */
export interface StoredStep {
  /** `HISTORY_VERSION` when it was taken; those of the first version say nothing. */
  readonly version?: number;
  readonly events: readonly StoredEvent[];
  /** The clock, milliseconds since 1970, and the seed of the random numbers. */
  readonly at: number;
  readonly seed: number;
  /** Ids of the executions that the step began, in the order in which they were asked for; null for one that could not be. */
  readonly began?: readonly (string | null)[];
  readonly keys?: Readonly<Record<string, StoredKey>>;
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
