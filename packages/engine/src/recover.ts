import { type Execution, isCompleted } from "@squall/model";
import { endLeftovers } from "@squall/runners";
import type { Core } from "./core.ts";
import { afterCompletion } from "./events/completion.ts";
import { isWorkflow } from "./workflows/is-workflow.ts";
import type { Dispatch } from "./executions/dispatch.ts";

/** More than all slots of a large installation. */
const AT_ONCE = 10_000;

/**
 * Settles what was running in a process that is gone. Nobody can know how far it came, so it is `abandoned` and says
 * so, or `canceled` where that was asked for; what waits is untouched and runs. Each is settled once: the move is
 * guarded by the status it leaves.
 */
export async function settleLost(core: Core, dispatch: Dispatch): Promise<number> {
  const { parts } = core;
  let settled = 0;
  for (;;) {
    const lost = await parts.store.lostExecutions(AT_ONCE);
    // A delayed workflow got a lease with its claim, and needs none: workflows are taken up, not settled.
    const isLost = (one: Execution) => !isCompleted(one.status) && !isWorkflow(one.runner);
    const fresh = lost.filter((one) => isLost(one) && one.lease?.worker !== parts.worker);
    if (fresh.length === 0) return settled;
    const processes = fresh.filter((one) => one.lane === "process").map((one) => one.id);
    if (processes.length > 0) {
      // Before their end is written: what is abandoned does not go on unseen.
      const ended = await endLeftovers(processes);
      if (ended > 0) parts.log.warn({ processes: ended }, "processes of executions whose server is gone were ended");
    }
    const results = await Promise.all(fresh.map((one) => settle(core, dispatch, one)));
    const moved = results.filter(Boolean).length;
    settled += moved;
    if (moved === 0) return settled;
  }
}

async function settle(core: Core, dispatch: Dispatch, execution: Execution): Promise<boolean> {
  // What follows from its end may meet another step of the same workflow.
  for (let attempt = 0; attempt < 5; attempt++) if (await settleOnce(core, dispatch, execution)) return true;
  return false;
}

async function settleOnce(core: Core, dispatch: Dispatch, execution: Execution): Promise<boolean> {
  const { parts } = core;
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
  const snapshot = (await core.snapshots.load(execution.project, [execution.snapshot])).get(execution.snapshot);
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
    },
    ...after.changes,
  ]);
  if (committed.ok) parts.bus.publish({ topic: "execution", change: "update", execution: ended });
  return committed.ok;
}
