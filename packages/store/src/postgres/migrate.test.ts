import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Execution } from "@squall/model";
import pg from "pg";
import { aKey, anAction, anEvent, anExecution, aMove, anId, aTimer, insert, T0 } from "../contract/samples.ts";
import type { Store } from "../port.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { functionsSchema, type Migration, qualified, SCHEMA, type Schema } from "./migrate.ts";
import { openPostgresStore } from "./open.ts";
import { VERSIONS } from "./versions.ts";

const why = whyNoPostgres();

/** The program after this one: one migration more, and functions that write what it made. */
function next(migration: Migration, change = (functions: string) => functions): Schema {
  return { migrations: [...SCHEMA.migrations, migration], functions: change(SCHEMA.functions) };
}

describe("the schema on PostgreSQL", { skip: why ?? false, timeout: 120_000 }, () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
  });
  after(() => server.stop());

  const client = async (url: string): Promise<pg.Client & AsyncDisposable> => {
    const connection = new pg.Client({ connectionString: url });
    connection.on("error", () => undefined); // its server stops with the tests
    await connection.connect();
    return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.end() });
  };
  const one = async (connection: pg.Client, sql: string): Promise<unknown> =>
    Object.values((await connection.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
  const ids = async (store: Store, filter = {}) =>
    (await store.executions("default", { ...filter, order: "ascending" }, {})).items.map(({ id }) => id);

  for (const { version, rows } of VERSIONS) {
    test(`a database of version ${version} with rows in all of its tables is brought up to date, and everything is there`, async () => {
      const url = await server.newDatabase();
      {
        await using db = await client(url);
        await db.query("create table squall_schema (version int not null)");
        for (const { steps } of SCHEMA.migrations.slice(0, version)) for (const step of steps) await db.query(step);
        await db.query("insert into squall_schema values ($1)", [version]);
        await db.query(rows);
      }
      await using store = await openPostgresStore({ url });
      const [ended, running, waiting, odd] = [anId(1), anId(2), anId(3), "f".repeat(24)];
      assert.deepEqual(await ids(store), [ended, running, waiting, odd]);
      const found = await store.execution("default", ended);
      assert.deepEqual([found?.status, found?.result, found?.parameters], ["succeeded", { a: 1 }, { p: "\0" }]);
      assert.deepEqual(await store.executionValues("default", "status"), ["requested", "running", "succeeded"]);
      assert.deepEqual(await ids(store, { status: ["requested"] }), [waiting]);
      assert.deepEqual(await store.childIds("default", [ended]), new Map([[ended, [running]]]));
      assert.equal((await store.output("default", ended))[0]?.data, "out\0");
      assert.deepEqual(await store.workflow("default", running), {
        saved: { seq: 1, state: "sealed" },
        steps: [{ seq: 2, step: { n: 2 } }],
      });
      assert.equal((await store.event("default", anId(5)))?.trigger, "t");
      assert.equal((await store.enforcements("default", { execution: ended }, {})).items.length, 1);
      assert.equal((await store.key("default", "st2kv.system", "", "k", T0))?.value, "v");
      assert.equal((await store.timers("default")).length, 1);
      assert.equal((await store.user("default", "eva"))?.id, anId(8));
      assert.equal((await store.tokenByHash("h"))?.user, "eva");
      assert.equal((await store.apiKeyByHash("ah"))?.user, "eva");
      assert.equal((await store.resources("default", "action")).length, 1);
      // What lives goes on, what has ended stays, and ids are taken.
      assert.deepEqual(await store.commit(insert(anExecution(1))), {
        ok: false,
        index: 0,
        reason: "exists",
        message: `execution ${ended} exists already in project default`,
      });
      assert.deepEqual(
        await store.commit([
          aMove(2, { from: ["running"], to: "succeeded", end: T0 + 5 }),
          { kind: "workflow.append", project: "default", execution: running, seq: 3, step: {} },
        ]),
        { ok: true },
      );
      assert.equal((await store.commit([aMove(1, { from: ["succeeded"], to: "running" })])).ok, false);
      assert.deepEqual(
        (await store.claim({ lane: "inline", limit: 5, worker: "w", labels: {}, now: T0 })).map(
          ({ id }: Execution) => id,
        ),
        [waiting],
      );
    });
  }

  test("processes that start at once bring a database up to date together, each step once", async () => {
    const url = await server.newDatabase();
    const counted = next({
      steps: ["create table counted (n int)", "insert into counted values (1)", "insert into counted values (2)"],
    });
    const stores = await Promise.all(
      Array.from({ length: 6 }, () => openPostgresStore({ url, exclusive: false, schema: counted })),
    );
    await using db = await client(url);
    assert.equal(await one(db, "select string_agg(n::text, ',' order by n) from counted"), "1,2");
    assert.equal(await one(db, "select count(*)::int from pg_namespace where nspname like 'squall%'"), 1);
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
  });

  test("a migration that was cut off goes on where it stopped", async () => {
    const url = await server.newDatabase();
    const steps = ["create table counted (n int)", "insert into counted values (1)"];
    const broken = next({ steps: [...steps, "select 1 / 0", "insert into counted values (2)"] });
    await assert.rejects(openPostgresStore({ url, schema: broken }), /division by zero/);
    const whole = next({ steps: [...steps, "select 1", "insert into counted values (2)"] });
    await using store = await openPostgresStore({ url, schema: whole });
    assert.equal((await store.describe())["schema_version"], SCHEMA.migrations.length + 1);
    await using db = await client(url);
    assert.equal(await one(db, "select string_agg(n::text, ',' order by n) from counted"), "1,2");
  });

  test("a migration waits for who holds a table without making others wait for long, and is done when they let go", async () => {
    const url = await server.newDatabase();
    await using before = await openPostgresStore({ url, exclusive: false });
    await using holder = await client(url);
    await holder.query("begin; lock table event in access share mode");
    const adding = openPostgresStore({
      url,
      exclusive: false,
      schema: next({ steps: ["alter table event add column more text"] }),
    });
    await using watcher = await client(url);
    while (
      (await one(watcher, "select count(*)::int from pg_locks where not granted and locktype = 'relation'")) !== 1
    );
    // Behind the waiting one in the queue for the table; it gives up first.
    assert.deepEqual(await before.commit([{ kind: "event.insert", event: anEvent(1) }]), { ok: true });
    await holder.query("rollback");
    await using store = await adding;
    assert.equal((await store.event("default", anId(1)))?.id, anId(1));
  });

  test("a program goes on, and starts anew, on a database that the next one brought up to date", async () => {
    const url = await server.newDatabase();
    await using old = await openPostgresStore({ url, exclusive: false });
    await old.commit(insert(anExecution(1)));
    // The next one keeps a count of what ends, in a table that the old one does not know, and names an argument anew.
    const newer = next(
      { steps: ["alter table event add column more text", "create table ends (id text)"] },
      (functions) =>
        functions.replace(
          "    insert into ended_execution select r.*;",
          "    insert into ends values (r.id);\n    insert into ended_execution select r.*;",
        ),
    );
    assert.notEqual(newer.functions, SCHEMA.functions);
    await using young = await openPostgresStore({ url, exclusive: false, schema: newer });
    await using again = await openPostgresStore({ url, exclusive: false });
    await using db = await client(url);
    for (const [n, store] of [old, young, again].entries()) {
      const at = 10 * (n + 1);
      await store.commit([
        ...insert(anExecution(at), anExecution(at + 1, { status: "running" })),
        { kind: "event.insert", event: anEvent(at) },
        { kind: "resource.put", resource: anAction(`a${n}`) },
        { kind: "key.put", key: aKey(`k${n}`) },
        { kind: "timer.put", timer: aTimer(`t${n}`) },
      ]);
      assert.equal((await store.claim({ lane: "inline", limit: 1, worker: "w", labels: {}, now: T0 * 2 })).length, 1);
      assert.equal((await store.commit([aMove(at + 1, { from: ["running"], to: "failed" })])).ok, true);
      assert.equal((await store.forget({ before: 0, now: T0 * 2, limit: 1 })).executions, 0);
    }
    for (const store of [old, young, again]) {
      assert.deepEqual(await ids(store, { status: ["failed"] }), [11, 21, 31].map(anId));
      assert.equal((await store.events("default", {}, {})).items.length, 3);
    }
    assert.equal(await one(db, "select string_agg(id, ',') from ends"), anId(21));
    const schemas = "select count(*)::int from pg_namespace where nspname like 'squall%'";
    assert.equal(await one(db, schemas), 2);
    // Two steps on, the first one can do nothing more, and says why.
    const newest: Schema = { ...newer, migrations: [...newer.migrations, { steps: ["select 1"] }] };
    await using third = await openPostgresStore({ url, exclusive: false, schema: newest });
    assert.equal(await one(db, schemas), 2);
    assert.deepEqual(await young.commit(insert(anExecution(50))), { ok: true });
    assert.deepEqual(await third.commit(insert(anExecution(51))), { ok: true });
    const gone = { code: "store.newer-schema", message: /newer Squall/ };
    await assert.rejects(old.commit(insert(anExecution(52))), gone);
    await assert.rejects(openPostgresStore({ url, exclusive: false }), gone);
  });

  test("what breaks with the version before refuses its programs at once", async () => {
    const url = await server.newDatabase();
    await using breaking = await openPostgresStore({
      url,
      exclusive: false,
      schema: next({ steps: ["select 1"], breaking: true }),
    });
    assert.deepEqual(await breaking.commit(insert(anExecution(1))), { ok: true });
    await assert.rejects(openPostgresStore({ url, exclusive: false }), { code: "store.newer-schema" });
  });

  test("every function of ours is called by the schema that it is in", () => {
    const schema = functionsSchema(SCHEMA);
    const text = qualified(SCHEMA.functions, schema);
    assert.equal(text.match(/(?<!\.)\bsquall_\w+\(/g), null);
    assert.ok((text.match(/create function/g)?.length ?? 0) > 8);
  });
});
