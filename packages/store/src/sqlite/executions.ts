import type { Execution, ExecutionStatus, JsonObject, Lane, Notify, StatusChange } from "@squall/model";
import { isCompleted } from "@squall/model";
import type { ExecutionMove } from "../changes.ts";
import { continuedBy } from "../continued.ts";
import type { ExecutionFilter, Listed, Page } from "../port.ts";
import type { Database, Row, Value } from "./database.ts";
import { among, list } from "./listing.ts";
import { bounds, equals } from "../terms.ts";
import { wantsOf, whereOf } from "../wants.ts";
import { exists, missing, type Refusal, stale } from "./refusal.ts";

const NARROW = `id, project, status, action, runner, lane, start, due, created, ended, parent, rule, trigger, trigger_type,
  trigger_instance, user, liveaction, snapshot, worker, delay, log, notify, callback, priority, wants`;
/** All columns, of one execution. */
export const ALL = `${NARROW}, context, parameters, result`;

const INSERT = `insert into execution (${ALL}) values (${"?, ".repeat(27)}?) on conflict do nothing`;

export function insertExecution(db: Database, execution: Execution): Refusal | undefined {
  const { project, id, lease } = execution;
  const inserted = db.run(
    INSERT,
    id,
    project,
    execution.status,
    execution.action,
    execution.runner,
    execution.lane,
    execution.start,
    execution.due,
    execution.created,
    execution.end ?? null,
    execution.parent ?? null,
    execution.rule ?? null,
    execution.trigger ?? null,
    execution.trigger_type ?? null,
    execution.trigger_instance ?? null,
    execution.user,
    execution.liveaction,
    execution.snapshot,
    lease?.worker ?? null,
    execution.delay ?? null,
    JSON.stringify(execution.log),
    execution.notify ? JSON.stringify(execution.notify) : null,
    execution.callback ? JSON.stringify(execution.callback) : null,
    execution.priority ?? 0,
    wantsOf(execution),
    JSON.stringify(execution.context),
    JSON.stringify(execution.parameters),
    execution.result ? JSON.stringify(execution.result) : null,
  );
  if (inserted === 0) return exists(`execution ${id} exists already in project ${project}`);
  for (const field of VALUE_FIELDS) {
    const value = execution[field];
    if (value && db.isNew("execution_value", project, field, value)) {
      db.run("insert or ignore into execution_value values (?, ?, ?)", project, field, value);
    }
  }
  const of = continuedBy(execution);
  if (of !== undefined) db.run("insert or ignore into continued values (?, ?, ?)", project, id, of);
  return undefined;
}

/** The fields whose values are kept as a set: they never change once written, so nothing needs to be taken out. */
const VALUE_FIELDS = ["action", "rule", "runner", "trigger", "trigger_type", "user"] as const;

export function moveExecution(db: Database, move: ExecutionMove): Refusal | undefined {
  const { project, id, to } = move;
  const sets = ["status = ?", "log = json_insert(log, '$[#]', json(?))"];
  const values: Value[] = [to, JSON.stringify({ status: to, timestamp: move.at } satisfies StatusChange)];
  const set = (sql: string, ...given: Value[]): void => {
    sets.push(sql);
    values.push(...given);
  };
  if (isCompleted(to) || move.lease === null) set("worker = null");
  else if (move.lease) set("worker = ?", move.lease.worker);
  if (move.start !== undefined) set("start = ?", move.start);
  if (move.due !== undefined) set("due = ?", move.due);
  if (move.end !== undefined) set("ended = ?", move.end);
  if (move.result !== undefined) set("result = ?", JSON.stringify(move.result));
  if (move.context !== undefined) {
    // Merged here: SQLite's json_patch would merge deeply and take null for "remove".
    const row = db.get("select context from execution where project = ? and id = ?", project, id);
    if (row) set("context = ?", JSON.stringify({ ...(parse(row["context"]) as JsonObject), ...move.context }));
  }
  const from = move.from.filter((status) => !isCompleted(status));
  const guard = from.length === 0 ? "false" : `status in (${from.map(() => "?").join(", ")})`;
  const worker = move.worker === undefined ? [] : [move.worker];
  const moved = db.run(
    `update execution set ${sets.join(", ")} where project = ? and id = ? and ${guard}${worker.length ? " and worker = ?" : ""}`,
    ...values,
    project,
    id,
    ...from,
    ...worker,
  );
  return moved === 0 ? whyNotMoved(db, move) : undefined;
}

function whyNotMoved(db: Database, { project, id, from, to, worker }: ExecutionMove): Refusal {
  const row = db.get("select status, worker from execution where project = ? and id = ?", project, id);
  if (!row) return missing(`project ${project} has no execution ${id}`);
  const status = String(row["status"]);
  if (isCompleted(status))
    return stale(`execution ${id} is ${status} and never moves again, so it cannot become ${to}`);
  if (!from.some((one) => one === status)) {
    return stale(`execution ${id} is ${status}, not ${from.join(" or ") || "anything"}, so it cannot become ${to}`);
  }
  return stale(`execution ${id} is ${row["worker"] ? `leased to ${row["worker"]}` : "not leased"}, not to ${worker}`);
}

