import { COMPLETED_STATUSES, isCompleted } from "@squall/model";
import type { Ledger } from "../ledger.ts";
import type { Life } from "../members.ts";
import type { Witnesses } from "./audit.ts";
import { twice } from "../../events.ts";
import { type Books, type ExecutionRow, markOf } from "./books.ts";

/** Where an execution without slots of others around it may go from each status. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  "": ["requested"],
  requested: ["scheduled", "delayed", "canceled"],
  delayed: ["scheduled", "canceled"],
  scheduled: ["running", "canceled"],
  // Back to `requested`: its worker was lost, and its action says that it may run again.
  running: ["succeeded", "failed", "timeout", "abandoned", "canceling", "pending", "requested"],
  pending: ["succeeded", "timeout", "canceling", "canceled"],
  canceling: ["canceled"],
};
const WORKFLOW_RUNNER = "orquesta";
/**
 * A workflow is canceled at once when none of its tasks runs. It pauses while one of its questions waits, and has neither slot nor lease, so
 * that it is never abandoned.
 */
const NEXT_OF_WORKFLOW: Readonly<Record<string, readonly string[]>> = {
  ...NEXT,
  running: ["succeeded", "failed", "timeout", "canceling", "canceled", "pausing", "paused"],
  pausing: ["paused", "canceling", "canceled", "succeeded", "failed", "timeout"],
  paused: ["resuming", "running", "canceling", "canceled"],
  resuming: ["running", "canceling", "canceled"],
};
/** The only action of the load that may be run again. */
const AGAIN = "chaos.again";

export function auditExecutions({ executions, snapshots }: Books): string[] {
  // Those that ended lie in a table of their own.
  const doubles = twice(executions, (one) => one.id).map((id) => `execution ${id} is in two tables`);
  const problems = executions.flatMap((one) => {
    const path = one.log.map(({ status }) => status);
    const problems: string[] = [];
    const wrong = (what: string) => problems.push(`execution ${one.id} (${one.action}, ${path.join(" > ")}) ${what}`);
    path.forEach((status, index) => {
      const before = path[index - 1] ?? "";
      const next = one.runner === WORKFLOW_RUNNER ? NEXT_OF_WORKFLOW : NEXT;
      if (!next[before]?.includes(status)) wrong(`went from ${before || "nothing"} to ${status}`);
    });
    if (isRunAgain(one) && one.action !== AGAIN) wrong("was run again, though its action does not say that it may be");
    if (path.at(-1) !== one.status) wrong(`is ${one.status}, which its log does not end with`);
    if (path.filter(isCompleted).length !== 1 || !isCompleted(one.status)) {
      wrong(`has not ended once; ${COMPLETED_STATUSES.join(", ")} are ends`);
    }
    if (one.ended === null) wrong("has no end time");
    if (one.worker !== null) wrong(`is still leased to ${one.worker}`);
    if (one.result === null) wrong("has no result");
    const running = one.log.find(({ status }) => status === "running");
    // Workflows wait for nobody's slot, and start as they are asked for.
    if (running && running.timestamp < one.due && one.runner !== WORKFLOW_RUNNER) wrong("ran before it was due");
    if (!snapshots.has(one.snapshot)) wrong("has no snapshot");
    return problems;
  });
  return [...doubles, ...problems];
}

/** Taken up by a worker more than once, because the first one was lost. */
export function isRunAgain({ log, runner }: Pick<ExecutionRow, "log" | "runner">): boolean {
  return runner !== WORKFLOW_RUNNER && log.filter(({ status }) => status === "running").length > 1;
}

/** What was abandoned was run by a process to which something had been done. */
export function auditAbandoned({ executions }: Books, { lives, members }: Witnesses): string[] {
  return executions.flatMap((one) => {
    if (one.status !== "abandoned") return [];
    const worker = String(one.result?.worker ?? "");
    const life = lifeOf(worker, lives, members);
    const name = `execution ${one.id} (${one.action})`;
    if (!life) return [`${name} was abandoned, and its worker ${worker || "(unknown)"} was never there`];
    const causes = [...(life.doomed ? [life.doomed] : []), ...life.hurts].map(({ at }) => at);
    const ended = (one.ended ?? 0) / 1000;
    return causes.some((at) => at <= ended)
      ? []
      : [`${name} was abandoned, and nothing had been done to ${life.member}`];
  });
}

/** The process that was the worker: as the database showed it, or by the process id that begins a member's id. */
export function lifeOf(worker: string, lives: readonly Life[], members: Witnesses["members"]): Life | undefined {
  const pid = members.get(worker)?.pid ?? Number(/^(\d+)-/.exec(worker)?.[1]);
  return lives.findLast((life) => life.pid === pid);
}

/** What was asked for directly is there once, and ended as far as it was promised. */
export function auditRequests({ executions }: Books, ledger: Ledger): string[] {
  const direct = Map.groupBy(
    executions.filter((one) => one.rule === null && one.parent === null),
    (one) => markOf(one) ?? "",
  );
  const byId = new Map(executions.map((one) => [one.id, one]));
  return [
    ...[...ledger.executions].flatMap(([mark, sent]) => {
      const found = direct.get(mark) ?? [];
      if (found.length > 1 || (sent.acknowledged && found.length === 0)) {
        return [`execution ${mark} (acknowledged: ${sent.acknowledged}) is there ${found.length} times`];
      }
      const delayed = found.every((one) => one.log.some(({ status }) => status === "delayed") === sent.delayMs > 0);
      return delayed ? [] : [`execution ${mark} was asked for with a delay of ${sent.delayMs} and does not show it`];
    }),
    ...[...direct.keys()]
      .filter((mark) => !ledger.executions.has(mark))
      .map((mark) => `execution ${mark || "without a mark"} was never asked for`),
    ...[...ledger.canceled].flatMap((id) => {
      const status = byId.get(id)?.status ?? "not there";
      // A worker that is lost while it is canceled leaves the same end.
      return status === "canceled" ? [] : [`execution ${id} was canceled, as acknowledged, and is ${status}`];
    }),
    ...[...ledger.answers.keys()].flatMap((id) => {
      const { status, result } = byId.get(id) ?? {};
      const isAnswered = status === "succeeded" && (result?.response as { continue?: unknown })?.continue === true;
      return isAnswered ? [] : [`question ${id} was answered, as acknowledged, and is ${status ?? "not there"}`];
    }),
  ];
}

const WRITERS = ["chaos.mark", "chaos.python", AGAIN];

/** Nothing ran oftener in the world outside than on record, and what succeeded ran. */
export function auditRuns({ executions }: Books, lines: readonly string[]): string[] {
  const ran = new Map<string, number>();
  for (const line of lines) ran.set(line, (ran.get(line) ?? 0) + 1);
  const writers = executions.filter((one) => WRITERS.includes(one.action));
  const known = new Set(writers.map((one) => markOf(one) ?? ""));
  return [
    ...twice(writers, (one) => markOf(one) ?? "").map((mark) => `${mark} is the mark of two executions`),
    ...[...ran.keys()].filter((mark) => !known.has(mark)).map((mark) => `a process wrote ${mark}, of no execution`),
    ...writers.flatMap((one) => {
      const times = ran.get(markOf(one) ?? "") ?? 0;
      const begun = one.log.filter(({ status }) => status === "running").length;
      const name = `execution ${one.id} (${one.action} ${markOf(one)}, ${one.status})`;
      if (times > begun) return [`${name} ran ${times} times and was begun ${begun} times`];
      return one.status === "succeeded" && times === 0 ? [`${name} succeeded, and its process wrote nothing`] : [];
    }),
  ];
}
