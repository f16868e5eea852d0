import { type Execution, type ExecutionStatus, type Lane, type Micros, type StatusChange } from "@squall/model";
import type { Claim } from "../port.ts";
import { satisfiable } from "../wants.ts";
import type { Database, Row } from "./database.ts";
import { ALL, decodeExecution } from "./executions.ts";

/**
 * What is next of what waits. Executions wait in queues, one for each project, priority and `where`; they lie one
 * after the other on the index execution_queue.
 *
 * Q1  A claim jumps from queue to queue and reads only what it takes, so its time does not grow with what waits.
 * Q2  Queues that ask for labels which the worker has not are jumped over, however many and long they are: the next one
 *     looked for is the next that it could take from.
 */
const WAITING = "status in ('requested', 'scheduled', 'delayed')";
const QUEUED = `from execution indexed by execution_queue where lane = ? and ${WAITING}`;
// The condition of the index has to be there word for word, whatever else says as much.
const COUNTED = `from execution indexed by execution_waiting where ${WAITING}`;
const NEXT_PROJECT = `select project ${QUEUED} and project > ? order by project limit 1`;
const NEXT_PRIORITY = `select priority ${QUEUED} and project = ? and priority < ? order by priority desc limit 1`;
const NEXT_WANTS = `select wants ${QUEUED} and project = ? and priority = ? and wants >= ? order by wants limit 1`;
const HEAD = `select project, id, status, due ${QUEUED} and project = ? and priority = ? and wants = ? and due <= ?
  order by due, id limit ?`;

/** `after` is the project that had the last turn. */
export function claimExecutions(db: Database, ask: Claim, after: string): Execution[] {
  const claimed: Execution[] = [];
  const able = satisfiable(ask.labels);
  const left = () => ask.limit - claimed.length;
  const take = (project: string, most: number): boolean => {
    const heads = headsOf(db, ask, able, project, most);
    for (const head of heads) claimed.push(start(db, ask, head));
    return heads.length === most;
  };
  // One for each, only as far as there are slots; then equal shares for those that had one and have more.
  let circle: string[] = [];
  for (const project of projectsAfter(db, ask.lane, after)) {
    if (left() <= 0) return claimed;
    if (take(project, 1)) circle.push(project);
  }
  while (left() > 0 && circle.length > 0) {
    const share = Math.max(1, Math.floor(left() / circle.length));
    circle = circle.filter((project) => left() > 0 && take(project, share));
  }
  return claimed;
}

/** The projects that have something waiting in the lane, in a circle. */
function* projectsAfter(db: Database, lane: Lane, after: string): Generator<string> {
  const next = (project: string) => db.get(NEXT_PROJECT, lane, project)?.["project"];
  for (let at = next(after); at !== undefined; at = next(String(at))) yield String(at);
  for (let at = next(""); at !== undefined && String(at) <= after; at = next(String(at))) yield String(at);
}

/** What is next of a project for this worker. */
function headsOf(db: Database, { lane, now }: Claim, able: readonly string[], project: string, most: number): Row[] {
  const heads: Row[] = [];
  let priority = Number.MAX_SAFE_INTEGER;
  while (heads.length < most) {
    const row = db.get(NEXT_PRIORITY, lane, project, priority);
    if (!row) break;
    priority = Number(row["priority"]);
    const queues: string[] = [];
    for (let at = 0; at < able.length; ) {
      const found = db.get(NEXT_WANTS, lane, project, priority, able[at] ?? null)?.["wants"];
      if (typeof found !== "string") break;
      while (at < able.length && (able[at] ?? "") < found) at++;
      if (able[at] === found) queues.push(able[at++] ?? "");
    }
    const room = most - heads.length;
    const due = queues.flatMap((queue) => db.all(HEAD, lane, project, priority, queue, now, room));
    if (queues.length > 1) due.sort(byDue);
    heads.push(...due.slice(0, room));
  }
  return heads;
}

function byDue(a: Row, b: Row): number {
  return Number(a["due"]) - Number(b["due"]) || (String(a["id"]) < String(b["id"]) ? -1 : 1);
}

function start(db: Database, { worker, now }: Claim, { project, id, status }: Row): Execution {
  const steps: readonly ExecutionStatus[] = status === "scheduled" ? ["running"] : ["scheduled", "running"];
  const claimed = db.get(
    `update execution set status = 'running', worker = ?,
      log = json_insert(log, ${steps.map(() => "'$[#]', json(?)").join(", ")})
    where project = ? and id = ? returning ${ALL}`,
    worker,
    ...steps.map((to) => JSON.stringify({ status: to, timestamp: now } satisfies StatusChange)),
    project ?? null,
    id ?? null,
  );
  if (!claimed) throw new Error(`execution ${id} vanished inside a transaction`);
  return decodeExecution(claimed);
}

export function nextDue(db: Database, lane: Lane, after: Micros): Micros | undefined {
  const row = db.get(
    `select min(due) as due from (${["requested", "scheduled", "delayed"]
      .map((status) => `select min(due) as due ${COUNTED} and lane = ?1 and status = '${status}' and due > ?2`)
      .join(" union all ")})`,
    lane,
    after,
  );
  return typeof row?.["due"] === "number" ? row["due"] : undefined;
}

export function waiting(db: Database, most: number): Record<Lane, number> {
  const count = (lane: Lane): number =>
    Number(
      db.get(
        `select count(*) as n from (select 1 ${COUNTED} and lane = ? and status in ('requested', 'scheduled') limit ?)`,
        lane,
        most,
      )?.["n"],
    );
  return { inline: count("inline"), process: count("process") };
}
