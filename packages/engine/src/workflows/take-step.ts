import { type Execution, Invalid, isCompleted, type JsonObject } from "@squall/model";
import { type KeyRequest, routeSeenFrom } from "@squall/expressions";
import type { ChainState, ErrorEntry, OrquestaState, WorkflowEvent, WorkflowStatus } from "@squall/workflow";
import type { Core } from "../core.ts";
import type { Run, TimerCommand } from "./children.ts";
import { HISTORY_VERSION, randomFrom, type StoredEvent, type StoredKey, type StoredStep } from "./history.ts";
import type { Live } from "./live.ts";
import { contextOf, inputsOf } from "./settings.ts";
import { recordOfTask } from "./task-record.ts";

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
  /** Another execution of the workflow, as far as it came. */
  liveOf(execution: string): Promise<Live>;
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
    return run === undefined || seen === undefined
      ? undefined
      : recordOfTask(live.execution.id, task, seen, run, rowOf);
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
  const most = core.parts.limits.workflowExecutions;
  const stopAt = (task: string) => {
    const message = `the workflow began ${most} executions, which is the most, and is at task '${task}'; give its cycle a condition that ends it, or split it into sub-workflows`;
    if (!isCompleted(last.status) && !queue.some((one) => one.kind === "fail"))
      queue.unshift({ kind: "fail", message });
  };
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
    if (event.kind === "cancel" && live.state === undefined) {
      // It has not begun, and now never will: whoever was about to begin it finds this step in its place.
      accepted.push(event);
      last = { status: "canceled", output: null, errors: [] };
      continue;
    }
    if (isBeginning(event) && last.status === "canceled") continue;
    if (event.kind === "start") inputs = await inputsOf(core, live, event);
    if (event.kind === "continue") await continueFrom(live, event.of, world);
    const isDismissed = event.kind === "task" && live.tracker.isDismissed(event.execution);
    if (event.kind === "task" && event.execution !== undefined) {
      live.tracker.report(event.execution, event.status, isCompleted(event.status));
    }
    if (event.kind === "task" && isDismissed) {
      accepted.push({ ...bare(event), ignored: true }); // W7
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
      if (live.tracker.begun >= most) {
        if (world.tells) stopAt(task);
        continue;
      }
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
  }
  live.events += accepted.length;
  live.sinceSaved += accepted.length;
  return {
    stored: {
      ...(HISTORY_VERSION > 1 && { version: HISTORY_VERSION }),
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

/** The first event of a workflow. */
export const isBeginning = ({ kind }: StoredEvent): boolean => kind === "start" || kind === "continue";

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

/** Takes over the state in which another execution ended. */
async function continueFrom(live: Live, other: string, world: World): Promise<void> {
  const before = await world.liveOf(other);
  if (before.execution.action !== live.execution.action) {
    throw new Invalid("workflow.rerun.other", {
      message: `execution ${other} is of ${before.execution.action}, so ${live.execution.action} cannot go on from it`,
    });
  }
  live.state = before.state;
  live.tracker = before.tracker;
}
