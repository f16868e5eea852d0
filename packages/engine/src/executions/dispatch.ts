import {
  Denied,
  type Execution,
  type ExecutionStatus,
  isCompleted,
  type JsonObject,
  type Lane,
  messageOf,
  type Snapshot,
  SquallError,
} from "@squall/model";
import type { Outcome } from "@squall/runners";
import type { Change, Committed, ExecutionMove } from "@squall/store";
import { type Core, parameterContext } from "../core.ts";
import { afterCompletion, type Aftermath } from "../events/completion.ts";
import { afterAsking } from "../inquiries/asking.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { renderFinal } from "../parameters/render.ts";
import { openParameters } from "../parameters/secrets.ts";
import { type Draft, leaseExpiry } from "./draft.ts";
import { isWorkflow } from "../workflows/is-workflow.ts";
import { buildJob } from "./job.ts";
import { createOutput, type Output } from "./output.ts";

/**
 * Runs what is to run.
 *
 * D0  A slot is held from before the commit that makes an execution running until its runner returned.
 * D1  An execution is started only after the commit that made it running under our lease.
 * D2  Its end is written once, guarded by the status it leaves and by our lease; a lost lease loses the outcome, not the books.
 * D3  The end and every event that follows from it are one commit.
 * D4  A commit that fails for reasons outside (disk full) is tried again until it goes through or the process dies; the
 *     execution stays `running` in the store meanwhile, which is the truth.
 * D5  A lane that could claim less than it has slots for has its next due time on the clock; a full one claims when a
 *     slot is given back. So nothing waits for somebody to come by.
 */
