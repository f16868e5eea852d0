import {
  Conflict,
  type Execution,
  isCompleted,
  isObject,
  type JsonObject,
  messageOf,
  type Snapshot,
  SquallError,
} from "@squall/model";
import type { Change, Committed } from "@squall/store";
import type { Core } from "../core.ts";
import type { Dispatch } from "../executions/dispatch.ts";
import type { Draft } from "../executions/draft.ts";
import { CHAIN_RUNNER } from "./chains.ts";
import { draftTask } from "./children.ts";
import { checkBeforeRun } from "./inspection.ts";
import type { StoredEvent, StoredKey } from "./history.ts";
import { isWorkflow } from "./is-workflow.ts";
import { failedMove, moveAfter } from "./own-move.ts";
import { createTimeouts } from "./timeouts.ts";
import { type Live, configFor, readBack, sealState, settingsOf, type Taken, takeStep, type World } from "./live.ts";

/**
 * Conducts workflows. The program of a workflow is pure; here is what it stands in.
 *
 * W1  A workflow's steps follow one another: each has a number, and an append that is not the next one is refused.
 * W2  A step is one commit: the ends of the tasks' executions that it takes up, what follows from these ends, the step's
 *     record, the executions that begin, and the move of the workflow's own execution. So nothing is ever between an end
 *     and what follows from it, whenever the process dies.
 * W3  When the workflow is itself a task, its end and its parent's step are one commit too: the list goes to the parent.
 *     Locks are taken from child to parent only.
 * W4  A step stores what came from outside: events, clock, seed, keys as read (still sealed), ids of executions. Results
 *     are read from the rows of their executions, which never change once they ended. Read back, it gives the same state.
 * W5  A commit that was refused forgets the state in memory: it is read back, and decided again.
 * W6  Cancel and pause of what runs are asked for after the step is durable, and again when the server starts.
 * W7  What runs of a task whose time is over is dismissed in the step that says so: what it still reports is recorded as
 *     its end and nothing else.
 */
export interface Workflows {
  /** An execution of a workflow was committed as running: begins it. */
  begin(execution: Execution, snapshot: Snapshot): void;
  /** Commits the end of an execution; when it is a task's, with the step that follows from it. */
  commitEnd(ended: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed>;
  /** Pauses, resumes, cancels or fails. Resolves with the workflow's execution once that is durable. @throws Conflict */
  control(project: string, id: string, event: StoredEvent, context: JsonObject): Promise<Execution>;
  /** Takes up workflows of a process that is gone. */
  recover(projects: readonly string[]): Promise<void>;
  /** Whether an execution goes on though its workflow has ended and was to end it: the server stopped in between. */
  isOrphan(execution: Execution): Promise<boolean>;
  /** Resolves when no step is under way. */
  idle(): Promise<void>;
  close(): void;
}

interface Input {
  readonly event: StoredEvent | undefined;
  /** The execution whose end this is, as it will be in the store. */
  readonly ended?: Execution | undefined;
  readonly drafts: readonly Draft[];
  readonly changes: readonly Change[];
  /** Merged into the context of the workflow's own execution. */
  readonly context?: JsonObject;
  attempts: number;
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
}

interface Actor {
  readonly project: string;
  readonly id: string;
  live: Live | undefined;
  /** Characters of the results that `live` may hold. */
  held: number;
  queue: Input[];
  working: Promise<void> | undefined;
}

/** Workflows in memory that nothing happens to just now. */
const MOST_IDLE = 2000;
/** Events of one step. */
const MOST_EVENTS = 1000;
/** The state is kept when this many events have come since, or a quarter of all, so that keeping costs little. */
const SAVE_EVENTS = 200;
/** A larger state is not kept: then all steps are read back. */
const SAVE_BYTES = 1 << 20;
const ATTEMPTS = 20;
const RETRY_MS = 1000;
/** Text in results that workflows in memory hold on to, characters: above it, those that wait are read back when needed. */
const MOST_HELD = 256 << 20;

export function createWorkflows(
  core: Core,
  dispatch: Dispatch,
  cancelExecution: (project: string, id: string, user: string) => Promise<void>,
): Workflows {
  const { parts } = core;
  const actors = new Map<string, Actor>();
  const timeouts = createTimeouts(parts, ({ project, id }, event) => control(project, id, event, {}));
  let isClosed = false;
  let held = 0;

  const actorOf = (project: string, id: string): Actor => {
    const key = `${project}\0${id}`;
    let actor = actors.get(key);
    if (actor === undefined) {
      actor = { project, id, live: undefined, held: 0, queue: [], working: undefined };
      if (actors.size >= MOST_IDLE) forgetIdle();
    } else actors.delete(key); // to the end: the first ones are those that were idle for longest
    actors.set(key, actor);
    return actor;
  };
  const forgetIdle = () => {
    for (const [key, actor] of actors) {
      if (actors.size < MOST_IDLE && held < MOST_HELD) return;
      if (actor.working !== undefined) continue;
      actors.delete(key);
      forget(actor);
    }
  };
  /** What it knows is in the store as well. */
  const forget = (actor: Actor) => {
    actor.live = undefined;
    held -= actor.held;
    actor.held = 0;
  };

  const tell = (
    project: string,
    id: string,
    input: Pick<Input, "event" | "drafts" | "changes"> & Partial<Pick<Input, "ended" | "context">>,
  ): Promise<Committed> => {
    const actor = actorOf(project, id);
    return new Promise((resolve, reject) => {
      actor.queue.push({ ...input, attempts: 0, resolve, reject });
      actor.working ??= work(actor);
    });
  };

  const work = async (actor: Actor): Promise<void> => {
    // What ends in the same turn of the event loop comes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (actor.queue.length > 0) {
      const batch = actor.queue.splice(0, MOST_EVENTS);
      try {
        await step(actor, batch);
      } catch (error) {
        forget(actor);
        for (const input of batch) input.reject(error);
      }
    }
    actor.working = undefined;
    const { live } = actor;
    if (live && isCompleted(live.execution.status) && live.tracker.active().length === 0) {
      actors.delete(`${actor.project}\0${actor.id}`);
      forget(actor);
    }
    if (held >= MOST_HELD) forgetIdle();
  };

