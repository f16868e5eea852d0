import { type Execution, isCompleted } from "@squall/model";
import { endLeftovers } from "@squall/runners";
import type { Core } from "./core.ts";
import { afterCompletion } from "./events/completion.ts";
import { isWorkflow } from "./workflows/is-workflow.ts";
import type { Dispatch } from "./executions/dispatch.ts";

const AT_ONCE = 200;

/**
 * Settles what was running in a process that is gone. Nobody can know how far it came, so it is `abandoned` and says
 * so, or `canceled` where that was asked for; what waits is untouched and runs, and so does again what its action calls
 * idempotent. Each is settled once: the move is guarded by the status it leaves and the lease.
 */
export async function settleLost(core: Core, dispatch: Dispatch): Promise<number> {
  const { parts } = core;
  let settled = 0;
  for (;;) {
    const lost = (await parts.store.lostExecutions(AT_ONCE)).filter(({ lease }) => lease?.worker !== parts.worker);
    if (lost.length === 0) return settled;
    // Before their end is written: what is abandoned does not go on unseen. In a cluster its worker may be alive after all, and
    // would report an end that it has from us: there the end is written first.
    if (core.cluster.alone) await endProcesses(core, lost);
    const results = await Promise.all(lost.map((one) => settle(core, dispatch, one)));
    // What is to run again may run already, under the same mark, and what another engine settled may be that.
    if (!core.cluster.alone)
      await endProcesses(
        core,
        lost.filter((_, index) => results[index] === "ended"),
      );
    const moved = results.filter((one) => one !== "not ours").length;
    settled += moved;
    if (moved === 0) return settled;
  }
}

async function endProcesses(core: Core, lost: readonly Execution[]): Promise<void> {
  const processes = lost.filter((one) => one.lane === "process" && ranHere(core, one)).map((one) => one.id);
  if (processes.length === 0) return;
  const ended = await endLeftovers(processes);
  if (ended > 0) core.parts.log.warn({ processes: ended }, "processes of executions whose server is gone were ended");
}

/** Whether what it left running may be on this machine. */
const ranHere = (core: Core, { lease }: Execution): boolean =>
  core.cluster.alone || lease?.worker.startsWith(`${core.parts.host}.`) === true;

/** What became of a lost execution, or that somebody else was faster. */
type Settled = "ended" | "goes on" | "not ours";

async function settle(core: Core, dispatch: Dispatch, execution: Execution): Promise<Settled> {
  if (isWorkflow(execution.runner) && !isCompleted(execution.status)) return releaseWorkflow(core, execution);
  // What follows from its end may meet another step of the same workflow.
  for (let attempt = 0; attempt < 5; attempt++) {
    const settled = await settleOnce(core, dispatch, execution);
    if (settled !== "not ours") return settled;
  }
  return "not ours";
}

/** A delayed workflow got a lease with its claim, and needs none: workflows are taken up, not settled. */
async function releaseWorkflow({ parts }: Core, { project, id, status, lease }: Execution): Promise<Settled> {
  const at = parts.now();
  const base = { kind: "execution.move", project, id, from: [status], to: status, at, lease: null } as const;
  const committed = await parts.store.commit([{ ...base, ...(lease && { worker: lease.worker }) }]);
  return committed.ok ? "goes on" : "not ours";
}

/** Runs it again: its action says that this does no harm. */
async function runAgain({ parts }: Core, execution: Execution): Promise<Settled> {
  const { project, id, status, lease } = execution;
  const at = parts.now();
  const context = { lost: [...lostBy(execution), lease?.worker ?? ""] };
  const committed = await parts.store.commit([
    {
      kind: "execution.move",
      project,
      id,
      from: [status],
      to: "requested",
      at,
      lease: null,
      context,
      ...(lease && { worker: lease.worker }),
    },
  ]);
  if (committed.ok) parts.bus.publish({ topic: "wake", lane: execution.lane });
  return committed.ok ? "goes on" : "not ours";
}

/** What kills its worker each time is not given to all of them. */
const MOST_TIMES = 3;
const lostBy = ({ context }: Execution): readonly unknown[] => (Array.isArray(context.lost) ? context.lost : []);

async function settleOnce(core: Core, dispatch: Dispatch, execution: Execution): Promise<Settled> {
  const { parts } = core;
  const snapshot = (await core.snapshots.load(execution.project, [execution.snapshot])).get(execution.snapshot);
  if (
    execution.status === "running" &&
    snapshot?.action.idempotent === true &&
    lostBy(execution).length < MOST_TIMES - 1
  ) {
    return runAgain(core, execution);
  }
  const at = parts.now();
  const to = execution.status === "canceling" ? "canceled" : "abandoned";
  const result = {
    error:
      to === "canceled"
        ? "the server stopped while this was being canceled"
        : "the server stopped while this ran, so how far it came is not known; look at its output, then run it again with `squall execution re-run`",
    worker: execution.lease?.worker ?? "",
  };
  const ended: Execution = {
    ...execution,
    status: to,
    end: at,
    result,
    log: [...execution.log, { status: to, timestamp: at }],
  };
  const after = snapshot ? await afterCompletion(core, ended, snapshot) : { drafts: [], changes: [] };
  const committed = await dispatch.commitEnd(ended, after.drafts, [
    {
      kind: "execution.move",
      project: execution.project,
      id: execution.id,
      from: [execution.status],
      to,
      at,
      end: at,
      result,
      ...(execution.lease && { worker: execution.lease.worker }),
    },
    ...after.changes,
  ]);
  if (!committed.ok) return "not ours";
  parts.bus.publish({ topic: "execution", change: "update", execution: ended });
  // Should its worker be alive after all: it need not go on.
  if (!core.cluster.alone) {
    parts.bus.publish({ topic: "cancel", project: execution.project, execution: execution.id });
  }
  return "ended";
}