export interface Dispatch {
  /** Commits drafts together with what they belong to, then starts those that hold a slot. */
  commit(drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed>;
  /** Commits the end of an execution, or that it waits for an answer, with what follows from it. */
  commitEnd(ended: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed>;
  /** Who conducts workflows; known once it exists. */
  serve(conducts: Conducts): void;
  /** Who looks after what waits for an answer; told of each after its commit. */
  whenPending(waits: (execution: Execution) => void): void;
  /** Gives back the slots of drafts that will not be committed. */
  refuse(drafts: readonly Draft[]): void;
  /** Claims what waits, as far as slots are free. */
  pump(lane: Lane): void;
  /** Begins to claim; before it, nothing that waits is touched. */
  start(): void;
  /** Stops a run of this process; false when it does not run here. The status has to be `canceling` already. */
  abort(execution: string, reason: "cancel" | "shutdown"): boolean;
  running(): number;
  /** The output of a run of this process. */
  outputOf(execution: string): Output | undefined;
  /** Claims nothing more; resolves when nothing runs or the time is over. */
  drain(timeoutMs: number): Promise<void>;
}

/** What becomes of workflows and their tasks. */
export interface Conducts {
  begin(execution: Execution, snapshot: Snapshot): void;
  commitEnd(ended: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed>;
}

interface Run {
  readonly execution: Execution;
  readonly controller: AbortController;
  readonly output: Output;
  readonly done: Promise<void>;
}

export function createDispatch(core: Core): Dispatch {
  const { parts, lanes } = core;
  const runs = new Map<string, Run>();
  const pumping: Record<Lane, "no" | "yes" | "again"> = { inline: "no", process: "no" };
  /** Under way: what they claim is ours before it is among the runs. */
  const claims = new Set<Promise<void>>();
  let started = false;
  let conducts: Conducts | undefined;
  let waits: ((execution: Execution) => void) | undefined;
  let draining = false;
  let due: { at: number; timer: NodeJS.Timeout } | undefined;

  const begin = (execution: Execution, snapshot: Snapshot) => {
    const controller = new AbortController();
    const output = createOutput(parts, execution);
    const done = runToEnd(execution, snapshot, controller.signal, output).finally(() => runs.delete(execution.id));
    runs.set(execution.id, { execution, controller, output, done });
  };

  const commit: Dispatch["commit"] = async (drafts, changes) => {
    for (const { execution, claimed } of drafts) {
      if (!claimed && execution.status === "requested") lanes.wait(execution.lane, 1);
    }
    let committed: Committed;
    try {
      committed = await parts.store.commit(changes);
    } catch (error) {
      refuse(drafts);
      throw error;
    }
    if (!committed.ok) {
      refuse(drafts);
      return committed;
    }
    for (const draft of drafts) {
      const { execution } = draft;
      if (draft.keeps) core.snapshots.kept(execution.project, draft.keeps);
      parts.bus.publish({ topic: "execution", change: "create", execution });
      if (draft.claimed) begin(execution, draft.snapshot);
      else if (execution.status === "delayed") wakeAt(execution.due);
      else if (isWorkflow(execution.runner)) conducts?.begin(execution, draft.snapshot);
      else pump(execution.lane);
    }
    return committed;
  };

  const refuse: Dispatch["refuse"] = (drafts) => {
    for (const { claimed, execution } of drafts) if (claimed) lanes.give(execution.lane);
  };

  const pump = (lane: Lane) => {
    if (!started || draining) return;
    if (pumping[lane] !== "no") {
      pumping[lane] = "again";
      return;
    }
    pumping[lane] = "yes";
    const claim = claimAll(lane).finally(() => claims.delete(claim));
    claims.add(claim);
  };

  const claimAll = async (lane: Lane) => {
    try {
      for (;;) {
        if (draining) return;
        pumping[lane] = "yes";
        const slots = lanes.takeForWaiting(lane);
        if (slots === 0) return;
        let claimed: Execution[];
        try {
          const now = parts.now();
          claimed = await parts.store.claim(lane, slots, parts.worker, leaseExpiry(core, now), now);
        } catch (error) {
          lanes.give(lane, slots);
          throw error;
        }
        lanes.give(lane, slots - claimed.length);
        lanes.claimed(lane, claimed.length, claimed.length < slots);
        await beginClaimed(claimed);
        if (claimed.length === slots) continue; // there may be more than we could take
        if (draining) return;
        // D5
        const next = await parts.store.nextDue(lane);
        if ((pumping[lane] as string) === "again") continue; // someone asked meanwhile
        if (next === undefined) return;
        if (next > parts.now()) {
          wakeAt(next);
          return;
        }
      }
    } catch (error) {
      parts.log.error({ lane, err: error }, "waiting executions could not be claimed; trying again in a second");
      setTimeout(() => pump(lane), 1000).unref();
    } finally {
      pumping[lane] = "no";
    }
  };

  const untilItWorks = async <T>(trouble: string, attempt: () => Promise<T>): Promise<T> => {
    for (let failures = 0; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        parts.log.error({ err: error }, `${trouble}; trying again`);
        await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 100 * 2 ** Math.min(failures, 6))));
      }
    }
  };

  const beginClaimed = async (claimed: readonly Execution[]) => {
    for (const project of new Set(claimed.map((one) => one.project))) {
      const own = claimed.filter((one) => one.project === project);
      // D4: they are ours by now, so nobody else will run them.
      const snapshots = await untilItWorks("claimed executions could not be read", () =>
        core.snapshots.load(
          project,
          own.map((one) => one.snapshot),
        ),
      );
      for (const execution of own) {
        parts.bus.publish({ topic: "execution", change: "update", execution });
        const snapshot = snapshots.get(execution.snapshot);
        if (!snapshot) {
          // It is written in the commit of its first execution, so this is a damaged store. The others of this claim go
          // on; this one is settled as abandoned at the next start.
          parts.log.error({ execution: execution.id }, "an execution's snapshot is missing from the store");
          lanes.give(execution.lane);
          continue;
        }
        if (!isWorkflow(execution.runner)) begin(execution, snapshot);
        else {
          lanes.give(execution.lane);
          conducts?.begin(execution, snapshot);
        }
      }
    }
  };

  /** Claims again at this time, or before. */
  const wakeAt = (at: number) => {
    if (!started || draining || (due && due.at <= at)) return;
    clearTimeout(due?.timer);
    // setTimeout cannot wait longer than 2^31 ms; waking up early only means to look and wait again.
    const ms = Math.min(Math.max(0, Math.ceil((at - parts.now()) / 1000)), 2 ** 31 - 1);
    due = { at, timer: setTimeout(wake, ms) };
  };
  const wake = () => {
    due = undefined;
    for (const lane of ["inline", "process"] as const) {
      // Enough to make it look; counting each time would let the number drift up while every slot is taken.
      if (lanes.waiting(lane) === 0) lanes.wait(lane, 1);
      pump(lane);
    }
  };

  const runToEnd = async (execution: Execution, snapshot: Snapshot, signal: AbortSignal, output: Output) => {
    const outcome = await perform(core, execution, snapshot, signal, output);
    const ended = finish(execution, snapshot, outcome.status, outcome.result, output);
    // Nothing runs any more, so the slot is free. The claim of the next one shares the transaction of this one's end.
    lanes.give(execution.lane);
    if (lanes.waiting(execution.lane) > 0) pump(execution.lane);
    await ended;
  };

  const finish = async (
    execution: Execution,
    snapshot: Snapshot,
    status: ExecutionMove["to"],
    result: JsonObject,
    output: Output,
  ) => {
    let pending: Change[] = [];
    let from: ExecutionStatus = "running";
    let to = status;
    for (let attempt = 0; ; attempt++) {
      // Also what could not be stored meanwhile.
      pending = [...pending, ...output.take()];
      const at = parts.now();
      // What waits for an answer has not ended, and belongs to no worker.
      const ending = to === "pending" ? { lease: null } : { end: at };
      const { lease: _ours, ...rest } = execution;
      const ended: Execution = {
        ...rest,
        status: to,
        ...(to !== "pending" && { end: at }),
        result,
        log: [...execution.log, { status: to, timestamp: at }],
      };
      let after: Aftermath = { drafts: [], changes: [] };
      try {
        const follows = to === "pending" ? afterAsking(core, ended) : afterCompletion(core, ended, snapshot);
        after = follows instanceof Promise ? await follows : follows;
        const move: ExecutionMove = {
          kind: "execution.move",
          project: execution.project,
          id: execution.id,
          from: [from],
          to,
          at,
          worker: parts.worker,
          ...ending,
          result,
        };
        const committed = await commitEnd(ended, after.drafts, [...pending, move, ...after.changes]);
        if (committed.ok) {
          parts.bus.publish({ topic: "execution", change: "update", execution: ended });
          if (to === "pending") waits?.(ended);
          return;
        }
        const current = await parts.store.execution(execution.project, execution.id);
        if (!current || isCompleted(current.status) || current.lease?.worker !== parts.worker) {
          parts.log.warn(
            { execution: execution.id, status: current?.status ?? "gone", outcome: to },
            "its end came too late: the execution was settled by someone else",
          );
          return;
        }
        // D2: somebody moved it while it ran, which only a cancellation does.
        from = current.status;
        if (current.status === "canceling") to = "canceled";
        execution = current;
      } catch (error) {
        const waitMs = Math.min(5000, 100 * 2 ** Math.min(attempt, 6));
        parts.log.error(
          { execution: execution.id, err: error, waitMs },
          "the end of an execution could not be stored; trying again",
        );
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  };

  const commitEnd: Dispatch["commitEnd"] = (ended, drafts, changes) =>
    conducts ? conducts.commitEnd(ended, drafts, changes) : commit(drafts, changes);

  return {
    commit,
    commitEnd,
    serve(given) {
      conducts = given;
    },
    whenPending(given) {
      waits = given;
    },
    refuse,
    pump,
    start() {
      started = true;
      wake();
    },
    abort(id, reason) {
      const run = runs.get(id);
      run?.controller.abort(reason);
      return run !== undefined;
    },
    running: () => runs.size,
    outputOf: (id) => runs.get(id)?.output,
    async drain(timeoutMs) {
      draining = true;
      lanes.close();
      clearTimeout(due?.timer);
      const all = async () => {
        await Promise.all(claims);
        while (runs.size > 0) await Promise.all([...runs.values()].map((run) => run.done));
      };
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(resolve, timeoutMs, "late");
      });
      if ((await Promise.race([all(), late])) === "late") {
        for (const run of runs.values()) run.controller.abort("shutdown");
        await all();
      }
      clearTimeout(timer);
    },
  };
}

