import {
  CANCELABLE_STATUSES,
  Conflict,
  type Execution,
  type ExecutionStatus,
  Invalid,
  isCompleted,
  isObject,
  type JsonObject,
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
import { renderRequest } from "../parameters/render.ts";
import { openParameters } from "../parameters/secrets.ts";
import type { Dispatch } from "./dispatch.ts";
import { draftExecution, runnerOf } from "./draft.ts";
import type { Settling } from "./settling.ts";
import { isWorkflow, viewExecutions } from "./view.ts";

/** What people and programs do with executions. */
export function createExecutions(core: Core, dispatch: Dispatch, settling: Settling): Executions {
  const { parts } = core;
  const { store } = parts;

  const required = async (project: string, id: string): Promise<Execution> => {
    const found = await store.execution(project, id);
    if (!found) throw new NotFound("execution.unknown", { message: `ActionExecution with id "${id}" not found.` });
    return found;
  };

  const request: Executions["request"] = (principal, asked) => create(principal, asked, {});

  /** `literal`: parameters of an earlier run. They were rendered then, and may hold what came in from outside since. */
  const create = async (principal: Principal, asked: ExecutionRequest, literal: JsonObject): Promise<Execution> => {
    refuseWhenFull(core);
    const { project } = principal;
    const action = core.shelves.get(project, "action", asked.action)?.body;
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
    const user = asked.user ?? principal.user;
    const parent = await parentOf(asked, principal);
    const context: JsonObject = {
      ...asked.context,
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
          literal,
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
    const committed = await dispatch.commit(after.drafts, [base, ...after.changes]);
    if (!committed.ok) throw new Conflict("execution.moved", { message: committed.message });
    parts.bus.publish({ topic: "execution", change: "update", execution: next });
    return next;
  };

  const cancel: Executions["cancel"] = async (principal, id) => {
    // Two rounds: it may move on between the look and the commit.
    for (let attempt = 0; ; attempt++) {
      const execution = await required(principal.project, id);
      if (execution.status === "canceling") return execution;
      if (!CANCELABLE_STATUSES.includes(execution.status)) {
        throw new Conflict("execution.not-cancelable", {
          message: `Action cannot be canceled. State = ${execution.status}.`,
        });
      }
      try {
        return await cancelFrom(principal, execution);
      } catch (error) {
        if (!(error instanceof Conflict) || attempt >= 5) throw error;
      }
    }
  };

  const cancelFrom = async (principal: Principal, execution: Execution): Promise<Execution> => {
    const at = parts.now();
    const context = { cancelled_by: principal.user };
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
      result: { message: "Action canceled by user.", user: principal.user },
    });
  };

  return {
    request,
    cancel,
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
      // Whose keys templates read is who runs it now, not who ran it then.
      const { parent: _parent, cancelled_by: _cancelled, api_user: _user, ...context } = old.context;
      const asked: ExecutionRequest = {
        action: old.action,
        ...(overrides.parameters && { parameters: overrides.parameters }),
        context: { ...context, "re-run": { ref: id } },
        ...(old.notify && { notify: old.notify }),
        ...(overrides.delay !== undefined && { delay: overrides.delay }),
        ...(overrides.user && { user: overrides.user }),
      };
      return create(principal, asked, parameters);
    },
    async setStatus(principal, id, status, result) {
      const execution = await required(principal.project, id);
      if (isCompleted(execution.status)) {
        throw new Invalid("execution.completed", { message: "Execution is already in completed state." });
      }
      if (status === "canceling" || status === "canceled") return cancel(principal, id);
      if (status === "pausing" || status === "paused" || status === "resuming") {
        if (!isWorkflow(execution.runner)) {
          const verb = status === "resuming" ? "resume" : "pause";
          throw new Invalid("execution.not-pausable", {
            message: `Failed updating execution. The ${verb} operation is not supported by the "${execution.runner}" runner.`,
          });
        }
        throw new Invalid("execution.not-pausable", {
          message: `Failed updating execution. It is ${execution.status}.`,
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
      if (done) dispatch.abort(id, "cancel");
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

/** Refuses new work while too much of it waits already. */
export function refuseWhenFull(core: Core): void {
  const waiting = core.lanes.waiting("inline") + core.lanes.waiting("process");
  if (waiting < core.parts.limits.waiting) return;
  throw new TooMany("engine.full", {
    message: `${waiting} executions wait already and ${core.parts.limits.waiting} may; try again later, and look at what takes long with \`squall execution list --status running\``,
    fields: { retryAfterSeconds: 5 },
  });
}

function traceContext(context: JsonObject): JsonObject {
  return isObject(context.trace_context) ? context.trace_context : {};
}
