import { Invalid, type JsonObject } from "@squall/model";
import type { Command, ErrorEntry, WorkflowEvent, WorkflowStatus } from "@squall/workflow";
import type { Core } from "../core.ts";
import type { Run, TimerCommand } from "./children.ts";
import { inspectText } from "./inspection.ts";

/** What a task's action is said to give: by task name, one for each run (or item) in turn; the last one counts on. */
export interface Mock {
  /** `timeout` of a task with a time limit means the whole task. */
  readonly status?: WorkflowStatus;
  readonly result?: unknown;
}

export interface Rehearsal {
  readonly definition: string;
  readonly inputs?: JsonObject;
  /** Tasks without one succeed with an empty result. */
  readonly mocks?: Readonly<Record<string, Mock | readonly Mock[]>>;
  /** What `st2kv` finds: `system.name`, or a name of the user's. */
  readonly keys?: Readonly<Record<string, string>>;
}

export interface Rehearsed {
  readonly status: WorkflowStatus;
  readonly output: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly ErrorEntry[];
  /** What would have run, in order. */
  readonly path: readonly {
    readonly task: string;
    readonly route: number;
    readonly item?: number;
    readonly action: string;
    readonly input: JsonObject;
    readonly delay?: number;
    readonly status: WorkflowStatus;
  }[];
  /** Mocks of tasks that the definition does not have, or that never ran. */
  readonly unused: readonly string[];
}

/** A rehearsal runs this many actions; a cycle that the mocks never end stops there. */
const MOST_ACTIONS = 10_000;

/** Takes a workflow through with given results: no action runs, no key is read, nothing is written. @throws Invalid */
export function rehearse(core: Core, project: string, rehearsal: Rehearsal): Rehearsed {
  const errors = inspectText(core, project, rehearsal.definition);
  if (errors.length > 0) {
    throw new Invalid("workflow.invalid", {
      message: `the definition has ${errors.length} problem(s), the first: ${errors[0]?.message ?? ""}`,
      fields: { errors },
    });
  }
  const { program, reevaluate } = core.definitions.compile(rehearsal.definition);
  const { keys = {}, mocks = {} } = rehearsal;
  const records = createRecords();
  const env = {
    recordOf: records.of,
    context: { st2: { user: "rehearsal", action_execution_id: "", workflow_execution_id: "" }, parent: {} },
    readKey: ({ scope, name }: { scope: string; name: string }) => {
      const value = keys[scope === "system" ? `system.${name}` : name];
      return value === undefined ? undefined : { value };
    },
    now: () => Math.floor(core.parts.now() / 1000),
    random: () => 0.5,
    reevaluate,
  };
  const turns = new Map<string, number>();
  const path: Rehearsed["path"][number][] = [];
  /** The limits that run, by task and route. */
  const limits = new Map<string, TimerCommand>();
  const used = new Set<string>();
  let step = program.start(rehearsal.inputs ?? {}, env);
  let open: Command[] = [];
  const take = (commands: readonly Command[]) => {
    open.push(...commands);
    for (const command of commands) {
      if (command.kind === "timer") limits.set(`${command.route}|${command.task}`, command);
      if (command.kind !== "stop") continue;
      // Items that were to run, too.
      open = open.filter((one) => one.kind !== "run" || one.task !== command.task || one.route !== command.route);
    }
  };
  take(step.commands);
  for (let command = open.shift(); command !== undefined; command = open.shift()) {
    if (command.kind !== "run") continue;
    if (path.length >= MOST_ACTIONS) {
      throw new Invalid("workflow.rehearsal.endless", {
        message: `the rehearsal ran ${MOST_ACTIONS} actions and is at task '${command.task}'; give that cycle mocks that end it`,
      });
    }
    const { task, route, item, action, input, delay } = command;
    const turn = turns.get(task) ?? 0;
    turns.set(task, turn + 1);
    used.add(task);
    const given = mocks[task];
    const mock: Mock =
      (Array.isArray(given) ? (given[Math.min(turn, given.length - 1)] as Mock | undefined) : (given as Mock)) ?? {};
    const status = mock.status ?? "succeeded";
    path.push({
      task,
      route,
      ...(item !== undefined && { item }),
      action,
      input: { ...input },
      ...(delay !== undefined && { delay }),
      status,
    });
    const limit = status === "timeout" ? limits.get(`${route}|${task}`) : undefined;
    const event: WorkflowEvent =
      limit?.due === undefined
        ? { kind: "task", task, route, ...(item !== undefined && { item }), status, result: mock.result ?? {} }
        : { kind: "timeout", task, route, run: limit.run };
    records.add(command, status, mock.result ?? {});
    step = program.advance(step.state, event, env);
    take(step.commands);
  }
  return {
    status: step.status,
    output: step.output ?? null,
    errors: step.errors,
    path,
    unused: Object.keys(mocks).filter((name) => !used.has(name)),
  };
}

/** What `task()` and a chain's templates see of tasks that a rehearsal has run. */
function createRecords() {
  const records = new Map<string, { status: string; result: unknown }>();
  return {
    add({ task, route, item }: Run, status: string, result: unknown): void {
      const key = `${route}|${task}`;
      const before = item === undefined || item === 0 ? undefined : records.get(key);
      const items = [...((before?.result as { items?: unknown[] } | undefined)?.items ?? [])];
      if (item !== undefined) items[item] = { status, result };
      const record = { status, result: item === undefined ? result : { items } };
      records.set(key, record);
      // Tasks of other routes are asked for by name alone as a rule.
      records.set(task, record);
    },
    of(task: string, route: number): JsonObject | undefined {
      const record = records.get(`${route}|${task}`) ?? records.get(task);
      return record && { ...record, task_name: task, task_id: task, route };
    },
  };
}