  const step = async (actor: Actor, batch: Input[]): Promise<void> => {
    let live: Live;
    try {
      live = actor.live ?? (await readBack(core, actor.project, actor.id));
    } catch (error) {
      return withoutWorkflow(actor, batch, error);
    }
    actor.live = live;
    const events: StoredEvent[] = [];
    const ends = new Map<StoredEvent, Execution>();
    const drafts: Draft[] = [];
    for (const { event, ended } of batch) {
      if (event === undefined) continue;
      if (event.kind === "start" && live.seq > 0) continue;
      if (event.kind === "task" && live.tracker.placeOf(event.execution ?? "") === undefined) continue;
      events.push(event);
      if (!ended?.result) continue;
      ends.set(event, ended);
      const size = textIn(ended.result);
      actor.held += size;
      held += size;
    }
    let list: Change[] = [];
    let ranges: number[] = [];
    let ended: Execution | undefined;
    let moved: Execution | undefined;
    let taken: Taken | undefined;
    try {
      if (events.length > 0) taken = await takeStep(core, live, events, worldOf(live, ends, drafts));
      const controls = batch.filter(
        (input) => input.event !== undefined && taken?.refused.has(input.event) && isControl(input.event),
      );
      if (controls.length > 0) {
        for (const input of controls) input.reject(taken?.refused.get(input.event as StoredEvent));
        batch = batch.filter((input) => !controls.includes(input));
      }
      ({ list, ranges } = ownChanges(batch));
      if (taken && taken.stored.events.length > 0) {
        list.push({
          kind: "workflow.append",
          project: live.execution.project,
          execution: live.execution.id,
          seq: live.seq + 1,
          // Cast: plain data, made of the events that are JSON themselves.
          step: taken.stored as unknown as JsonObject,
        });
        if (live.sinceSaved >= Math.max(SAVE_EVENTS, live.events / 4)) keepState(live, list);
        for (const draft of drafts) list.push(...draft.changes);
        const context = Object.assign({}, ...batch.map((input) => input.context ?? {})) as JsonObject;
        const rows = new Map([...ends.values()].map((one) => [one.id, one]));
        const move = await moveAfter(core, live, taken, context, rows);
        if (move) {
          moved = move.execution;
          if (isCompleted(moved.status)) ended = moved;
          list.push(...move.changes);
          drafts.push(...move.drafts);
        }
      }
      if (list.length === 0) {
        for (const input of batch) input.resolve({ ok: true });
        return;
      }
    } catch (error) {
      forget(actor);
      dispatch.refuse([...batch.flatMap((input) => input.drafts), ...drafts]);
      throw error;
    }
    const all = [...batch.flatMap((input) => input.drafts), ...drafts];
    let committed: Committed;
    if (ended) committed = await commitEnd(ended, all, list);
    else if (moved && tellsParent(moved.status)) committed = await commitMove(moved, all, list);
    else committed = await dispatch.commit(all, list);
    if (!committed.ok) {
      forget(actor); // W5
      return refused(actor, batch, committed, ranges);
    }
    if (taken && taken.stored.events.length > 0) live.seq++;
    if (moved) {
      live.execution = moved;
      parts.bus.publish({ topic: "execution", change: "update", execution: moved });
      if (isCompleted(moved.status)) timeouts.stop(moved.id);
    }
    for (const input of batch) input.resolve(committed);
    for (const ask of new Set(taken?.asks)) cascade(live, ask);
    if (!taken) return;
    timeouts.limit(live.execution, taken.timers);
    if (taken.stops.length > 0) stop(live.execution, taken.stops);
  };