export function lostExecutions(db: Database, limit: number): Execution[] {
  // From worker to worker along the index, however many executions each of them has.
  const found = db.all(
    `with recursive holder (worker) as (
      select min(worker) from execution where worker is not null
      union all
      select (select min(worker) from execution where worker > holder.worker) from holder where holder.worker is not null
    )
    select ${ALL} from execution
    where worker in (select worker from holder where worker is not null and worker not in (select id from temp.member))
    order by worker limit ?`,
    limit,
  );
  return found.map(decodeExecution);
}

export function getExecution(db: Database, project: string, id: string): Execution | undefined {
  const row = db.get(`select ${ALL} from execution where project = ? and id = ?`, project, id);
  return row && decodeExecution(row);
}

export function listExecutions(db: Database, project: string, filter: ExecutionFilter, page: Page): Listed<Execution> {
  const omitted = new Set<string>(page.omit);
  const wide = ["context", "parameters", "result"].filter((column) => !omitted.has(column));
  const { action, runner, rule, trigger, trigger_type, trigger_instance, parent, user, liveaction } = filter;
  return list(
    db,
    {
      table: "execution",
      columns: [NARROW, ...wide].join(", "),
      time: "start",
      project,
      terms: [
        ...among("id", filter.ids),
        ...equals({ action, runner, rule, trigger, trigger_type, trigger_instance, parent, user, liveaction }),
        ...(filter.isPart ? [{ sql: "parent is not null", values: [] }] : []),
        ...bounds("start", filter),
      ],
      oneOf: filter.status && [...new Set(filter.status)].map((status) => ({ sql: "status = ?", values: [status] })),
      order: filter.order,
      page,
    },
    decodeExecution,
  );
}

export function childIds(db: Database, project: string, parents: readonly string[]): Map<string, string[]> {
  // `cross join` keeps the order of the tables: each parent once, then its children along their index.
  const found = db.all(
    `select execution.parent, execution.id from json_each(?) as wanted cross join execution on project = ? and execution.parent = wanted.value
    order by execution.parent, start, execution.id`,
    JSON.stringify([...new Set(parents)]),
    project,
  );
  const children = new Map<string, string[]>();
  for (const row of found) {
    const parent = String(row["parent"]);
    const siblings = children.get(parent);
    if (siblings) siblings.push(String(row["id"]));
    else children.set(parent, [String(row["id"])]);
  }
  return children;
}

export function executionValues(
  db: Database,
  project: string,
  field: (typeof VALUE_FIELDS)[number] | "status",
): string[] {
  const found =
    field === "status"
      ? // A jump from status to status along the index, not a walk over every execution.
        db.all(
          `with recursive used (value) as (
            select min(status) from execution where project = ?1
            union all
            select (select min(status) from execution where project = ?1 and status > value) from used where value is not null
          ) select value from used where value is not null order by value`,
          project,
        )
      : db.all("select value from execution_value where project = ? and field = ? order by value", project, field);
  return found.map((row) => String(row["value"]));
}

/** Mutable while it is put together: optional fields are absent, not undefined, when there is nothing. */
type Draft = { -readonly [K in keyof Execution]: Execution[K] };

export function decodeExecution(row: Row): Execution {
  // Casts: these columns hold nothing but what insertExecution wrote, from the same types.
  const draft: Draft = {
    id: row["id"] as string,
    project: row["project"] as string,
    liveaction: row["liveaction"] as string,
    status: row["status"] as ExecutionStatus,
    action: row["action"] as string,
    runner: row["runner"] as string,
    lane: row["lane"] as Lane,
    snapshot: row["snapshot"] as string,
    parameters: row["parameters"] === undefined ? {} : (parse(row["parameters"]) as JsonObject),
    context: row["context"] === undefined ? {} : (parse(row["context"]) as JsonObject),
    user: row["user"] as string,
    created: row["created"] as number,
    due: row["due"] as number,
    start: row["start"] as number,
    log: parse(row["log"]) as StatusChange[],
  };
  for (const field of ["parent", "rule", "trigger", "trigger_type", "trigger_instance"] as const) {
    const value = row[field];
    if (typeof value === "string") draft[field] = value;
  }
  if (typeof row["notify"] === "string") draft.notify = parse(row["notify"]) as Notify;
  if (typeof row["callback"] === "string") draft.callback = parse(row["callback"]) as JsonObject;
  if (typeof row["result"] === "string") draft.result = parse(row["result"]) as JsonObject;
  if (typeof row["delay"] === "number") draft.delay = row["delay"];
  const where = whereOf(row["wants"]);
  if (where) draft.where = where;
  if (typeof row["priority"] === "number" && row["priority"] !== 0) draft.priority = row["priority"];
  if (typeof row["ended"] === "number") draft.end = row["ended"];
  if (typeof row["worker"] === "string") draft.lease = { worker: row["worker"] };
  return draft;
}

function parse(text: Row[string] | undefined): unknown {
  return JSON.parse(String(text));
}
