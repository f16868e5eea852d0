import { Conflict, Invalid, type JsonObject } from "@squall/model";
import { routeSeenFrom } from "@squall/expressions";
import type {
  ChainState,
  ErrorEntry,
  Step,
  OrquestaState,
  Command,
  WorkflowEvent,
  WorkflowStatus,
} from "@squall/workflow";
import type { Core } from "../../core.ts";
import { randomFrom } from "../history.ts";
import type { TimerCommand } from "../children.ts";
import { inspectText } from "../inspection.ts";
import { recordOfTask } from "../task-record.ts";
import { createTracker } from "../tracker.ts";
import { differences } from "./differences.ts";
import { createTurns, type Mock, type Mocks } from "./mocks.ts";

export interface Rehearsal {
  readonly definition: string;
  readonly inputs?: JsonObject;
  /** Tasks without one succeed with an empty result. */
  readonly mocks?: Mocks;
  /** What `st2kv` finds: `system.name`, or a name of the user's. */
  readonly keys?: Readonly<Record<string, string>>;
  /** `ctx().st2` and `ctx().parent`. */
  readonly context?: { readonly st2?: JsonObject; readonly parent?: JsonObject };
  /** What is asked of the workflow, each after this many ends. */
  readonly requests?: readonly Request[];
  /** The clock (milliseconds since 1970) and the seed of the random numbers, each from this many-th end on. */
  readonly moments?: readonly Moment[];
  /** What it is compared with. */
  readonly expected?: Expected;
}

export type Request = { readonly after: number } & (
  | { readonly kind: "pause" | "resume" | "cancel" }
  | { readonly kind: "fail"; readonly message: string }
  | {
      readonly kind: "rerun";
      readonly tasks: readonly { readonly task: string; readonly route: number; readonly resetItems?: boolean }[];
    }
);

export interface Moment {
  readonly from: number;
  readonly at: number;
  readonly seed: number;
}

/** One action that would have run, and how it ended. */
export interface PathEntry {
  readonly task: string;
  readonly route: number;
  readonly item?: number;
  readonly action: string;
  readonly input: JsonObject;
  readonly delay?: number;
  readonly status: string;
}

/** What another rehearsal came to. */
export interface Expected {
  readonly status: string;
  readonly output: JsonObject | null;
  readonly path: readonly PathEntry[];
}

export interface Rehearsed {
  readonly status: WorkflowStatus;
  readonly output: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly ErrorEntry[];
  /** What would have run, in the order in which it ended. */
  readonly path: readonly PathEntry[];
  /** Tasks of mocks that the definition does not have, or that never ran. */
  readonly unused: readonly string[];
  /** Where it departs from what was expected; empty when it does not. Absent when nothing was expected. */
  readonly differences?: readonly string[];
}

/** A rehearsal runs this many actions; a cycle that the mocks never end stops there. */
export const MOST_ACTIONS = 20_000;

/** Takes a workflow through with given results: no action runs, no key is read, nothing is written. @throws Invalid */
export function rehearse(core: Core, project: string, rehearsal: Rehearsal): Rehearsed {
  const errors = inspectText(core, project, rehearsal.definition);
  if (errors.length > 0) {
    throw new Invalid("workflow.invalid", {
      message: `the definition has ${errors.length} problem(s), the first: ${errors[0]?.message ?? ""}`,
      fields: { errors },
    });
  }
  const { usesMoments: _, ...rehearsed } = perform(core, rehearsal);
  const { expected } = rehearsal;
  return expected === undefined ? rehearsed : { ...rehearsed, differences: differences(expected, rehearsed) };
}

type Run = Extract<Command, { readonly kind: "run" }>;

/** An action that was begun and waits for its turn to end. */
interface Open {
  readonly run: Run;
  readonly mock: Mock;
  readonly execution: string;
}

