import {
  Conflict,
  type Execution,
  isCompleted,
  isObject,
  type JsonObject,
  messageOf,
  type Snapshot,
  Unavailable,
} from "@squall/model";
import type { Change, Committed, Told } from "@squall/store";
import { shardOf } from "../cluster/rendezvous.ts";
import type { Core } from "../core.ts";
import type { Dispatch } from "../executions/dispatch.ts";
import type { Draft } from "../executions/draft.ts";
import { createActors } from "./actors.ts";
import { CHAIN_RUNNER } from "./chains.ts";
import { checkBeforeRun } from "./inspection.ts";
import type { StoredEvent } from "./history.ts";
import { isWorkflow } from "./is-workflow.ts";
import { type Live, readBack } from "./live.ts";
import { failedMove } from "./own-move.ts";
import { recoverWorkflows } from "./recovery.ts";
import { configFor, settingsOf } from "./settings.ts";
import { createStep, isTransient } from "./step.ts";
import { createTimeouts } from "./timeouts.ts";

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
 * W8  Where several engines share the store, each workflow is one engine's by its shard. Whoever is not that engine commits
 *     what it has to tell with its own changes, as a row that the engine takes up: the row goes with the commit of the
 *     step. Two engines that both take a workflow for theirs, for a moment, are kept apart by W1.
 */
