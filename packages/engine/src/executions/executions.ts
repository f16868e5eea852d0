import {
  CANCELABLE_STATUSES,
  Conflict,
  type Execution,
  type ExecutionStatus,
  Invalid,
  isCompleted,
  isObject,
  type JsonObject,
  type Labels,
  labelTrouble,
  messageOf,
  NotFound,
  type Principal,
  TooMany,
} from "@squall/model";
import type { ExecutionMove } from "@squall/store";
import { type Core, parameterContext } from "../core.ts";
import type { ExecutionRequest, Executions } from "../engine.ts";
import { type Aftermath, afterCompletion } from "../events/completion.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { refuseOverrides, renderRequest } from "../parameters/render.ts";
import { openParameters } from "../parameters/secrets.ts";
import type { Dispatch } from "./dispatch.ts";
import { draftExecution, runnerOf } from "./draft.ts";
import type { Settling } from "./settling.ts";
import { INQUIRER } from "../inquiries/answer.ts";
import { isWorkflow } from "../workflows/is-workflow.ts";
import type { Workflows } from "../workflows/workflows.ts";
import { viewExecutions } from "./view.ts";

/** What an execution takes over from an earlier one. */
interface Again {
  /** Its parameters. They were rendered then, and may hold what came in from outside since. */
  readonly literal: JsonObject;
  readonly context?: JsonObject;
  readonly definition?: string | undefined;
}

/** With what other parts of the engine ask. */
export interface ExecutionsWithin extends Executions {
  /** Cancels what runs as part of something that is canceled. What has ended meanwhile is fine. */
  cancelAs(project: string, id: string, user: string): Promise<void>;
}