  /** Which input the refused change belongs to: it alone is told, the others are decided again. */
  const refused = (
    actor: Actor,
    batch: readonly Input[],
    committed: Extract<Committed, { ok: false }>,
    ranges: readonly number[],
  ) => {
    const again: Input[] = [];
    batch.forEach((input, at) => {
      const from = ranges[at] ?? 0;
      const isGuilty = committed.index >= from && committed.index < from + input.changes.length;
      if (isGuilty) input.resolve({ ...committed, index: committed.index - from });
      // Its drafts gave their slots back: whoever made them makes them anew.
      else if (input.drafts.length > 0) input.resolve({ ...committed, index: -1 });
      else if (input.attempts++ < ATTEMPTS) again.push(input);
      else
        input.reject(
          new Conflict("workflow.contended", {
            message: `the workflow of execution ${actor.id} could not be advanced: ${committed.message}`,
          }),
        );
    });
    actor.queue = [...again, ...actor.queue];
  };

  const worldOf = (live: Live, ends: ReadonlyMap<StoredEvent, Execution>, drafts: Draft[]): World => {
    const now = parts.now();
    const plan = core.plans(live.snapshot.action, live.snapshot.runner);
    const isChain = live.compiled.language === "action-chain";
    const which = isChain ? "skip_notify" : "notify";
    const notifying = live.execution.parameters[which] ?? plan.defaults[which];
    return {
      at: Math.floor(now / 1000),
      seed: Math.floor(Math.random() * 2 ** 32),
      endedOf: (event) => ends.get(event),
      key: async ({ scope, user = "", name }) => {
        const { project } = live.execution;
        const found = await parts.store.key(project, `st2kv.${scope}`, scope === "user" ? user : "", name, now);
        return ((found && { value: found.value, secret: found.secret }) satisfies StoredKey | undefined) ?? null;
      },
      begin: async (command, run) => {
        try {
          const draft = await draftTask(core, live.execution, live.compiled, command, run, notifying);
          drafts.push(draft);
          return { id: draft.execution.id };
        } catch (thrown) {
          if (isTransient(thrown)) throw thrown;
          if (!isChain) return { failed: { error: messageOf(thrown) } };
          const error = `Failed running task "${command.task}". ${messageOf(thrown)}`;
          return {
            failed: { error, traceback: "", ...(thrown instanceof SquallError && { code: thrown.code }) },
          };
        }
      },
      tells: true,
    };
  };

  const keepState = (live: Live, list: Change[]) => {
    const state = sealState(core, live, SAVE_BYTES);
    live.sinceSaved = 0;
    if (state === undefined) return;
    const { project, id: execution } = live.execution;
    list.push({ kind: "workflow.save", project, execution, seq: live.seq + 1, state });
  };

  /** The workflow itself cannot be read: what ends still has to end, and the workflow fails and says why. */
  const withoutWorkflow = async (actor: Actor, batch: readonly Input[], error: unknown): Promise<void> => {
    // Whoever asked tries again.
    if (isTransient(error)) {
      dispatch.refuse(batch.flatMap((input) => input.drafts));
      throw error;
    }
    parts.log.error({ execution: actor.id, err: error }, "a workflow could not be read, so it fails");
    const execution = await parts.store.execution(actor.project, actor.id);
    if (execution && !isCompleted(execution.status))
      await failSetup(execution, [{ type: "error", message: messageOf(error) }]);
    for (const input of batch) {
      if (input.event !== undefined && isControl(input.event)) input.reject(error);
      else if (input.changes.length === 0) input.resolve({ ok: true });
      else dispatch.commit(input.drafts, input.changes).then(input.resolve, input.reject);
    }
  };

  const failSetup = async (execution: Execution, errors: readonly object[]): Promise<void> => {
    const snapshot = (await core.snapshots.load(execution.project, [execution.snapshot])).get(execution.snapshot);
    const move = await failedMove(core, { execution, ...(snapshot && { snapshot }) }, errors);
    const committed = await commitEnd(move.execution, move.drafts, move.changes);
    if (committed.ok) parts.bus.publish({ topic: "execution", change: "update", execution: move.execution });
  };

