import type { Execution, ExecutionStatus, JsonObject, Lane, Micros, Notify, StatusChange } from "@squall/model";
import type { Claim, ExecutionFilter, Listed, Page, Store } from "../port.ts";
import { satisfiable, whereOf } from "../wants.ts";
import type { Reader, Row } from "./connection.ts";
import { among, list } from "./listing.ts";
import { bounds, equals } from "../terms.ts";
import type { Writer } from "./writer.ts";

const NARROW = `id, project, status, action, runner, lane, start, due, created, ended, parent, rule, trigger, trigger_type,
  trigger_instance, username, liveaction, snapshot, worker, delay, log, notify, callback, priority, wants`;
const WIDE = { context: "context, context_changes", parameters: "parameters", result: "result" } as const;
const ALL = [NARROW, ...Object.values(WIDE)].join(", ");

/** `functions`: their schema. What it took is on record under an id: executions that are leased to a process which never heard of it would run nowhere. */
const claimIn = (
  functions: string,
): string => `with claimed as (select * from ${functions}.squall_claim($1, $2)), noted as (
    insert into written_group (id, outcomes)
    select $3, jsonb_agg(jsonb_build_array(project, id)) from claimed having count(*) > 0
  ) select ${ALL} from claimed`;
const CLAIMED = `select ${ALL} from jsonb_array_elements($1::jsonb) with ordinality as one (place, nth)
  join execution on project = place->>0 and id = place->>1 order by nth`;

/** `turn` is the project that had the last one. */
export async function claimExecutions(
  writer: Writer,
  functions: string,
  ask: Claim,
  turn: string,
  epoch: number | undefined,
): Promise<Execution[]> {
  const { labels, ...rest } = ask;
  const text = JSON.stringify({ ...rest, able: satisfiable(labels), turn });
  const rows = await writer.query({ text: claimIn(functions), values: [text, epoch ?? null], again: CLAIMED });
  return rows.map(decodeExecution);
}

export async function getExecutions(
  db: Reader,
  project: string,
  ids: readonly string[],
): Promise<Map<string, Execution>> {
  const rows =
    ids.length === 1
      ? await db.all(`select ${ALL} from every_execution where project = ? and id = ?`, project, ids[0])
      : await db.all(`select ${ALL} from every_execution where project = ? and id = any(?::text[])`, project, ids);
  return new Map(rows.map((row) => [String(row["id"]), decodeExecution(row)]));
}

export function listExecutions(
  db: Reader,
  project: string,
  filter: ExecutionFilter,
  page: Page,
): Promise<Listed<Execution>> {
  const omitted = new Set<string>(page.omit);
  const wide = Object.entries(WIDE).flatMap(([name, columns]) => (omitted.has(name) ? [] : [columns]));
  const { action, runner, rule, trigger, trigger_type, trigger_instance, parent, user, liveaction } = filter;
  return list(
    db,
    {
      table: "every_execution",
      columns: [NARROW, ...wide].join(", "),
      time: "start",
      project,
      terms: [
        ...among("id", filter.ids),
        ...equals({
          action,
          runner,
          rule,
          trigger,
          trigger_type,
          trigger_instance,
          parent,
          username: user,
          liveaction,
        }),
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

export async function childIds(
  db: Reader,
  project: string,
  parents: readonly string[],
): Promise<Map<string, string[]>> {
  const rows = await db.all(
    "select parent, id from every_execution where project = ? and parent = any(?::text[]) order by parent, start, id",
    project,
    [...new Set(parents)],
  );
  const children = new Map<string, string[]>();
  for (const row of rows) {
    const parent = String(row["parent"]);
    const siblings = children.get(parent);
    if (siblings) siblings.push(String(row["id"]));
    else children.set(parent, [String(row["id"])]);
  }
  return children;
}

export async function executionValues(
  db: Reader,
  project: string,
  field: Parameters<Store["executionValues"]>[1],
): Promise<string[]> {
  const rows =
    field === "status"
      ? // A jump from status to status along the index, not a walk over every execution.
        await db.all(
          `with recursive used (value) as (
            (select status::text from ended_execution where project = ? order by status limit 1)
            union all
            select (select status::text from ended_execution where project = ? and status > value::word order by status limit 1)
            from used where value is not null
          ) select value collate "C" as value from used where value is not null
          union select status::text collate "C" from execution where project = ? order by value`,
          project,
          project,
          project,
        )
      : await db.all(
          "select value from execution_value where project = ? and field = ? order by value",
          project,
          field,
        );
  return rows.map((row) => String(row["value"]));
}

export async function nextDue(db: Reader, lane: Lane, after: Micros): Promise<Micros | undefined> {
  const earliest = (status: string) =>
    `(select due from execution where lane = ? and status = '${status}' and due > ? order by due limit 1)`;
  const row = await db.get(
    `select min(due) as due from (${["requested", "scheduled", "delayed"].map(earliest).join(" union all ")}) each_status`,
    lane,
    after,
    lane,
    after,
    lane,
    after,
  );
  return typeof row?.["due"] === "number" ? row["due"] : undefined;
}

export async function waiting(db: Reader, functions: string, most: number): Promise<Record<Lane, number>> {
  const counts = { inline: 0, process: 0 };
  for (const row of await db.all(`select lane, n from ${functions}.squall_waiting(?)`, most)) {
    counts[row["lane"] as Lane] = Number(row["n"]); // cast: the function names the lanes
  }
  return counts;
}

export async function lostExecutions(db: Reader, limit: number): Promise<Execution[]> {
  // From worker to worker along the index, however many executions each of them has.
  const rows = await db.all(
    `with recursive holder (worker) as (
      (select worker::text from execution where worker is not null order by worker limit 1)
      union all
      select (select worker::text from execution where worker > holder.worker::word order by worker limit 1)
      from holder where holder.worker is not null
    )
    select ${ALL} from execution
    where worker = any(array(select holder.worker from holder where not exists (select from member where id = holder.worker)))
    order by worker limit ?`,
    limit,
  );
  return rows.map(decodeExecution);
}

/** Mutable while it is put together: optional fields are absent, not undefined, when there is nothing. */
type Draft = { -readonly [K in keyof Execution]: Execution[K] };

function decodeExecution(row: Row): Execution {
  // Casts: these columns hold nothing but what encode.ts wrote, from the same types.
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
    context: row["context"] === undefined ? {} : contextOf(row),
    user: row["username"] as string,
    created: row["created"] as number,
    due: row["due"] as number,
    start: row["start"] as number,
    log: row["log"] as StatusChange[],
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

/** Merged here, at the top level: the database only appends what a move brings. */
function contextOf(row: Row): JsonObject {
  const changes = Array.isArray(row["context_changes"]) ? row["context_changes"] : [];
  return Object.assign({}, parse(row["context"]), ...changes.map(parse)) as JsonObject;
}

function parse(text: unknown): unknown {
  return JSON.parse(String(text));
}
