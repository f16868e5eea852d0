import {
  type Execution,
  formatMicros,
  Invalid,
  isCompleted,
  isObject,
  type JsonObject,
  messageOf,
  type Snapshot,
} from "@squall/model";
import { type KeyRequest, routeSeenFrom } from "@squall/expressions";
import type { ChainState, ErrorEntry, OrquestaState, WorkflowEvent, WorkflowStatus } from "@squall/workflow";
import { type Core, parameterContext } from "../core.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { renderFinal } from "../parameters/render.ts";
import { openParameters } from "../parameters/secrets.ts";
import type { Run, TimerCommand } from "./children.ts";
import type { Compiled } from "./definitions.ts";
import { randomFrom, type StoredEvent, type StoredKey, type StoredStep } from "./history.ts";
import { createTracker, type SavedTracker, statusOfRun, type TaskRun, type Tracker } from "./tracker.ts";

/** A workflow in memory: as far as its steps have come. */
export interface Live {
  readonly snapshot: Snapshot;
  readonly compiled: Compiled;
  /** The workflow's own execution, with the status it has in the store. */
  execution: Execution;
  seq: number;
  /** Events since the state was last kept, and in all. */
  sinceSaved: number;
  events: number;
  state: OrquestaState | ChainState | undefined;
  tracker: Tracker;
}

/** What the world adds to a step: new things when it is taken, the recorded ones when it is read back. */
export interface World {
  readonly at: number;
  readonly seed: number;
  /** The execution that an event is the end of, when it is in hand: the store has it only after the step. */
  endedOf(event: StoredEvent): Execution | undefined;
  key(request: KeyRequest): Promise<StoredKey>;
  /** Answers the id, or the result of the task that could not become an execution. */
  begin(
    command: Run,
    run: string | undefined,
  ): Promise<{ readonly id: string } | { readonly failed: JsonObject } | null>;
  /** Tells of a failure to begin something as of any other event: only when the step is taken. */
  readonly tells: boolean;
}

export interface Taken {
  readonly stored: StoredStep;
  readonly status: WorkflowStatus;
  readonly output: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly ErrorEntry[];
  /** What else is asked of what runs, once the step is durable. */
  readonly asks: readonly ("pause" | "resume" | "cancel")[];
  /** Executions that are to be ended, once the step is durable; and the limits of tasks that begin or are done with. */
  readonly stops: readonly string[];
  readonly timers: readonly TimerCommand[];
  /** For each event given: why it could not be taken up. */
  readonly refused: ReadonlyMap<StoredEvent, unknown>;
}

class Needs extends Error {
  readonly fetch: () => Promise<void>;
  constructor(fetch: () => Promise<void>) {
    super("something has to be read first");
    this.fetch = fetch;
  }
}

/** Executions of one workflow; a cycle without end stops here. */
const MOST_EXECUTIONS = 100_000;
/** Reads of keys and results that one event may ask for. */
const MOST_READS = 10_000;

/**
 * Takes the events of one step, in order. It changes `live`: when the step does not become durable, forget `live` and
 * read it back. The same live workflow, events and world give the same step.
 */