/** Takes a definition that was inspected through. */
export function perform(core: Core, rehearsal: Rehearsal): Rehearsed & { readonly usesMoments: boolean } {
  const { program, reevaluate } = core.definitions.compile(rehearsal.definition);
  const { keys = {}, mocks = {}, context = {}, requests = [], moments = [] } = rehearsal;
  const turns = createTurns(mocks);
  const tracker = createTracker();
  const results = new Map<string, { readonly result?: JsonObject; readonly start: number; readonly end: number }>();
  const path: PathEntry[] = [];
  let open: Open[] = [];
  const pending = [...requests];
  let begun = 0;
  let ended = 0;
  let moment = 0;
  let usesMoments = false;
  let step: Step<OrquestaState | ChainState> | undefined;
  /** The limits that run, by task and route. */
  const limits = new Map<string, TimerCommand>();

  const clock = () => moments[moment]?.at ?? Math.floor(core.parts.now() / 1000);
  const envOf = () => {
    while ((moments[moment + 1]?.from ?? Number.POSITIVE_INFINITY) <= ended) moment++;
    const current = moments[moment];
    const chance = current === undefined ? () => 0.5 : randomFrom(current.seed);
    return {
      context: { st2: { ...STRANGER, ...context.st2 }, parent: context.parent ?? {} },
      readKey: ({ scope, name }: { scope: string; name: string }) => {
        const address = scope === "system" ? `system.${name}` : name;
        return Object.hasOwn(keys, address) ? { value: keys[address] as string } : undefined;
      },
      recordOf: (task: string, route: number) => {
        const state = step?.state;
        const seen =
          state?.language === "action-chain"
            ? route
            : routeSeenFrom(
                route,
                (number) => state?.routes.flat()[number]?.path,
                (number) => tracker.latest(task, number) !== undefined,
              );
        const run = seen === undefined ? undefined : tracker.latest(task, seen);
        if (run === undefined || seen === undefined) return undefined;
        usesMoments = true; // it tells times
        return recordOfTask(String(context.st2?.action_execution_id ?? ""), task, seen, run, (id) => {
          return results.get(id) ?? { start: 0, end: 0 };
        });
      },
      now: () => {
        usesMoments = true;
        return clock();
      },
      random: () => {
        usesMoments = true;
        return chance();
      },
      reevaluate,
    };
  };
  const take = (next: Step<OrquestaState | ChainState>) => {
    step = next;
    for (const command of next.commands) {
      if (command.kind === "timer") limits.set(`${command.route}|${command.task}`, command);
      if (command.kind === "stop") {
        tracker.dismiss(command);
        // Items that were to end, too.
        open = open.filter(({ run }) => run.task !== command.task || run.route !== command.route);
      }
      if (command.kind !== "run") continue;
      begun++;
      if (begun > MOST_ACTIONS) {
        throw new Invalid("workflow.rehearsal.endless", {
          message: `the rehearsal ran ${MOST_ACTIONS} actions and is at task '${command.task}'; give that cycle mocks that end it`,
        });
      }
      const { task, route, item } = command;
      const mock = turns.next(task, item);
      const execution = mock.execution ?? `rehearsed-${begun}`;
      tracker.begin({ task, route, ...(item !== undefined && { item }) }, execution);
      insert(open, { run: command, mock, execution });
    }
  };
  const ask = ({ after: _after, ...event }: Request) => {
    if (step === undefined) return;
    try {
      take(program.advance(step.state, event satisfies WorkflowEvent, envOf()));
    } catch (error) {
      // The definition was changed since, and there is nothing any more to be paused, or run again.
      if (!(error instanceof Conflict)) throw error;
    }
  };

  take(program.start(rehearsal.inputs ?? {}, envOf()));
  for (;;) {
    while (pending[0] !== undefined && (pending[0].after <= ended || open.length === 0))
      ask(pending.shift() as Request);
    const next = open.shift();
    if (next === undefined || step === undefined) break;
    ended++;
    const { run, mock, execution } = next;
    const { task, route, item, action, input, delay } = run;
    const place = { task, route, ...(item !== undefined && { item }) };
    const status = mock.status ?? "succeeded";
    const result = mock.result ?? {};
    const env = envOf();
    const at = clock() * 1000;
    path.push({ ...place, action, input: { ...input }, ...(delay !== undefined && { delay }), status });
    // Cast: what actions give are objects; a mock may say otherwise, and expressions see what it says.
    results.set(execution, { result: result as JsonObject, start: at, end: at });
    tracker.report(execution, status, true);
    const limit = status === "timeout" ? limits.get(`${route}|${task}`) : undefined;
    const event: WorkflowEvent =
      limit?.due === undefined
        ? { kind: "task", ...place, status, result }
        : { kind: "timeout", task, route, run: limit.run };
    take(program.advance(step.state, event, env));
  }
  return {
    status: step?.status ?? "failed",
    output: step?.output ?? null,
    errors: step?.errors ?? [],
    path,
    unused: turns.unused(),
    usesMoments,
  };
}

/** Whose run a rehearsal is when nobody said. */
const STRANGER = { user: "rehearsal", action_execution_id: "", workflow_execution_id: "" };

/** What ends first stands first: what has no order, then by order, equal ones as they began. */
function insert(open: Open[], one: Open): void {
  const order = one.mock.order ?? 0;
  let [from, to] = [0, open.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((open[middle]?.mock.order ?? 0) <= order) from = middle + 1;
    else to = middle;
  }
  open.splice(from, 0, one);
}
