import type { JsonObject, Trigger } from "@squall/model";

/** What a source says to the engine. */
export interface Emission {
  readonly project: string;
  readonly trigger: Trigger;
  readonly payload: JsonObject;
  readonly traceTag?: string;
  /** Microseconds since 1970; now when absent. */
  readonly occurredAt?: number;
}

/** A connection that emits events without a process of its own. */
export interface Source extends AsyncDisposable {
  /** The trigger types it serves (refs). */
  readonly triggerTypes: readonly string[];
  /** A trigger of one of its types exists (again: it was changed). Called for all existing ones before `start`. */
  add(project: string, trigger: Trigger): void;
  remove(project: string, triggerId: string): void;
  start(): Promise<void>;
}