export async function takeStep(core: Core, live: Live, events: readonly StoredEvent[], world: World): Promise<Taken> {
  const queue = [...events];
  const accepted: StoredEvent[] = [];
  const began: (string | null)[] = [];
  const keys = new Map<string, StoredKey>();
  const rows = new Map<string, Execution>();
  const asks: ("pause" | "resume" | "cancel")[] = [];
  const stops: string[] = [];
  const timers: TimerCommand[] = [];
  const refused = new Map<StoredEvent, unknown>();
  let last: {
    status: WorkflowStatus;
    output?: Readonly<Record<string, unknown>> | null;
    errors: readonly ErrorEntry[];
  } = {
    status: live.state?.status ?? "requested",
    ...(live.state?.language === "orquesta"
      ? { output: live.state.output, errors: live.state.errors }
      : { output: null, errors: [] }),
  };

  const rowOf = (id: string): Execution => {
    const row = rows.get(id);
    if (row) return row;
    throw new Needs(async () => {
      const found = await core.parts.store.execution(live.execution.project, id);
      if (found === undefined) throw new Invalid("workflow.history", { message: `execution ${id} of a task is gone` });
      rows.set(id, found);
    });
  };
  /** A result that is not in hand, read before it is asked for: reading a history back asks for every one. */
  const fetchResult = async (event: StoredEvent): Promise<void> => {
    if (event.kind !== "task" || event.execution === undefined || event.result !== undefined) return;
    if (!isCompleted(event.status)) return;
    const ended = world.endedOf(event);
    if (ended) {
      rows.set(event.execution, ended);
      return;
    }
    const row = await core.parts.store.execution(live.execution.project, event.execution);
    if (row) rows.set(event.execution, row);
  };
  const readKey = (request: KeyRequest) => {
    const address = `${request.scope}\0${request.user ?? ""}\0${request.name}`;
    const known = keys.get(address);
    if (known === undefined) {
      throw new Needs(async () => {
        keys.set(address, await world.key(request));
      });
    }
    if (known === null) return undefined;
    return { value: request.decrypt && known.secret ? core.parts.vault.open(known.value, "key") : known.value };
  };
  const recordOf = (task: string, route: number) => {
    const { state } = live;
    const seen =
      state?.language === "action-chain"
        ? route
        : routeSeenFrom(
            route,
            (number) => state?.routes.flat()[number]?.path,
            (number) => live.tracker.latest(task, number) !== undefined,
          );
    const run = seen === undefined ? undefined : live.tracker.latest(task, seen);
    return run === undefined || seen === undefined ? undefined : record(live, task, seen, run, rowOf);
  };
  const envOf = () => ({
    context: {},
    readKey,
    recordOf,
    now: () => world.at,
    random: randomFrom(world.seed),
    reevaluate: live.compiled.reevaluate,
    decrypt: (ciphertext: string) => core.parts.vault.open(ciphertext, "key"),
  });
  const { program } = live.compiled;
  const advance = (event: StoredEvent) => {
    switch (event.kind) {
      case "start":
        return program.start(inputs as JsonObject, { ...envOf(), context: contextOf(core, live, event) });
      case "continue":
        return program.advance(started(live), { kind: "rerun", tasks: event.tasks }, envOf());
      case "task": {
        const { execution, task, route, item } = event;
        const result = event.result ?? (execution && isCompleted(event.status) ? rowOf(execution).result : undefined);
        const told: WorkflowEvent = {
          kind: "task",
          task,
          route,
          ...(item !== undefined && { item }),
          // Cast: the statuses of executions are among those of workflows.
          status: event.status as WorkflowStatus,
          ...(result !== undefined && { result }),
          ...(execution === undefined && { refused: true as const }),
        };
        return program.advance(started(live), told, envOf());
      }
      default:
        return program.advance(started(live), event, envOf());
    }
  };
  let inputs: JsonObject | undefined;

  for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
    if (event.kind === "start") inputs = await inputsOf(core, live, event);
    if (event.kind === "continue") await continueFrom(core, live, event.of);
    const isDismissed = event.kind === "task" && live.tracker.isDismissed(event.execution);
    if (event.kind === "task" && event.execution !== undefined) {
      live.tracker.report(event.execution, event.status, isCompleted(event.status));
    }
    if (event.kind === "task" && isDismissed) {
      accepted.push({ ...bare(event), ignored: true });
      continue;
    }
    if (event.kind === "task" && event.ignored) continue;
    await fetchResult(event);
    let step: ReturnType<typeof advance> | undefined;
    for (let reads = 0; step === undefined; ) {
      try {
        step = advance(event);
      } catch (thrown) {
        if (thrown instanceof Needs && reads++ < MOST_READS) await thrown.fetch();
        else if (world.tells && !(thrown instanceof Needs) && event.kind !== "start" && event.kind !== "continue") {
          refused.set(event, thrown);
          if (event.kind === "task") accepted.push({ ...bare(event), ignored: true });
          break;
        } else throw thrown;
      }
    }
    if (step === undefined) continue;
    live.state = step.state;
    last = step;
    accepted.push(bare(event));
    for (const command of step.commands) {
      if (command.kind === "timer") {
        timers.push(command);
        continue;
      }
      if (command.kind === "stop") {
        stops.push(...live.tracker.dismiss(command));
        continue;
      }
      if (command.kind !== "run") {
        asks.push(command.kind);
        continue;
      }
      const { task, route, item } = command;
      const place = { task, route, ...(item !== undefined && { item }) };
      const made = await world.begin(command, live.tracker.runIdOf(place));
      if (made !== null && "id" in made) {
        began.push(made.id);
        live.tracker.begin(place, made.id);
        continue;
      }
      began.push(null);
      if (world.tells && made !== null) queue.push({ kind: "task", ...place, status: "failed", result: made.failed });
    }
    if (world.tells && live.tracker.begun > MOST_EXECUTIONS && !isCompleted(step.status)) {
      const message = `the workflow began more than ${MOST_EXECUTIONS} executions; give its cycle a condition that ends it, or split it into sub-workflows`;
      if (!queue.some((one) => one.kind === "fail")) queue.push({ kind: "fail", message });
    }
  }
  live.events += accepted.length;
  live.sinceSaved += accepted.length;
  return {
    stored: {
      events: accepted,
      at: world.at,
      seed: world.seed,
      ...(began.length > 0 && { began }),
      ...(keys.size > 0 && { keys: Object.fromEntries(keys) }),
    },
    status: last.status,
    output: last.output ?? null,
    errors: last.errors,
    asks,
    stops,
    timers,
    refused,
  };
}

