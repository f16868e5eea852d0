import type { Bus } from "@squall/bus";
import type { Micros } from "@squall/model";
import type { Runner } from "@squall/runners";
import type { SensorSettings } from "@squall/sources";
import type { Store } from "@squall/store";
import type { CodeSettings } from "./code/code.ts";
import type { Vault } from "./vault.ts";

/** Settings of the loop, with the reason for each default beside it in `DEFAULT_LIMITS`. */
export interface Limits {
  /** Executions at once that need child processes. */
  readonly processSlots: number;
  /** Executions at once inside this process. */
  readonly inlineSlots: number;
  /** Bytes of stdout, and of stderr, that are kept per execution. */
  readonly outputBytes: number;
  /** Bytes of a result's JSON; a larger one fails its execution. */
  readonly resultBytes: number;
  /** Address space of each process of an action; absent: as much as there is. */
  readonly memoryBytes?: number;
  /** Executions that may wait in the store before new ones are refused with TooMany; as many workflows may be under way. */
  readonly waiting: number;
  /** Executions that one workflow may begin; a cycle without end stops there. */
  readonly workflowExecutions: number;
  /** Levels of workflows that are tasks of workflows. */
  readonly workflowDepth: number;
}

/** What a process of a cluster can do: serve the API, conduct workflows and keep the books, run executions, emit events. */
export const ROLES = ["api", "engine", "worker", "sources"] as const;
export type Role = (typeof ROLES)[number];

/** What the engine stands on. Everything that differs between a test and a server comes in here. */
export interface EngineParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly runners: readonly Runner[];
  readonly vault: Vault;
  readonly now: () => Micros;
  readonly newId: () => string;
  /** Names this process among members; differs at every start, and begins with the host's name and a dot. */
  readonly worker: string;
  /** What this process does. One that has the store to itself does everything. */
  readonly roles: ReadonlySet<Role>;
  /** What this process can reach or has, for executions that say `where`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly host: string;
  readonly version: string;
  /** Where this process serves the API for the others of a cluster; undefined while or where it does not. */
  readonly ownUrl?: () => string | undefined;
  readonly limits: Limits;
  /** What actions call back to: the API with `/v1`. Known only once the server listens, hence a function. */
  readonly apiUrl: () => string;
  readonly webUrl: () => string;
  /** How sensors run. Absent: they are known, and none runs. */
  readonly sensors?: SensorSettings;
  /** Days for which executions and events are kept after they ended. Absent: for ever. */
  readonly keepDays?: number;
  /**
   * How the code of packs reaches other machines: it is then kept with what is registered. Absent: one process has all to
   * itself, and packs run from the folders they were registered from.
   */
  readonly code?: CodeSettings;
  /** Time zone of timers that name none. */
  readonly timezone: string;
  readonly log: Log;
}

/** Structured log lines for operators. Never give it parameters, results or credentials. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}