/** What people and programs do with executions. */
export function createExecutions(
  core: Core,
  dispatch: Dispatch,
  settling: Settling,
  workflows: Workflows,
): ExecutionsWithin {
  const { parts } = core;
  const { store } = parts;

  const required = async (project: string, id: string): Promise<Execution> => {
    const found = await store.execution(project, id);
    if (!found) throw new NotFound("execution.not-found", { message: `ActionExecution with id "${id}" not found.` });
    return found;
  };

  const request: Executions["request"] = (principal, asked) =>
    create(principal, asked, { literal: asked.literal ?? {} });

  const create = async (principal: Principal, asked: ExecutionRequest, again: Again): Promise<Execution> => {
    refuseWhenFull(core);
    const { project } = principal;
    const action = (await core.find(project, "action", asked.action))?.body;
    if (!action) {
      throw new Invalid("action.unknown", {
        message: `Action "${asked.action}" cannot be found.`,
        at: { field: "action" },
      });
    }
    if (!action.enabled) {
      throw new Invalid("action.disabled", { message: `Unable to execute. Action "${action.ref}" is disabled.` });
    }
    const runner = runnerOf(core, project, action);
    const plan = core.plans(action, runner);
    if (asked.literal) refuseOverrides(plan, asked.literal);
    refuseLabels(asked.where);
    const user = asked.user ?? principal.user;
    const parent = await parentOf(asked, principal);
    // Of what a workflow is a task, and what it goes on from, nobody says from outside.
    const { orquesta: _task, chain: _node, "re-run": _again, ...given } = asked.context ?? {};
    const context: JsonObject = {
      ...given,
      ...again.context,
      user,
      pack: action.pack,
      ...(parent && { parent: { execution_id: parent.id, user: parent.user, pack: parent.context.pack } }),
    };
    let parameters: JsonObject;
    try {
      parameters = await evaluateWithKeys(parts, project, (keys) =>
        renderRequest(
          plan,
          asked.parameters ?? {},
          parameterContext(core, { project, pack: action.pack, user, context, keys }),
          again.literal,
        ),
      );
    } catch (thrown) {
      if (thrown instanceof Invalid && thrown.code.startsWith("parameters.")) throw thrown;
      throw new Invalid("parameters.render", { message: messageOf(thrown), cause: thrown });
    }
    const draft = draftExecution(core, {
      project,
      action,
      runner,
      parameters,
      context: { ...context, trace_context: traceContext(context) },
      user,
      ...(parent && { parent: parent.id }),
      ...((asked.notify ?? action.notify) && { notify: asked.notify ?? action.notify }),
      ...(asked.callback && { callback: asked.callback }),
      ...(asked.delay !== undefined && { delayMs: asked.delay }),
      where: asked.where,
      priority: asked.priority,
      ...(again.definition !== undefined && { definition: again.definition }),
    });
    const committed = await dispatch.commit([draft], draft.changes);
    if (!committed.ok) throw new Conflict("execution.conflict", { message: committed.message });
    return draft.execution;
  };

  /** An execution that asks with its own token is the parent; a stated parent has to exist. */
  const parentOf = async (asked: ExecutionRequest, principal: Principal): Promise<Execution | undefined> => {
    const stated = isObject(asked.context?.parent) ? asked.context.parent.execution_id : undefined;
    const id = principal.execution ?? (typeof stated === "string" ? stated : undefined);
    return id === undefined ? undefined : required(principal.project, id);
  };

  const move = async (
    execution: Execution,
    change: Omit<ExecutionMove, "kind" | "project" | "id">,
  ): Promise<Execution> => {
    const base: ExecutionMove = { kind: "execution.move", project: execution.project, id: execution.id, ...change };
    const next: Execution = {
      ...execution,
      status: change.to,
      log: [...execution.log, { status: change.to, timestamp: change.at }],
      ...(change.end !== undefined && { end: change.end }),
      ...(change.result && { result: change.result }),
      ...(change.context && { context: { ...execution.context, ...change.context } }),
    };
    let after: Aftermath = { drafts: [], changes: [] };
    if (isCompleted(change.to)) {
      const snapshot = (await core.snapshots.load(execution.project, [execution.snapshot])).get(execution.snapshot);
      if (snapshot) after = await afterCompletion(core, next, snapshot);
    }
    const changes = [base, ...after.changes];
    const committed = isCompleted(change.to)
      ? await dispatch.commitEnd(next, after.drafts, changes)
      : await dispatch.commit(after.drafts, changes);
    if (!committed.ok) throw new Conflict("execution.moved", { message: committed.message });
    parts.bus.publish({ topic: "execution", change: "update", execution: next });
    if (execution.status === "pending") {
      parts.bus.publish({ topic: "inquiry", change: "ended", project: execution.project, execution: execution.id });
    }
    return next;
  };

  const cancel: Executions["cancel"] = ({ project, user }, id) => cancelIn(project, id, user);

  const cancelIn = async (project: string, id: string, user: string): Promise<Execution> => {
    // Two rounds: it may move on between the look and the commit.
    for (let attempt = 0; ; attempt++) {
      const execution = await required(project, id);
      if (execution.status === "canceling") return execution;
      if (!CANCELABLE_STATUSES.includes(execution.status)) {
        throw new Conflict("execution.not-cancelable", {
          message: `Action cannot be canceled. State = ${execution.status}.`,
        });
      }
      try {
        return await cancelFrom(user, execution);
      } catch (error) {
        if (!(error instanceof Conflict) || attempt >= 5) throw error;
      }
    }
  };

  const cancelFrom = async (user: string, execution: Execution): Promise<Execution> => {
    const at = parts.now();
    const context = { cancelled_by: user };
    if (isWorkflow(execution.runner) && execution.status !== "delayed") {
      return workflows.control(execution.project, execution.id, { kind: "cancel" }, context);
    }
    if (execution.status === "running" || execution.status === "pausing" || execution.status === "resuming") {
      const canceling = await move(execution, { from: [execution.status], to: "canceling", at, context });
      if (!dispatch.abort(execution.id, "cancel")) {
        parts.bus.publish({ topic: "cancel", project: execution.project, execution: execution.id });
      }
      return canceling;
    }
    return move(execution, {
      from: [execution.status],
      to: "canceled",
      at,
      end: at,
      context,
      result: { message: "Action canceled by user.", user },
    });
  };

  /** Pause and resume do nothing where they are done already (stackstorm-model 7.1). */
  const setWorkflowStatus = (
    { user }: Principal,
    execution: Execution,
    status: ExecutionStatus,
  ): Promise<Execution> | Execution => {
    const { project, id } = execution;
    const pause = () => workflows.control(project, id, { kind: "pause" }, { paused_by: user });
    const refuse = (operation: string): never => {
      throw new Invalid("execution.not-pausable", {
        message: `Failed updating execution. It is ${execution.status}, so it cannot ${operation}.`,
      });
    };
    switch (status) {
      case "pausing":
      case "paused":
        if (execution.status === "pausing" || execution.status === "paused") {
          // One that waits for an answer would go on by itself: now it does not. One that was paused before is left alone.
          return pause().catch((error: unknown) => {
            if (error instanceof Conflict) return execution;
            throw error;
          });
        }
        if (execution.status !== "running" && execution.status !== "resuming") return refuse("pause");
        return pause();
      case "resuming":
      case "running":
        if (execution.status === "running" || execution.status === "resuming") return execution;
        if (execution.status !== "paused" && execution.status !== "pausing") return refuse("resume");
        return workflows.control(project, id, { kind: "resume" }, { resumed_by: user });
      case "failed":
      case "timeout":
      case "abandoned":
        return workflows.control(project, id, { kind: "fail", message: `set to ${status} by ${user}` }, {});
      default:
        return refuse(`become ${status}`);
    }
  };

  return {
    request,
    cancel,
    async cancelAs(project, id, user) {
      try {
        await cancelIn(project, id, user);
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
      }
    },
    get: (project, id) => store.execution(project, id),
    list: (project, filter, page) => store.executions(project, filter, page),
    views: (executions, options) => viewExecutions(core, executions, options),
    async children(project, id, depth) {
      await required(project, id);
      const out: Execution[] = [];
      const visit = async (parent: string, level: number) => {
        if (depth >= 0 && level > depth) return;
        const { items } = await store.executions(project, { parent, order: "ascending" }, {});
        for (const child of items) {
          out.push(child);
          await visit(child.id, level + 1);
        }
      };
      await visit(id, 1);
      return out;
    },
    async rerun(principal, id, overrides) {
      const old = await required(principal.project, id);
      const snapshot = (await core.snapshots.load(principal.project, [old.snapshot])).get(old.snapshot);
      const plan = snapshot && core.plans(snapshot.action, snapshot.runner);
      const parameters = plan ? openParameters(old.parameters, plan.sealed, parts.vault) : old.parameters;
      const {
        parent: _parent,
        orquesta: _task,
        chain: _node,
        cancelled_by: _cancelled,
        paused_by: _paused,
        resumed_by: _resumed,
        responded_by: _responded,
        // Whose keys templates read is who runs it now, not who ran it then.
        api_user: _user,
        ...context
      } = old.context;
      const { tasks = [], reset = [] } = overrides;
      if (tasks.length > 0 || reset.length > 0) refuseTasks(old, overrides, tasks, reset);
      const asked: ExecutionRequest = {
        action: old.action,
        ...(overrides.parameters && { parameters: overrides.parameters }),
        context,
        ...(old.notify && { notify: old.notify }),
        where: old.where ?? {},
        priority: old.priority ?? 0,
        ...(overrides.delay !== undefined && { delay: overrides.delay }),
        ...(overrides.user && { user: overrides.user }),
      };
      return create(principal, asked, {
        literal: parameters,
        context: { "re-run": { ref: id, ...(tasks.length > 0 && { tasks, reset }) } },
        definition: tasks.length > 0 ? snapshot?.definition : undefined,
      });
    },
    async setStatus(principal, id, status, result) {
      const execution = await required(principal.project, id);
      if (isCompleted(execution.status)) {
        throw new Invalid("execution.completed", { message: "Execution is already in completed state." });
      }
      if (status === "canceling" || status === "canceled") return cancel(principal, id);
      if (isWorkflow(execution.runner)) return setWorkflowStatus(principal, execution, status);
      if (status === "pausing" || status === "paused" || status === "resuming") {
        const verb = status === "resuming" ? "resume" : "pause";
        throw new Invalid("execution.not-pausable", {
          message: `Failed updating execution. The ${verb} operation is not supported by the "${execution.runner}" runner.`,
        });
      }
      if (execution.status === "pending" && execution.runner === INQUIRER) {
        // Anything else would get around who may answer, and what.
        throw new Invalid("inquiry.status", {
          message: `Failed updating execution. It waits for an answer: respond with \`squall inquiry respond ${id}\`, or cancel it.`,
        });
      }
      const at = parts.now();
      const done = isCompleted(status);
      const moved = await move(execution, {
        from: [execution.status],
        to: status satisfies ExecutionStatus,
        at,
        ...(done && { end: at }),
        ...(result && { result }),
      });
      // Whatever still runs of it has nothing left to say.
      if (done && !dispatch.abort(id, "cancel") && !core.cluster.alone) {
        parts.bus.publish({ topic: "cancel", project: principal.project, execution: id });
      }
      return moved;
    },
    async output(project, id, type, afterSeq) {
      await dispatch.outputOf(id)?.flushed();
      return store.output(project, id, type, afterSeq);
    },
    settled: (project, id, signal) => settling.settled(project, id, signal),
    values: (project, field) => store.executionValues(project, field),
  };
}

