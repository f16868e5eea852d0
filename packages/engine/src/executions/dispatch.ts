import {
  type Execution,
  type ExecutionStatus,
  isCompleted,
  type JsonObject,
  type Lane,
  type Snapshot,
} from "@squall/model";
import type { Change, Committed, ExecutionMove } from "@squall/store";
import type { Core } from "../core.ts";
import { afterCompletion, type Aftermath } from "../events/completion.ts";
import { afterAsking } from "../inquiries/asking.ts";
import { isWorkflow } from "../workflows/is-workflow.ts";
import type { Draft } from "./draft.ts";
import { createOutput, type Output } from "./output.ts";
import { createClaiming } from "./claiming.ts";
import { perform } from "./perform.ts";

/**
 * Runs what is to run.
 *
 * D0  A slot is held from before the commit that makes an execution running until its runner returned.
 * D1  An execution is started only after the commit that made it running under our lease.
 * D2  Its end is written once, guarded by the status it leaves and by our lease; a lost lease loses the outcome, not the books.
 * D3  The end and every event that follows from it are one commit.
 * D4  A commit that fails for reasons outside (disk full) is tried again until it goes through or the process dies; the
 *     execution stays `running` in the store meanwhile, which is the truth.
 * D5  Whatever somebody else decided about a run of this process is in the store, and this process looks.
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
  /**
   * Stops a run of this process; false when it does not run here. For `cancel` the status has to be `canceling` already;
   * `lost` is for runs whose end somebody else has written.
   */
  abort(execution: string, reason: "cancel" | "shutdown" | "lost"): boolean;
  running(): number;
  /** The output of a run of this process. */
  outputOf(execution: string): Output | undefined;
  /** Claims nothing more; resolves when nothing runs or the time is over. */
  drain(timeoutMs: number): Promise<void>;
}

/** What becomes of workflows and their tasks. */
export interface Conducts {
  begin(execution: Execution, snapshot: Snapshot): void;
  /** What has to be in the commit of a workflow that is to begin; nothing where this process begins it. */
  beginning(execution: Execution): readonly Change[];
  commitEnd(ended: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed>;
}

interface Run {
  readonly execution: Execution;
  readonly controller: AbortController;
  readonly output: Output;
  readonly done: Promise<void>;
}

export function createDispatch(core: Core): Dispatch {
  const { parts, lanes, cluster } = core;
  const runs = new Map<string, Run>();
  let conducts: Conducts | undefined;
  let waits: ((execution: Execution) => void) | undefined;

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
    const begins = drafts.flatMap(({ execution }) =>
      isWorkflow(execution.runner) && execution.status === "running" ? (conducts?.beginning(execution) ?? []) : [],
    );
    let committed: Committed;
    try {
      committed = await parts.store.commit(begins.length === 0 ? changes : [...changes, ...begins]);
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
      else if (execution.status !== "delayed" && isWorkflow(execution.runner))
        conducts?.begin(execution, draft.snapshot);
      else claiming.asked(execution);
    }
    return committed;
  };

  const refuse: Dispatch["refuse"] = (drafts) => {
    for (const { claimed, execution } of drafts) if (claimed) lanes.give(execution.lane);
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
          const begins = conducts?.beginning(execution) ?? [];
          if (begins.length > 0) {
            await untilItWorks("a workflow whose time has come could not be handed over", () =>
              parts.store.commit(begins),
            );
          }
          conducts?.begin(execution, snapshot);
        }
      }
    }
  };

  const abort: Dispatch["abort"] = (id, reason) => {
    const run = runs.get(id);
    run?.controller.abort(reason);
    return run !== undefined;
  };

  /** Stops the runs that others have settled meanwhile. (D5) */
  const keepOwn = async (): Promise<void> => {
    for (const { execution } of Array.from(runs.values())) {
      const current = await untilItWorks("what runs here could not be compared with the store", () =>
        parts.store.execution(execution.project, execution.id),
      );
      if (current?.lease?.worker !== parts.worker) abort(execution.id, "lost");
    }
  };

  const runToEnd = async (execution: Execution, snapshot: Snapshot, signal: AbortSignal, output: Output) => {
    const outcome = await perform(core, execution, snapshot, signal, output);
    const isCutOff = signal.reason === "shutdown" && outcome.status === "abandoned";
    if (isCutOff && snapshot.action.idempotent === true && (await handBack(execution, output))) {
      return lanes.give(execution.lane);
    }
    const ended = finish(execution, snapshot, outcome.status, outcome.result, output);
    // Nothing runs any more, so the slot is free. The claim of the next one shares the transaction of this one's end.
    lanes.give(execution.lane);
    if (lanes.waiting(execution.lane) > 0) claiming.pump(execution.lane);
    await ended;
  };

  /** It runs again, here after the next start or in another worker at once. False when it is not ours any more. */
  const handBack = async ({ project, id, lane }: Execution, output: Output): Promise<boolean> => {
    await output.flushed();
    const worker = parts.worker;
    const committed = await untilItWorks("an execution could not be handed back", () => {
      const at = parts.now();
      const from = ["running"] as const;
      return parts.store.commit([
        { kind: "execution.move", project, id, from, to: "requested", at, worker, lease: null },
      ]);
    });
    if (committed.ok) parts.bus.publish({ topic: "wake", lane });
    return committed.ok;
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

  const claiming = createClaiming(core, beginClaimed);
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
    pump: claiming.pump,
    start() {
      if (!cluster.alone && cluster.has("worker")) {
        cluster.on({
          canceling: (executions) => {
            for (const { id } of executions) abort(id, "cancel");
          },
          returned: () => void keepOwn(),
        });
      }
      claiming.start();
    },
    abort,
    running: () => runs.size,
    outputOf: (id) => runs.get(id)?.output,
    async drain(timeoutMs) {
      const claimed = claiming.stop();
      lanes.close();
      const all = async () => {
        await claimed;
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
