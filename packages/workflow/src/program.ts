import type { SourcePosition } from "@squall/model";
import type { Status } from "./status.ts";

/** One thing that is wrong with a definition. */
export interface Problem {
  readonly category: "syntax" | "semantics" | "expressions" | "context";
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string;
  readonly at?: SourcePosition;
  /** Where in the definition, such as `tasks.t1.next[0].do`; null for its root. */
  readonly specPath: string | null;
  /** Where in the language's schema. */
  readonly schemaPath: string;
  /** Of problems with expressions. */
  readonly type?: "yaql" | "jinja" | null;
  readonly expression?: string;
}

/** Finds the place of a value of the definition; a path that does not exist has the place of what is around it. */
export type Locate = (path: readonly (string | number)[]) => SourcePosition;

/** What is told to a workflow. */
export type WorkflowEvent =
  /** The action of a task, or one of its items, is in another status. `result` counts when it is completed. */
  | {
      readonly kind: "task";
      readonly task: string;
      readonly route: number;
      readonly item?: number;
      readonly status: Status;
      readonly result?: unknown;
      /** It could not begin, so that nothing else has its result. */
      readonly refused?: true;
    }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "cancel" }
  /** The time of a `timer` has come. */
  | ({ readonly kind: "timeout" } & Pick<Timer, "task" | "route" | "run">)
  /** The workflow ends as failed for a reason from outside, such as its time limit. Tasks that run may still report. */
  | { readonly kind: "fail"; readonly message: string }
  /** Without tasks: from all tasks in which it ended by failure. */
  | {
      readonly kind: "rerun";
      readonly tasks?: readonly { readonly task: string; readonly route: number; readonly resetItems?: boolean }[];
    };

/** What a workflow asks of the world. */
export type Command =
  /** Run an action and report its status. A null action never gets here: such a task succeeds at once. */
  | {
      readonly kind: "run";
      readonly task: string;
      readonly route: number;
      readonly item?: number;
      readonly action: string;
      readonly input: Readonly<Record<string, unknown>>;
      /** Seconds to wait before. */
      readonly delay?: number;
    }
  /** Tell `timeout` at this time; without a time, no more. */
  | ({ readonly kind: "timer" } & Omit<Timer, "due"> & Partial<Pick<Timer, "due">>)
  /** End what runs of a task. What it still reports counts for nothing. */
  | { readonly kind: "stop"; readonly task: string; readonly route: number }
  /** Ask what runs of this workflow's tasks to pause, to go on, or to end; each reports its status when it did. */
  | { readonly kind: "pause" | "resume" | "cancel" };

/** The time limit of one run of a task. */
export interface Timer {
  readonly task: string;
  readonly route: number;
  /** Which of the runs of the task on the route. */
  readonly run: number;
  /** Milliseconds since 1970. */
  readonly due: number;
}

export interface ErrorEntry {
  readonly type: "error" | "warn" | "info";
  readonly message: string;
  readonly task_id?: string;
  readonly route?: number;
  readonly task_transition_id?: string;
  readonly result?: unknown;
  readonly data?: unknown;
}

/** What follows from an event. The state that was given is untouched: it can be advanced again, otherwise. */
export interface Step<State> {
  readonly state: State;
  readonly commands: readonly Command[];
  readonly status: Status;
  /** Of a completed workflow: null when it has none. */
  readonly output?: Readonly<Record<string, unknown>> | null;
  /** All errors so far. */
  readonly errors: readonly ErrorEntry[];
}

/** A workflow, compiled. The same state and event always give the same step, as long as `env` answers the same. */
export interface Program<State, Env> {
  /** Everything that is wrong with the definition. */
  inspect(): Problem[];
  start(inputs: Readonly<Record<string, unknown>>, env: Env): Step<State>;
  /** @throws Conflict, NotFound, Invalid for an event that cannot be taken up; then nothing has changed */
  advance(state: State, event: WorkflowEvent, env: Env): Step<State>;
  /** The limits that run in a state: whoever takes it up sets their timers again. */
  timers(state: State): Timer[];
}
