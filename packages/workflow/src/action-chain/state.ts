import type { Status } from "../status.ts";
import type { Table } from "../table.ts";

/** One run of a node. Its number in the list is its route: so each run has an execution of its own name. */
export interface ChainRun {
  readonly name: string;
  readonly status: Status;
  /** Milliseconds since 1970: when it was handed out, and when its end was told. */
  readonly created: number;
  readonly updated?: number;
  /** Of one that could not begin: no execution has this result. */
  readonly result?: unknown;
}

/** The whole state of a chain as plain JSON. Results stand in the rows of the executions. */
export interface ChainState {
  readonly language: "action-chain";
  readonly format: 1;
  readonly status: Status;
  /** Somebody asked it to pause, and nobody to go on since. */
  readonly held?: true;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Variables beside the inputs: `action_context`, `config_context`. */
  readonly context: Readonly<Record<string, unknown>>;
  /** `vars` of the definition and what was published over them. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly published: Readonly<Record<string, unknown>>;
  readonly runs: Table<ChainRun>;
  /** By node: its latest run that has ended. */
  readonly ended: Readonly<Record<string, number>>;
  /** The node to go on with, where a pause came between: null when the chain is at its end. */
  readonly next?: string | null;
  /** What the chain as such failed by. */
  readonly error?: string;
}