/** A result that can be read elsewhere is not stored again. */
function bare<E extends StoredEvent>(event: E): E {
  if (event.kind !== "task" || event.execution === undefined || event.result === undefined) return event;
  const { result: _elsewhere, ...rest } = event;
  return rest as E; // without an optional member it is still of its kind
}

function started(live: Live): OrquestaState | ChainState {
  if (live.state !== undefined) return live.state;
  throw new Invalid("workflow.not-started", {
    message: `the workflow of execution ${live.execution.id} has not started`,
  });
}

/** `ctx().st2` and `ctx().parent` (stackstorm-model 17.1). What comes to a context later does not count. */
function contextOf(core: Core, live: Live, { apiUrl, config }: Extract<StoredEvent, { kind: "start" }>): JsonObject {
  const { execution } = live;
  const { cancelled_by: _c, paused_by: _p, resumed_by: _r, ...context } = execution.context;
  if (live.compiled.language === "action-chain") {
    const opened = config === undefined ? {} : (JSON.parse(core.parts.vault.open(config, "workflow")) as JsonObject);
    return { action_context: context, config_context: opened, __context: context };
  }
  const { api_user, source_channel, pack } = context;
  const st2 = {
    action_execution_id: execution.id,
    workflow_execution_id: execution.id,
    api_url: apiUrl,
    user: execution.user,
    pack,
    action: execution.action,
    runner: execution.runner,
    ...(api_user !== undefined && { api_user }),
    ...(source_channel !== undefined && { source_channel }),
  };
  // Under the names that definitions.ts tells inspection.
  return { st2, parent: context };
}

/** The workflow's inputs: what was given, with the action's defaults. */
async function inputsOf(core: Core, live: Live, event: Extract<StoredEvent, { kind: "start" }>): Promise<JsonObject> {
  if (event.inputs !== undefined) return JSON.parse(core.parts.vault.open(event.inputs, "workflow")) as JsonObject;
  return (await settingsOf(core, live.execution, live.snapshot)).action;
}

/** The pack's configuration as a chain's templates see it. */
export async function configFor(core: Core, execution: Execution, { action }: Snapshot): Promise<JsonObject> {
  const { project, user, context } = execution;
  return await evaluateWithKeys(core.parts, project, (keys) => {
    const { config_context: config } = parameterContext(core, { project, pack: action.pack, user, context, keys });
    return (config ?? {}) as JsonObject;
  });
}

/** What the execution was asked to do, split into what is the runner's and what the workflow's. */
export async function settingsOf(
  core: Core,
  execution: Execution,
  snapshot: Snapshot,
): Promise<{ readonly runner: JsonObject; readonly action: JsonObject; readonly templated: boolean }> {
  const { action, runner } = snapshot;
  const plan = core.plans(action, runner);
  const kept = openParameters(execution.parameters, plan.sealed, core.parts.vault);
  const about = { project: execution.project, pack: action.pack, user: execution.user, context: execution.context };
  const rendered = await evaluateWithKeys(core.parts, execution.project, (keys) =>
    renderFinal(plan, kept, parameterContext(core, { ...about, keys })),
  );
  const templated = plan.templated.size > 0;
  const { timeout } = rendered.runner;
  const isGiven = action.parameters.timeout !== undefined || kept.timeout !== undefined;
  if (!isGiven || !hasInput(core, snapshot, "timeout")) return { ...rendered, templated };
  // A workflow written for StackStorm, whose runner has no such parameter: its own input, and no limit of ours.
  return { runner: { ...rendered.runner, timeout: 0 }, action: { ...rendered.action, timeout }, templated };
}

/** Whether an Orquesta workflow declares an input of this name. */
function hasInput(core: Core, { definition, runner }: Snapshot, name: string): boolean {
  if (definition === undefined || runner.name !== "orquesta") return false;
  try {
    const { input } = core.definitions.compile(definition, runner.name).source;
    return Array.isArray(input) && input.some((one) => one === name || (isObject(one) && Object.hasOwn(one, name)));
  } catch {
    return false; // what is wrong with it, inspection tells
  }
}

