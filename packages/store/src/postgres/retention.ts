import type { Micros } from "@squall/model";
import pg from "pg";
import type { Forgotten, Forgetting } from "../port.ts";
import { clientOptions, type ConnectOptions, connectionName, sqlState } from "./connection.ts";
import { idOfSecond, PARTS_TABLES } from "./parts.ts";

/*
 * Keeping the history in parts: makes those of the days to come, and drops those of which nothing is kept any more.
 *
 * R1  A part is dropped when its time ended before the line and what must be kept of it has gone to the `_rest` of each table,
 *     in the same transaction.
 * R2  Kept is what has not ended or ended after the line, what is above what has not ended, what these continue, and all that is
 *     below any of it.
 * R3  Nothing waits long for this, and nobody waits long for it: locks are given up after LOCK_WAIT_MS, and taken the next time.
 */

/** Any number that nothing else in the database takes. */
const LOCK = 7_305_142_028;
const LOCK_WAIT_MS = 500;
const DAY_S = 86_400;
/** More rows than this that must be kept stay with their part until they are fewer. */
const MOST_MOVED = 20_000;
/** Parents are older than their children by the clocks of two machines. */
const SKEW_S = 3_600;

export async function forget(options: Omit<ConnectOptions, "name">, ask: Forgetting): Promise<Forgotten> {
  const client = new pg.Client(clientOptions({ ...options, name: connectionName("keeper") }));
  client.on("error", () => undefined); // the query under way says it
  await client.connect();
  try {
    await makeParts(client, ask);
    if (ask.before <= 0) return NOTHING;
    const { rows } = await client.query<Part>(
      "select suffix, low, high from history_part where high <= $1 order by high",
      [idOfSecond(ask.before / 1e6)],
    );
    for (const part of rows) {
      const dropped = await inTransaction(client, () => dropPart(client, part, ask.before));
      if (dropped !== undefined) return dropped;
    }
    return (await inTransaction(client, () => forgetRest(client, ask))) ?? NOTHING;
  } finally {
    await client.end().catch(() => undefined); // it may be what failed
  }
}

interface Part {
  readonly suffix: string;
  readonly low: string | null;
  readonly high: string;
}

const NOTHING: Forgotten = { executions: 0, events: 0, more: false };

/** Undefined, and nothing happened, when another process is at it or a lock could not be had. */
async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T | undefined> {
  await client.query("begin");
  try {
    await client.query(`set local statement_timeout = 0`);
    const { rows } = await client.query<{ got: boolean }>("select pg_try_advisory_xact_lock($1) as got", [LOCK]);
    const done = rows[0]?.got ? await work() : undefined;
    await client.query("commit");
    return done;
  } catch (error) {
    await client.query("rollback").catch(() => undefined); // the connection may be what failed
    if (["55P03", "40P01"].includes(sqlState(error) ?? "")) return undefined;
    throw error;
  }
}

/** How long a part is: some ten of them for what is kept, so that little is kept for longer than asked. */
function widthOf({ before, now }: Forgetting): number {
  if (before <= 0) return 30 * DAY_S;
  const keptDays = (now - before) / 1e6 / DAY_S;
  return (keptDays > 100 ? 30 : keptDays > 10 ? 3 : 1) * DAY_S;
}

/** Makes the parts of the time until twice their width from now, one at a time. */
async function makeParts(client: pg.Client, ask: Forgetting): Promise<void> {
  const width = widthOf(ask);
  const until = Math.floor(ask.now / 1e6) + 2 * width;
  for (;;) {
    const more = await inTransaction(client, async () => {
      const { rows } = await client.query<{ high: string }>("select max(high) as high from history_part");
      // A server that did not run for long needs no parts for the time in which nothing happened.
      const low = Math.max(secondOf(rows[0]?.high), Math.floor(ask.now / 1e6 / DAY_S) * DAY_S);
      if (low >= until) return false;
      await client.query(`set local lock_timeout = ${LOCK_WAIT_MS}`);
      const high = low + width;
      await makePart(client, { suffix: suffixOf(low), low: idOfSecond(low), high: idOfSecond(high) });
      return true;
    });
    if (!more) return;
  }
}

async function makePart(client: pg.Client, part: Part): Promise<void> {
  await client.query("insert into history_part values ($1, $2, $3)", [part.suffix, part.low, part.high]);
  for (const { table, key } of PARTS_TABLES) {
    const name = `${table}_${part.suffix}`;
    // Attached, which others need not wait for. What came too early for its part moves into it.
    await client.query(`create table ${name} (like ${table} including all)`);
    await client.query(
      `with early as (delete from ${table}_rest where ${key} >= $1 and ${key} < $2 returning *) insert into ${name} select * from early`,
      [part.low, part.high],
    );
    await client.query(
      `alter table ${table} attach partition ${name} for values from ('${part.low}') to ('${part.high}')`,
    );
  }
}

