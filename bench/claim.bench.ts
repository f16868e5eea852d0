import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createIds, type Execution, microsNow } from "@squall/model";
import { openPostgresStore, openSqliteStore, type Store } from "@squall/store";
import pg from "pg";

/**
 * What a claim of 16 executions costs by what waits, median of many, on SQLite and on PostgreSQL: few and many of one
 * project; many behind thousands that ask for a label which nobody has (of one value, and each of a value of its own);
 * many of a hundred projects. Then a long queue is worked off without a pause, and the last claims compared with the first.
 *
 * Beside it a claim of nothing: the round trip, and on SQLite the transaction. Not measured: running anything, other
 * processes that claim at the same time.
 * On PostgreSQL: SQUALL_STORE=postgres://... of an empty database, whose executions are lost.
 * Options: `--many N` (default 1,000,000), `--claims N` (default 60).
 */
const option = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
};
const MANY = Number(option("many", "1000000"));
const CLAIMS = Number(option("claims", "60"));
const FEW = 1_000;
const AT_ONCE = 16;

/** A store with a way to fill it fast; `project` and `wants` are SQL over `n`, which counts from 1. */
interface Filled {
  readonly store: Store;
  fill(count: number, project: string, wants: string): Promise<void>;
  empty(): Promise<void>;
}

const DUE = microsNow();
const COLUMNS = `id, project, status, action, runner, lane, start, due, created, liveaction, snapshot, log, context, parameters,
  wants`;
const VALUES = (
  project: string,
  wants: string,
  id: string,
) => `${id}, ${project}, 'requested', 'core.noop', 'noop', 'inline',
  ${DUE} + n, ${DUE} + n, ${DUE} + n, ${id}, '8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4',
  '[{"status":"requested","timestamp":${DUE}}]', '{"user":"stanley","pack":"core","trace_context":{"trace_tag":"webhook-compute-17"}}',
  '{"message":"compute-17 is critical","value":97.5}', ${wants}`;

async function onSqlite(): Promise<Filled & AsyncDisposable> {
  const directory = mkdtempSync(join(tmpdir(), "squall-bench-"));
  const store = await openSqliteStore({ directory });
  let base = 0;
  /** Beside the store, which waits meanwhile. */
  const run = (sql: string): void => {
    const db = new DatabaseSync(join(directory, "squall.db"), { timeout: 60_000 });
    db.exec(`pragma synchronous = off; begin immediate; ${sql}; commit`);
    db.close();
  };
  return {
    store,
    fill: async (count, project, wants) => {
      const id = `printf('%024x', ${base} + n)`;
      run(`insert into execution (${COLUMNS}, user) with recursive series (n) as
        (select 1 union all select n + 1 from series where n < ${count}) select ${VALUES(project, wants, id)}, 'stanley' from series`);
      base += count;
    },
    empty: async () => run("delete from execution"),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
}

async function onPostgres(url: string): Promise<Filled & AsyncDisposable> {
  const store = await openPostgresStore({ url });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let base = 0;
  return {
    store,
    fill: async (count, project, wants) => {
      const id = `lpad(to_hex(${base} + n), 24, '0')`;
      await client.query(`insert into execution (${COLUMNS}, username)
        select ${VALUES(project, wants, id).replace(`'[{"status"`, `jsonb '[{"status"`)}, 'stanley' from generate_series(1, ${count}) n`);
      base += count;
    },
    empty: async () => void (await client.query("truncate execution")),
    async [Symbol.asyncDispose]() {
      await client.end();
      await store[Symbol.asyncDispose]();
    },
  };
}

const ids = createIds();

async function claim(store: Store, limit = AT_ONCE): Promise<{ readonly ms: number; readonly claimed: Execution[] }> {
  const began = performance.now();
  const claimed = await store.claim({
    lane: "inline",
    limit,
    worker: ids(),
    labels: { site: "edge", rack: "12" },
    now: microsNow() + 1e9,
  });
  return { ms: performance.now() - began, claimed };
}

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;

async function claims(store: Store, count = CLAIMS): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const { ms, claimed } = await claim(store);
    if (claimed.length !== AT_ONCE) throw new Error(`a claim got ${claimed.length} of ${AT_ONCE}`);
    times.push(ms);
  }
  return median(times);
}

const row = (name: string, ms: number, than?: number): void =>
  console.log(
    `${name.padEnd(58)} ${ms.toFixed(2).padStart(8)} ms${than === undefined ? "" : `   ${(ms / than).toFixed(2)} times`}`,
  );

async function measure(name: string, open: () => Promise<Filled & AsyncDisposable>): Promise<void> {
  await using db = await open();
  const { store } = db;
  const one = "'default'";
  console.log(`\n${name}: claims of ${AT_ONCE}, median of ${CLAIMS}`);
  const nothing: number[] = [];
  for (let n = 0; n < CLAIMS; n++) nothing.push((await claim(store)).ms);
  row("nothing waits", median(nothing));
  await db.fill(FEW, one, "''");
  await claims(store, 3); // the plans are made
  const few = await claims(store, Math.min(CLAIMS, 50));
  row(`${FEW} wait`, few);
  await db.empty();
  await db.fill(MANY, one, "''");
  const first = await claims(store);
  row(`${MANY} wait`, first, few);
  const counting = performance.now();
  const { inline } = await store.waiting(100_000);
  row(`counting up to ${inline} of them`, performance.now() - counting);
  const drained = Math.min(4_000, Math.floor(MANY / AT_ONCE / 4));
  for (let n = 0; n < drained; n++) await claim(store);
  row(`after ${drained} claims more without a pause`, await claims(store), few);
  await db.empty();
  await db.fill(20_000, one, `'{"host":"h1"}'`);
  await db.fill(FEW, one, "''");
  row(`${FEW} wait behind 20000 for a label that nobody has`, await claims(store, 50), few);
  await db.empty();
  await db.fill(5_000, one, `'{"host":"h' || n || '"}'`);
  await db.fill(FEW, one, "''");
  row(`${FEW} wait behind 5000 for 5000 different labels`, await claims(store, 50), few);
  await db.empty();
  await db.fill(100_000, "'p' || (n % 100)", "''");
  row("100000 wait of 100 projects", await claims(store), few);
}

const { SQUALL_STORE: url } = process.env;
if (url) await measure("PostgreSQL", () => onPostgres(url));
else await measure("SQLite", onSqlite);
