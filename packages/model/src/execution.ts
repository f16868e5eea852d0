import type { JsonObject } from "./json.ts";
import type { Labels } from "./labels.ts";
import type { Action, Notify, Rule, RunnerType, Trigger, TriggerType } from "./resources/content.ts";
import type { ExecutionStatus } from "./status.ts";
import type { Micros } from "./time.ts";

/**
 * What an execution was made from, frozen at its creation: later edits of the action or rule do not change the past.
 * Many executions share one, so it is stored once under its digest.
 */
export interface Snapshot {
  readonly action: Action;
  readonly runner: RunnerType;
  readonly rule?: Rule;
  readonly trigger?: Trigger;
  readonly trigger_type?: TriggerType;
  /** Of a workflow: its definition's text as it was. */
  readonly definition?: string;
  /** Digest of the pack's code as it was, where that is kept for other machines. */
  readonly archive?: string;
}

export interface StatusChange {
  readonly status: ExecutionStatus;
  readonly timestamp: Micros;
}

/** Who runs an execution. It holds for as long as that worker is a present member: see `Member`. */
export interface Lease {
  readonly worker: string;
}

/** In which pool of slots an execution runs: `inline` runs inside the server process, `process` needs child processes. */
export type Lane = "inline" | "process";

/** One run of an action, as stored. */
export interface Execution {
  readonly id: string;
  readonly project: string;
  /** StackStorm shows a second, runtime record of the same run; we keep only its id. */
  readonly liveaction: string;
  readonly status: ExecutionStatus;
  readonly action: string;
  readonly runner: string;
  readonly lane: Lane;
  /** Digest of the `Snapshot`. */
  readonly snapshot: string;
  /** As the caller gave them, cast and validated; secret ones are sealed (see the engine's vault). */
  readonly parameters: JsonObject;
  readonly context: JsonObject;
  /** The user it runs as. */
  readonly user: string;
  readonly parent?: string;
  readonly rule?: string;
  readonly trigger?: string;
  readonly trigger_type?: string;
  readonly trigger_instance?: string;
  readonly notify?: Notify;
  readonly callback?: JsonObject;
  /** Milliseconds asked for before it may start. */
  readonly delay?: number;
  /** Labels that its worker must have; absent, never empty: any worker. Of a workflow: what its tasks take over. */
  readonly where?: Labels;
  /** -100 to 100, the higher first within the project; absent: 0. */
  readonly priority?: number;
  readonly created: Micros;
  /** Not to be started before. Equals `created` without a delay. Oldest first among those of one priority. */
  readonly due: Micros;
  readonly start: Micros;
  readonly end?: Micros;
  readonly result?: JsonObject;
  readonly log: readonly StatusChange[];
  readonly lease?: Lease;
}

export type OutputType = "stdout" | "stderr" | "output";

/** A piece of what a running action printed. `seq` grows by one per execution, from 1. */
export interface OutputChunk {
  readonly execution: string;
  readonly seq: number;
  readonly type: OutputType;
  readonly timestamp: Micros;
  readonly data: string;
}