/** What stands against going on from tasks (stackstorm-model 7.1). */
function refuseTasks(
  old: Execution,
  overrides: { readonly parameters?: JsonObject },
  tasks: readonly string[],
  reset: readonly string[],
): void {
  const refuse = (field: string, message: string): never => {
    throw new Invalid("execution.rerun.tasks", { message, at: { field } });
  };
  if (old.runner !== "orquesta") {
    refuse(
      "tasks",
      `Execution "${old.id}" is of no Orquesta workflow, so it has no tasks to run again alone. Leave tasks and reset out.`,
    );
  }
  if (Object.keys(overrides.parameters ?? {}).length > 0) {
    refuse(
      "parameters",
      "Parameters cannot be changed when tasks are run again: the workflow goes on with what it has.",
    );
  }
  const stray = reset.filter((name) => !tasks.includes(name));
  if (stray.length > 0)
    refuse("reset", `List of tasks to reset does not match the tasks to rerun: ${stray.join(", ")}.`);
  if (!isCompleted(old.status))
    refuse("tasks", `Execution "${old.id}" is ${old.status}: only what has ended can go on from its tasks.`);
}

/** Refuses new work while too much of it waits already. */
export function refuseWhenFull(core: Core): void {
  core.census.admit();
  const waiting = core.backlog.waiting();
  if (waiting < core.parts.limits.waiting) return;
  throw new TooMany("engine.full", {
    message: `${waiting} executions wait already and ${core.parts.limits.waiting} may; try again later, and look at what takes long with \`squall execution list --status running\``,
    fields: { retryAfterSeconds: 5 },
  });
}

/** The API's schema bounds their number only. */
function refuseLabels(where: Labels | undefined): void {
  const trouble = where && labelTrouble(where);
  if (trouble) throw new Invalid("execution.where", { message: `where: ${trouble.message}`, at: { field: "where" } });
}

function traceContext(context: JsonObject): JsonObject {
  return isObject(context.trace_context) ? context.trace_context : {};
}
