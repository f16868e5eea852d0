import type { CompletedStatus, JsonObject, Lane, OutputType, Parameters } from "@squall/model";

/** Everything that a run needs, in one value that could cross a network. */
export interface Job {
  readonly execution: string;
  readonly action: {
    readonly ref: string;
    readonly name: string;
    readonly pack: string;
    readonly entryPoint: string;
  };
  /** Folder of the pack's content on this machine; absent for actions without files. */
  readonly packPath?: string;
  /** Of the pack's content as it was registered; differs whenever that does. */
  readonly packDigest?: string;
  /** False when the pack wants a fresh interpreter for each run of its Python actions; absent means true. */
  readonly pythonFork?: boolean;
  /** Rendered, with defaults; only the runner's own parameters. */
  readonly runnerParameters: JsonObject;
  /** Rendered, with defaults; only those that the runner does not have. */
  readonly actionParameters: JsonObject;
  /** The action's parameter schemas merged over the runner's: positions and types for argv. */
  readonly schema: Parameters;
  /** `ST2_ACTION_*` and friends; they win over a user's `env`. Holds the token: never log it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The pack's resolved configuration, for runners that hand it to code. May hold secrets. */
  readonly config: JsonObject;
  readonly user: string;
  readonly context: JsonObject;
  readonly limits: {
    /** Captured stdout or stderr beyond this many bytes (each) is cut, with a line that says so. */
    readonly outputBytes: number;
    /** Address-space limit of a child process in bytes; absent means none. */
    readonly memoryBytes?: number;
  };
}

/** The line to the world outside while a job runs. */
export interface JobIO {
  /** Aborted when the run must stop; `signal.reason` is "cancel" or "shutdown". Runners keep their own timeout. */
  readonly signal: AbortSignal;
  /** Streams output as it comes: whole lines where possible. */
  output(type: OutputType, data: string): void;
  /** The announcement runner's voice. */
  announce(route: string, payload: JsonObject): void;
}

/** How a run ended. `pending` waits for an answer from outside (inquiries). */
export interface Outcome {
  readonly status: CompletedStatus | "pending";
  readonly result: JsonObject;
}

export interface Runner {
  /** StackStorm's runner name, with hyphens. */
  readonly name: string;
  readonly description: string;
  readonly module: string;
  readonly lane: Lane;
  readonly parameters: Parameters;
  readonly outputKey?: string;
  readonly outputSchema?: JsonObject;
  /**
   * Runs the job. Everything that goes wrong in the action itself is an `Outcome`; a throw means the runner failed and
   * becomes status `failed` with `{error, traceback}`. On abort it stops everything it started, whole process trees,
   * before it returns.
   */
  run(job: Job, io: JobIO): Promise<Outcome>;
  /** Ends what it keeps between runs. Without it that ends with this process. */
  [Symbol.asyncDispose]?(): Promise<void>;
}