  const commitEnd: Workflows["commitEnd"] = (ended, drafts, changes) => {
    const parent = workflowOf(ended);
    if (parent === undefined) return dispatch.commit(drafts, changes);
    const event = taskEvent(ended);
    // What waits for an answer has a result already, which is none of the task's yet.
    return tell(ended.project, parent, { event, ...(isCompleted(ended.status) && { ended }), drafts, changes });
  };

  /** A sub-workflow rests or goes on: its parent has to know. */
  const commitMove = (moved: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed> => {
    const parent = workflowOf(moved);
    if (parent === undefined) return dispatch.commit(drafts, changes);
    return tell(moved.project, parent, { event: taskEvent(moved), drafts, changes });
  };

  const cascade = (live: Live, ask: "pause" | "resume" | "cancel") => {
    const { project, context, user } = live.execution;
    const by = ask === "cancel" ? context.cancelled_by : ask === "pause" ? context.paused_by : context.resumed_by;
    const who = typeof by === "string" ? by : user;
    void Promise.all(
      live.tracker.active().map(async (id) => {
        if (ask === "cancel") return cancelExecution(project, id, who);
        const child = await parts.store.execution(project, id);
        if (!child || !isWorkflow(child.runner) || isCompleted(child.status)) return;
        await control(project, id, { kind: ask }, ask === "pause" ? { paused_by: who } : { resumed_by: who });
      }),
    ).catch((error: unknown) => {
      // One that ended meanwhile, or rests already, needs nothing.
      if (error instanceof Conflict) return;
      parts.log.error({ execution: live.execution.id, err: error, ask }, "what runs of a workflow could not be told");
    });
  };

  /** Ends what runs of tasks whose time is over. */
  const stop = ({ project, id, user }: Execution, executions: readonly string[]) => {
    void Promise.all(executions.map((one) => cancelExecution(project, one, user))).catch((error: unknown) => {
      parts.log.error({ execution: id, err: error }, "what ran of a task whose time is over could not be ended");
    });
  };

  const control: Workflows["control"] = async (project, id, event, context) => {
    const committed = await tell(project, id, { event, drafts: [], changes: [], context });
    if (!committed.ok) throw new Conflict("execution.moved", { message: committed.message });
    const execution = await parts.store.execution(project, id);
    if (!execution) throw new Conflict("execution.moved", { message: `execution ${id} is gone` });
    return execution;
  };

  const begin: Workflows["begin"] = (execution, snapshot) => {
    void start(execution, snapshot)
      .catch(async (error: unknown) => {
        parts.log.error({ execution: execution.id, err: error }, "a workflow could not begin");
        if (isTransient(error)) {
          if (!isClosed) setTimeout(begin, RETRY_MS, execution, snapshot).unref();
          return;
        }
        await failSetup(execution, [{ type: "error", message: messageOf(error) }]);
      })
      .catch((error: unknown) => {
        parts.log.error(
          { execution: execution.id, err: error },
          "the failure of a workflow to begin could not be stored",
        );
      });
  };

  const start = async (execution: Execution, snapshot: Snapshot): Promise<void> => {
    const { project, id } = execution;
    const settings = await settingsOf(core, execution, snapshot);
    const again = execution.context["re-run"];
    const tasks = isObject(again) && Array.isArray(again.tasks) ? (again.tasks as unknown[]).map(String) : [];
    const problems = checkBeforeRun(core, execution, snapshot, settings.runner.notify);
    if (problems.length > 0) return failSetup(execution, problems);
    timeouts.start(execution, settings.runner.timeout);
    let event: StoredEvent = {
      kind: "start",
      apiUrl: parts.apiUrl(),
      ...(settings.templated && { inputs: parts.vault.seal(JSON.stringify(settings.action), "workflow") }),
      ...(execution.runner === CHAIN_RUNNER &&
        snapshot.definition?.includes("config_context") && {
          config: parts.vault.seal(JSON.stringify(await configFor(core, execution, snapshot)), "workflow"),
        }),
    };
    if (isObject(again) && typeof again.ref === "string" && tasks.length > 0) {
      const reset = new Set(Array.isArray(again.reset) ? again.reset : []);
      event = {
        kind: "continue",
        of: again.ref,
        // Requests name no routes, as in StackStorm: its first one is meant.
        tasks: tasks.map((task) => ({ task, route: 0, ...(reset.has(task) && { resetItems: true }) })),
      };
    }
    const committed = await tell(project, id, { event, drafts: [], changes: [] });
    if (!committed.ok) throw new Conflict("workflow.begin", { message: committed.message });
  };

  /** Whether a task of the definition may have a time limit. */
  const hasLimits = (definition: string): boolean => {
    const { tasks } = core.definitions.compile(definition, "orquesta").source;
    return isObject(tasks) && Object.values(tasks).some((task) => isObject(task) && task.timeout !== undefined);
  };

  const isOrphan: Workflows["isOrphan"] = async (execution) => {
    const id = workflowOf(execution);
    const above = id === undefined ? undefined : await parts.store.execution(execution.project, id);
    if (above === undefined || !isCompleted(above.status)) return false;
    if (above.status === "timeout" || above.status === "canceled") return true;
    if (above.runner === CHAIN_RUNNER) return false;
    return (await readBack(core, above.project, above.id)).tracker.isDismissed(execution.id);
  };

  return {
    begin,
    commitEnd,
    control,
    isOrphan,
    async recover(projects) {
      const status = ["running", "pausing", "paused", "resuming", "canceling"] as const;
      for (const project of projects) {
        const items: Execution[] = [];
        for (const runner of ["orquesta", CHAIN_RUNNER]) {
          const found = await parts.store.executions(
            project,
            { runner, status, order: "ascending" },
            { omit: ["result"] },
          );
          items.push(...found.items);
        }
        for (const one of items) if (await isOrphan(one)) stop(one, [one.id]); // W6
        const snapshots = await core.snapshots.load(
          project,
          items.map((one) => one.snapshot),
        );
        const children = await parts.store.childIds(
          project,
          items.map((one) => one.id),
        );
        for (const execution of items) {
          const snapshot = snapshots.get(execution.snapshot);
          if (!snapshot) continue;
          // One that has begun has begun something: else it would have ended in the same step.
          if (execution.status === "running" && !children.has(execution.id)) begin(execution, snapshot);
          else timeouts.start(execution, (await settingsOf(core, execution, snapshot)).runner.timeout);
          if (execution.status === "canceling" || execution.status === "pausing") {
            const live = await readBack(core, project, execution.id);
            cascade(live, execution.status === "canceling" ? "cancel" : "pause"); // W6
          }
          if (
            execution.runner !== CHAIN_RUNNER &&
            snapshot.definition !== undefined &&
            hasLimits(snapshot.definition)
          ) {
            const live = await readBack(core, project, execution.id);
            if (live.state === undefined) continue;
            const timers = live.compiled.program.timers(live.state);
            timeouts.limit(
              execution,
              timers.map((timer) => ({ kind: "timer", ...timer })),
            );
            stop(execution, live.tracker.dismissed()); // W6
          }
        }
      }
    },
    async idle() {
      for (;;) {
        const working = [...actors.values()].flatMap((actor) => actor.working ?? []);
        if (working.length === 0) return;
        await Promise.all(working);
      }
    },
    close() {
      isClosed = true;
      timeouts.close();
    },
  };
}

/** Characters of the larger texts of a result: of those that count. */
function textIn(result: JsonObject): number {
  let size = 0;
  for (const key in result) {
    const value = result[key];
    if (typeof value === "string") size += value.length;
    else if (typeof value === "object" && value !== null) size += JSON.stringify(value).length;
  }
  return size;
}

/** The store does not answer, or has too much to do, now. */
const isTransient = (error: unknown): boolean =>
  error instanceof SquallError && (error.status >= 500 || error.status === 429);

const isControl = (event: StoredEvent): boolean => event.kind !== "task";

/** Statuses of a sub-workflow that its parent counts with, beside its end. */
const tellsParent = (status: string): boolean => status === "paused" || status === "running" || status === "resuming";

/** The workflow that an execution says it is a task of. Whether it is one, the workflow knows. */
function workflowOf(execution: Execution): string | undefined {
  return isObject(execution.context.orquesta) || isObject(execution.context.chain) ? execution.parent : undefined;
}

function taskEvent(execution: Execution): StoredEvent {
  if (isObject(execution.context.chain)) {
    const { name, route } = execution.context.chain;
    const { id, status } = execution;
    return { kind: "task", task: String(name), route: Number(route), status, execution: id };
  }
  const { task_name, task_route, item_id } = execution.context.orquesta as JsonObject;
  return {
    kind: "task",
    task: String(task_name),
    route: Number(task_route),
    ...(typeof item_id === "number" && { item: item_id }),
    status: execution.status,
    execution: execution.id,
  };
}

function ownChanges(batch: readonly Input[]): { list: Change[]; ranges: number[] } {
  const list: Change[] = [];
  const ranges = batch.map(({ changes }) => {
    const from = list.length;
    list.push(...changes);
    return from;
  });
  return { list, ranges };
}
