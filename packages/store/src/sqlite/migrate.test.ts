import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Invalid } from "@squall/model";
import { aClaim } from "../contract/samples.ts";
import { claimExecutions } from "./claims.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./database.ts";
import { lostExecutions } from "./executions.ts";
import { createMembers } from "./members.ts";
import { migrate, migrations } from "./migrate.ts";

async function aDatabase(t: TestContext): Promise<Database> {
  const directory = await mkdtemp(join(tmpdir(), "squall-migrate-"));
  const db = openDatabase(join(directory, "squall.db"), { cacheBytes: 1 << 20, busyTimeoutMs: 100 });
  t.after(async () => {
    db.close();
    await rm(directory, { recursive: true });
  });
  return db;
}

const versionOf = (db: Database): unknown => db.get("pragma user_version")?.["user_version"];
const tables = (db: Database): unknown[] =>
  db.all("select name from sqlite_schema where type = 'table' order by name").map((row) => row["name"]);

test("each migration happens once, in order", async (t) => {
  const db = await aDatabase(t);
  const steps = ["create table a (x)", "insert into a values (1)", "insert into a select x + 1 from a"];
  migrate(db, steps.slice(0, 2));
  assert.equal(versionOf(db), 2);
  migrate(db, steps);
  migrate(db, steps);
  assert.equal(versionOf(db), 3);
  assert.deepEqual(
    db.all("select x from a order by x").map((row) => row["x"]),
    [1, 2],
  );
});

test("a migration that fails leaves the schema of the last one that did not", async (t) => {
  const db = await aDatabase(t);
  assert.throws(() => migrate(db, ["create table a (x)", "create table b (x); create table a (x)"]), /already exists/);
  assert.equal(versionOf(db), 1);
  assert.ok(!tables(db).includes("b"));
});

test("a database of a newer Squall is refused and left as it is", async (t) => {
  const db = await aDatabase(t);
  migrate(db, [...migrations, "create table newer (x)"]);
  assert.throws(
    () => migrate(db),
    (error: unknown) =>
      error instanceof Invalid &&
      error.code === "store.newer-schema" &&
      error.message.includes(`version ${migrations.length + 1}`),
  );
  assert.equal(versionOf(db), migrations.length + 1);
});

test("executions that wait when their database gets queues are claimed as before", async (t) => {
  const db = await aDatabase(t);
  migrate(db, migrations.slice(0, 2));
  for (const [id, status, due] of [
    ["b", "requested", 1],
    ["a", "scheduled", 2],
    ["c", "running", 0],
  ]) {
    db.exec(`insert into execution (project, id, status, action, runner, lane, start, due, created, user, liveaction, snapshot,
      log, context, parameters) values ('default', '${id}', '${status}', 'core.noop', 'noop', 'inline', 0, ${due}, 0, 'eva', 'l', 's',
      '[]', '{}', '{}')`);
  }
  migrate(db);
  const claimed = claimExecutions(db, aClaim(), "");
  assert.deepEqual(
    claimed.map(({ id, where, priority }) => [id, where, priority]),
    [
      ["b", undefined, undefined],
      ["a", undefined, undefined],
    ],
  );
});

test("executions that ran before leases lost their time are lost after it, and otherwise as they were", async (t) => {
  const db = await aDatabase(t);
  migrate(db, migrations.slice(0, 2));
  db.run(
    `insert into execution (id, project, status, action, runner, lane, start, due, created, user, liveaction, snapshot, worker,
      lease_expires, log, context, parameters)
    values ('x', 'default', 'running', 'core.noop', 'noop', 'inline', 1, 2, 3, 'u', 'l', 's', 'w', 9, '[]', '{"a":1}', '{"b":2}')`,
  );
  migrate(db);
  createMembers(db);
  const [lost, ...others] = lostExecutions(db, 10);
  assert.deepEqual(others, []);
  assert.deepEqual([lost?.lease, lost?.context, lost?.parameters], [{ worker: "w" }, { a: 1 }, { b: 2 }]);
});

test("every table has a project, but for the list of projects, who the installation is and what is named by its content", async (t) => {
  const db = await aDatabase(t);
  migrate(db);
  const without = tables(db).filter(
    (table) =>
      !String(table).startsWith("sqlite_") &&
      db.get("select 1 from pragma_table_info(?) where name = 'project' and \"notnull\"", String(table)) === undefined,
  );
  assert.deepEqual(without, ["archive", "archive_part", "installation", "project"]);
});