/** Runs an execution with its runner. Never throws: whatever goes wrong is an outcome. */
async function perform(
  core: Core,
  execution: Execution,
  snapshot: Snapshot,
  signal: AbortSignal,
  output: Output,
): Promise<Outcome> {
  const { parts } = core;
  const { action, runner: type } = snapshot;
  try {
    const runner = core.runners.get(execution.runner);
    const current = core.shelves.get(execution.project, "runner_type", execution.runner)?.body;
    if (!runner) throw new Error(`no runner "${execution.runner}" in this process`);
    if (current?.enabled === false)
      throw new Denied("runner.disabled", {
        message: `Runner "${execution.runner}" has been disabled by the administrator.`,
      });
    const plan = core.plans(action, type);
    const kept = openParameters(execution.parameters, plan.sealed, parts.vault);
    const about = { project: execution.project, pack: action.pack, user: execution.user, context: execution.context };
    const rendered = evaluateWithKeys(parts, execution.project, (keys) => {
      const context = parameterContext(core, { ...about, keys });
      return { ...renderFinal(plan, kept, context), config: (context.config_context ?? {}) as JsonObject };
    });
    const {
      runner: runnerParameters,
      action: actionParameters,
      config,
    } = rendered instanceof Promise ? await rendered : rendered;
    using job = await buildJob(core, execution, snapshot, {
      runnerParameters,
      actionParameters,
      config,
      schema: plan.merged,
    });
    const outcome = await runner.run(job, {
      signal,
      output: (kind, data) => output.write(kind, data),
      announce: (route, payload) =>
        parts.bus.publish({
          topic: "announcement",
          project: execution.project,
          route,
          payload,
          traceContext: (execution.context.trace_context ?? {}) as JsonObject,
        }),
    });
    if (signal.aborted && signal.reason === "shutdown" && outcome.status !== "succeeded") {
      return {
        status: "abandoned",
        result: {
          ...outcome.result,
          error: "the server was stopped while this ran, and it did not end in the time allowed",
        },
      };
    }
    if (Object.keys(outcome.result).length === 0) {
      return { status: "failed", result: { error: "Failed to execute action.", traceback: "" } };
    }
    const bytes = sizeOf(outcome.result);
    if (bytes > parts.limits.resultBytes) {
      return {
        status: "failed",
        result: {
          error: `the result has ${bytes} bytes and at most ${parts.limits.resultBytes} are kept; write large results to a file or an object store and return where they are`,
        },
      };
    }
    return outcome;
  } catch (thrown) {
    // An error that was foreseen explains itself; for any other the stack is all there is.
    if (thrown instanceof SquallError) {
      return { status: "failed", result: { error: thrown.message, code: thrown.code, traceback: "" } };
    }
    return {
      status: "failed",
      result: { error: messageOf(thrown), traceback: thrown instanceof Error ? (thrown.stack ?? "") : "" },
    };
  }
}

/** Bytes of the JSON, without making it for the small results that nearly all are. */
function sizeOf(result: JsonObject): number {
  let flat = 0;
  for (const key in result) {
    const value = result[key];
    if (typeof value === "string") flat += value.length;
    else if (typeof value === "object" && value !== null) return Buffer.byteLength(JSON.stringify(result));
  }
  return flat < 10_000 ? flat : Buffer.byteLength(JSON.stringify(result));
}