async function dropPart(client: pg.Client, part: Part, before: Micros): Promise<Forgotten | undefined> {
  const { suffix } = part;
  const moved = await findKept(client, `ended_execution_${suffix}`, part.high, before);
  if (moved > MOST_MOVED) return undefined;
  const counted = await client.query<{ executions: number; events: number }>(
    `select (select count(*) from ended_execution_${suffix})::int as executions, (select count(*) from event_${suffix})::int as events`,
  );
  const { executions = 0, events = 0 } = counted.rows[0] ?? {};
  await client.query(`set local lock_timeout = ${LOCK_WAIT_MS}`);
  let stayed = 0;
  let stayedEvents = 0;
  for (const { table } of PARTS_TABLES) {
    const name = `${table}_${suffix}`;
    await client.query(`alter table ${table} detach partition ${name}`);
    const { rowCount } = await client.query(`insert into ${table} select h.* from ${name} h where ${KEPT[table]}`);
    if (table === "ended_execution") stayed = rowCount ?? 0;
    if (table === "event") stayedEvents = rowCount ?? 0;
  }
  for (const { table } of PARTS_TABLES) await client.query(`drop table ${table}_${suffix}`);
  await client.query("delete from history_part where suffix = $1", [suffix]);
  await client.query(FORGET_CONTINUED);
  return { executions: executions - stayed, events: events - stayedEvents, more: true };
}

const OF_KEPT = (key: string) => `exists (select from kept k where k.project = h.project and k.id = h.${key})`;
/** Which rows `h` stay, by table. Events and enforcements stay with the executions that came of them. */
const KEPT: Readonly<Record<string, string>> = {
  ended_execution: OF_KEPT("id"),
  output: OF_KEPT("execution"),
  workflow_step: OF_KEPT("execution"),
  workflow_state: OF_KEPT("execution"),
  enforcement: OF_KEPT("execution"),
  event: `(h.status in ('pending', 'processing') or exists (select from kept k where k.project = h.project and k.event = h.id))`,
};

/**
 * Fills the table `kept` with the executions with ids below `high` that must be kept (R2), looking for what ended late in
 * `history`. How many they are.
 */
async function findKept(client: pg.Client, history: string, high: string, before: Micros): Promise<number> {
  const line = Math.floor(before);
  const beyond = idOfSecond(secondOf(high) + SKEW_S);
  await client.query("create temporary table kept (project text, id text, event text) on commit drop");
  const { rowCount } = await client.query(
    `insert into kept
    with recursive seed as (
      select project::text, id::text, parent::text from execution
      union all select project, id, parent from ${history} where ended is null or ended >= ${line}
      union all select e.project, e.id, e.parent from continued c
        join ended_execution e on e.project = c.project and e.id = c.execution and e.ended >= ${line}
    ), above (project, id, parent) as (
      select project, id, parent from seed
      union
      select e.project::text, e.id::text, e.parent::text from above a
      cross join lateral (
        select a.parent as id where a.parent is not null
        union all select c.of from continued c where c.project = a.project and c.execution = a.id
      ) up join ended_execution e on e.project = a.project and e.id = up.id
    ), below (project, id) as (
      select project, id from above where id < '${beyond}'
      union
      select e.project::text, e.id::text from below b
      join ended_execution e on e.project = b.project and e.parent = b.id and e.id < '${beyond}'
    )
    select distinct e.project, e.id, e.trigger_instance from below b join every_execution e using (project, id)`,
  );
  await client.query("create index on pg_temp.kept (project, id); create index on pg_temp.kept (project, event)");
  await client.query("analyze pg_temp.kept");
  return rowCount ?? 0;
}

/** What stayed when its part went, and what was never in one: a few rows at a time, once nothing needs them any more. */
async function forgetRest(client: pg.Client, { before, limit }: Forgetting): Promise<Forgotten> {
  const line = Math.floor(before);
  const high = idOfSecond(before / 1e6);
  const some = await client.query(
    `select (exists (select from ended_execution_rest where ended < ${line}) or exists (select from event_rest where occurrence_time < ${line})) as any`,
  );
  // Cast: the one column of the one row.
  if (!(some.rows[0] as { any: boolean }).any) return NOTHING;
  await findKept(client, "ended_execution_rest", high, before);
  const gone = await client.query<{ project: string; id: string }>(
    `delete from ended_execution_rest where (project, id) in (
      select h.project, h.id from ended_execution_rest h where h.ended < ${line} and h.id < '${high}' and not ${OF_KEPT("id")} limit $1
    ) returning project, id`,
    [limit],
  );
  for (const table of ["output", "workflow_step", "workflow_state"]) {
    await client.query(
      `delete from ${table}_rest where (project, execution) in (select * from unnest($1::text[], $2::text[]))`,
      [gone.rows.map((row) => row.project), gone.rows.map((row) => row.id)],
    );
  }
  await client.query(
    `delete from enforcement_rest where (project, id) in (
      select h.project, h.id from enforcement_rest h where h.enforced_at < ${line} and not ${KEPT["enforcement"]} limit $1)`,
    [limit],
  );
  const events = await client.query(
    `delete from event_rest where (project, id) in (
      select h.project, h.id from event_rest h where h.occurrence_time < ${line} and not ${KEPT["event"]} limit $1)`,
    [limit],
  );
  await client.query(FORGET_CONTINUED);
  const executions = gone.rowCount ?? 0;
  return { executions, events: events.rowCount ?? 0, more: executions >= limit || (events.rowCount ?? 0) >= limit };
}

const FORGET_CONTINUED = `delete from continued c where not exists
  (select from every_execution e where e.project = c.project and e.id = c.execution)`;

function secondOf(id: string | undefined): number {
  return Number.parseInt(id?.slice(0, 8) ?? "0", 16);
}

/** The day at which a part begins, as its name: `20260131`, with the hour where it is not midnight. */
function suffixOf(second: number): string {
  const text = new Date(second * 1000).toISOString();
  return `p${text.slice(0, 10).replaceAll("-", "")}${second % DAY_S === 0 ? "" : `_${text.slice(11, 19).replaceAll(":", "")}`}`;
}