export interface Workflows {
  /** An execution of a workflow was committed as running: begins it. */
  begin(execution: Execution, snapshot: Snapshot): void;
  /** Commits the end of an execution; when it is a task's, with the step that follows from it. */
  commitEnd(ended: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed>;
  /** What has to be in the commit of a workflow that is to begin (W8). */
  beginning(execution: Execution): readonly Change[];
  /** Takes up what another member told (W8). */
  hear(told: Told): Promise<void>;
  /** Answers other members that ask this one to pause, resume or cancel. */
  serve(): void;
  /** Pauses, resumes, cancels or fails. Resolves with the workflow's execution once that is durable. @throws Conflict */
  control(project: string, id: string, event: StoredEvent, context: JsonObject): Promise<Execution>;
  /** Takes up workflows of a process that is gone. Answers what begins those that had not begun: for when slots are given out. */
  recover(projects: readonly string[], shards?: readonly number[]): Promise<() => Promise<void>>;
  /** Resolves when no step is under way. */
  idle(): Promise<void>;
  close(): void;
}

const RETRY_MS = 1000;
/** How long the engine of a workflow may take to answer before it is done here. */
const CONTROL_MS = 5_000;
const CONTROLS = 1_000;

/** What is told to the engine of a workflow. */
type ToldEvent =
  | StoredEvent
  /** It was committed as running and has not begun. */
  | { readonly kind: "begin" }
  /** Somebody else took a step of it: what this engine knows of it in memory is old. */
  | { readonly kind: "look" };

const addressOf = (member: string): string => `workflows/${member}`;

export function createWorkflows(
  core: Core,
  dispatch: Dispatch,
  cancelExecution: (project: string, id: string, user: string) => Promise<void>,
): Workflows {
  const { parts, cluster } = core;
  const timeouts = createTimeouts(parts, ({ project, id }, event) => control(project, id, event, {}));
  let isClosed = false;
  let unserve: (() => void) | undefined;

  /** One that was counted on what had been read of it may have ended in between. */
  const recount = async ({ project, id }: Execution): Promise<void> => {
    const now = await parts.store.execution(project, id);
    if (!now || isCompleted(now.status)) core.census.ended(id);
  };
  cluster.on({ changed: () => core.census.keep(cluster.conducts) });

  const failSetup = async (execution: Execution, errors: readonly object[]): Promise<void> => {
    const snapshot = (await core.snapshots.load(execution.project, [execution.snapshot])).get(execution.snapshot);
    const move = await failedMove(core, { execution, ...(snapshot && { snapshot }) }, errors);
    const committed = await commitEnd(move.execution, move.drafts, move.changes);
    if (!committed.ok) return recount(execution);
    core.census.ended(execution.id);
    parts.bus.publish({ topic: "execution", change: "update", execution: move.execution });
  };

  const commitEnd: Workflows["commitEnd"] = (ended, drafts, changes) => {
    const parent = workflowOf(ended);
    if (parent === undefined) return dispatch.commit(drafts, changes);
    const event = taskEvent(ended);
    if (!cluster.conducts(parent)) return tell(ended.project, parent, event, drafts, changes);
    // What waits for an answer has a result already, which is none of the task's yet.
    return actors.tell(ended.project, parent, { event, ...(isCompleted(ended.status) && { ended }), drafts, changes });
  };

  /** A sub-workflow rests or goes on: its parent has to know. */
  const commitMove = (moved: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed> => {
    const parent = workflowOf(moved);
    if (parent === undefined) return dispatch.commit(drafts, changes);
    if (!cluster.conducts(parent)) return tell(moved.project, parent, taskEvent(moved), drafts, changes);
    return actors.tell(moved.project, parent, { event: taskEvent(moved), drafts, changes });
  };

  /** Commits what the engine of a workflow has to know together with what it is about, and says on the bus that it is there. */
  const tell = async (
    project: string,
    workflow: string,
    event: ToldEvent,
    drafts: readonly Draft[],
    changes: readonly Change[],
  ): Promise<Committed> => {
    const committed = await dispatch.commit(drafts, [...changes, tellOf(project, workflow, event)]);
    if (committed.ok) parts.bus.publish({ topic: "told", shard: shardOf(workflow) });
    return committed;
  };
  const tellOf = (project: string, workflow: string, event: ToldEvent): Change => ({
    kind: "workflow.tell",
    project,
    execution: workflow,
    id: parts.newId(),
    shard: shardOf(workflow),
    // Cast: events are JSON.
    event: event as unknown as JsonObject,
  });

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
    const conductor = cluster.conductorOf(id);
    if (conductor !== undefined && conductor !== parts.worker) {
      try {
        // Cast: events are JSON.
        const question = { project, id, event: event as unknown as JsonObject, context };
        await parts.bus.request(addressOf(conductor), question, { timeoutMs: CONTROL_MS });
        return await theExecution(project, id);
      } catch (error) {
        if (!(error instanceof Unavailable) || error.code !== "bus.no-answer") throw error;
        // Its engine cannot be asked. W1 holds whoever takes the step; its engine looks again afterwards.
        const moved = await controlHere(project, id, event, context);
        await tell(project, id, { kind: "look" }, [], []);
        return moved;
      }
    }
    return controlHere(project, id, event, context);
  };

  const controlHere: Workflows["control"] = async (project, id, event, context) => {
    const committed = await actors.tell(project, id, { event, drafts: [], changes: [], context });
    if (!committed.ok) throw new Conflict("execution.moved", { message: committed.message });
    return theExecution(project, id);
  };

  const theExecution = async (project: string, id: string): Promise<Execution> => {
    const execution = await parts.store.execution(project, id);
    if (!execution) throw new Conflict("execution.moved", { message: `execution ${id} is gone` });
    return execution;
  };

  const begin: Workflows["begin"] = (execution, snapshot) => {
    if (cluster.conducts(execution.id)) void beginHere(execution, snapshot);
    else parts.bus.publish({ topic: "told", shard: shardOf(execution.id) });
  };

  /** Never rejects: what goes wrong is the workflow's failure, or tried again. */
  const beginHere = (execution: Execution, snapshot: Snapshot): Promise<void> =>
    start(execution, snapshot)
      .catch(async (error: unknown) => {
        parts.log.error({ execution: execution.id, err: error }, "a workflow could not begin");
        if (isTransient(error)) {
          if (!isClosed) setTimeout(() => void beginHere(execution, snapshot), RETRY_MS).unref();
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

  const start = async (execution: Execution, given: Snapshot): Promise<void> => {
    const { project, id } = execution;
    core.census.began(id);
    const snapshot = await core.snapshots.complete(project, given);
    const settings = await settingsOf(core, execution, snapshot);
    const again = execution.context["re-run"];
    const tasks = isObject(again) && Array.isArray(again.tasks) ? (again.tasks as unknown[]).map(String) : [];
    let problems = checkBeforeRun(core, execution, snapshot, settings.runner.notify);
    if (problems.length > 0 && !cluster.alone) {
      await core.catchUp(); // actions that it names may have been registered elsewhere just now
      problems = checkBeforeRun(core, execution, snapshot, settings.runner.notify);
    }
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
    const committed = await actors.tell(project, id, { event, drafts: [], changes: [] });
    if (!committed.ok) throw new Conflict("workflow.begin", { message: committed.message });
  };

  const actors = createActors(
    core.census,
    createStep(core, dispatch, {
      commitEnd,
      commitMove,
      moved(execution) {
        parts.bus.publish({ topic: "execution", change: "update", execution });
        if (!isCompleted(execution.status)) return;
        timeouts.stop(execution.id);
        core.census.ended(execution.id);
      },
      cascade,
      timers: (execution, timers) => timeouts.limit(execution, timers),
      stop,
      failSetup,
    }),
  );

  /** Time limits of what runs, of a workflow that another member advanced. */
  const lookAgain = async (project: string, id: string): Promise<void> => {
    await actors.forget(project, id);
    const live = await readBack(core, project, id);
    if (live.state === undefined) return;
    const timers = live.compiled.program.timers(live.state);
    timeouts.limit(
      live.execution,
      timers.map((timer) => ({ kind: "timer", ...timer })),
    );
  };

  const hear: Workflows["hear"] = async ({ id, project, execution, event: stored, context }) => {
    const heard: Change = { kind: "workflow.hear", project, id };
    // Cast: written by `tell` alone.
    const event = stored as unknown as ToldEvent;
    if (event.kind === "begin") {
      const found = await parts.store.execution(project, execution);
      const snapshot = found && (await core.snapshots.load(project, [found.snapshot])).get(found.snapshot);
      if (snapshot && found.status === "running") await beginHere(found, snapshot);
      await parts.store.commit([heard]);
      return;
    }
    if (event.kind === "look") {
      await lookAgain(project, execution);
      await parts.store.commit([heard]);
      return;
    }
    // Refused as missing: another engine that took the workflow for its own has heard it.
    await actors.tell(project, execution, { event, drafts: [], changes: [heard], ...(context && { context }) });
  };

  return {
    begin,
    commitEnd,
    control,
    hear,
    beginning: ({ project, id }) => (cluster.conducts(id) ? [] : [tellOf(project, id, { kind: "begin" })]),
    serve() {
      if (cluster.alone) return;
      unserve = parts.bus.serve(
        addressOf(parts.worker),
        async ({ project, id, event, context }) => {
          // Casts: asked by `control` of another member.
          await controlHere(String(project), String(id), event as StoredEvent, (context ?? {}) as JsonObject);
          return {};
        },
        { atOnce: CONTROLS },
      );
    },
    async recover(projects, shards) {
      const unbegun: (readonly [project: string, id: string])[] = [];
      for (const project of projects) {
        const ids = await recoverWorkflows(core, project, {
          resume: async (execution, snapshot) => {
            core.census.began(execution.id);
            timeouts.start(execution, (await settingsOf(core, execution, snapshot)).runner.timeout);
            await recount(execution);
          },
          limit(live, timers) {
            timeouts.limit(live.execution, timers);
            stop(live.execution, live.tracker.dismissed());
          },
          cascade,
          cancelTask: ({ id }, { user }) => cancelExecution(project, id, user),
          ...(shards && { concerns: (id) => shards.includes(shardOf(id)) }),
        });
        unbegun.push(...ids.map((id) => [project, id] as const));
      }
      return async () => {
        for (const [project, id] of unbegun) {
          const execution = await parts.store.execution(project, id);
          const snapshot =
            execution && (await core.snapshots.load(project, [execution.snapshot])).get(execution.snapshot);
          if (snapshot && execution.status === "running") await beginHere(execution, snapshot);
        }
      };
    },
    idle: () => actors.idle(),
    close() {
      isClosed = true;
      unserve?.();
      timeouts.close();
    },
  };
}

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