/** `task()` (orquesta-and-expressions 9). Only what the workflow was told counts, so that it is the same when read back. */
function record(
  live: Live,
  task: string,
  route: number,
  run: TaskRun,
  rowOf: (id: string) => Execution,
): Readonly<Record<string, unknown>> {
  const children = [...run.children].sort(([a], [b]) => a - b);
  const rows = children.map(([item, child]) => ({ item, child, row: rowOf(child.id) }));
  const first = rows[0]?.row;
  const done = rows.every(({ child }) => child.ended);
  let result: unknown = null;
  if (run.items) {
    const items: unknown[] = [];
    for (const { item, child, row } of rows) {
      while (items.length < item) items.push(null);
      items.push({ status: child.status, result: child.ended ? (row.result ?? null) : null });
    }
    result = { items };
  } else if (done) result = first?.result ?? null;
  const end = done ? Math.max(...rows.map(({ row }) => row.end ?? row.start)) : undefined;
  return {
    task_execution_id: run.id,
    workflow_execution_id: live.execution.id,
    task_name: task,
    task_id: task,
    route,
    result,
    status: statusOfRun(run),
    start_timestamp: first === undefined ? null : formatMicros(first.start),
    end_timestamp: end === undefined ? null : formatMicros(end),
  };
}

/** Takes over the state in which another execution ended. */
async function continueFrom(core: Core, live: Live, other: string): Promise<void> {
  const before = await readBack(core, live.execution.project, other);
  if (before.execution.action !== live.execution.action) {
    throw new Invalid("workflow.rerun.other", {
      message: `execution ${other} is of ${before.execution.action}, so ${live.execution.action} cannot go on from it`,
    });
  }
  live.state = before.state;
  live.tracker = before.tracker;
}

/** What `workflow.save` keeps. */
interface Saved {
  readonly state: OrquestaState | ChainState;
  readonly tracker: SavedTracker;
  readonly events: number;
}

/** The state as text for the store; sealed, since variables may hold what parameters keep secret. */
export function sealState(core: Core, live: Live, mostBytes: number): string | undefined {
  if (live.state === undefined) return undefined;
  const saved: Saved = { state: live.state, tracker: live.tracker.save(), events: live.events };
  const text = JSON.stringify(saved);
  return text.length > mostBytes ? undefined : core.parts.vault.seal(text, "workflow");
}

/**
 * Reads a workflow back from the store: the newest state kept, and the steps after it.
 * @throws Invalid when it cannot be: its definition is missing, or what the steps name is gone
 */
export async function readBack(core: Core, project: string, id: string): Promise<Live> {
  const { store, vault } = core.parts;
  const execution = await store.execution(project, id);
  if (!execution) throw new Invalid("workflow.gone", { message: `ActionExecution with id "${id}" not found.` });
  const snapshot = (await core.snapshots.load(project, [execution.snapshot])).get(execution.snapshot);
  if (snapshot?.definition === undefined) {
    const why = core.definitions.whyNot(
      project,
      snapshot?.action ?? ({ ref: execution.action, pack: "", entry_point: "" } as Snapshot["action"]),
    );
    throw new Invalid("workflow.definition.missing", {
      message:
        why ??
        `The definition of workflow "${execution.action}" could not be read when it was asked to run; run it again`,
    });
  }
  const compiled = core.definitions.compile(snapshot.definition, execution.runner);
  const { saved, steps } = await store.workflow(project, id);
  // Cast: nothing but `sealState` seals for this purpose, beside inputs.
  const kept = saved && (JSON.parse(vault.open(saved.state, "workflow")) as Saved);
  const live: Live = {
    snapshot,
    compiled,
    execution,
    seq: saved?.seq ?? 0,
    sinceSaved: 0,
    events: kept?.events ?? 0,
    state: kept?.state,
    tracker: createTracker(kept?.tracker),
  };
  for (const { seq, step } of steps) {
    // Cast: steps are written by `takeStep` alone.
    const stored = step as unknown as StoredStep;
    let next = 0;
    try {
      await takeStep(core, live, stored.events, {
        at: stored.at,
        seed: stored.seed,
        endedOf: () => undefined,
        key: (request) =>
          Promise.resolve(stored.keys?.[`${request.scope}\0${request.user ?? ""}\0${request.name}`] ?? null),
        begin: () => {
          const id = stored.began?.[next++] ?? null;
          return Promise.resolve(id === null ? null : { id });
        },
        tells: false,
      });
    } catch (cause) {
      throw new Invalid("workflow.history", {
        message: `step ${seq} of the workflow of execution ${id} cannot be read back: ${messageOf(cause)}`,
        cause,
      });
    }
    live.seq = seq;
  }
  return live;
}
