import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { storeContract } from "../contract.ts";
import { anExecution, insert } from "../contract/samples.ts";
import type { Store } from "../port.ts";
import { startPgBouncer, type TestPgBouncer, whyNoPgBouncer } from "./a-pgbouncer.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

const why = whyNoPostgres() ?? whyNoPgBouncer();

describe("through PgBouncer, which pools by transaction", { skip: why ?? false, timeout: 300_000 }, () => {
  let server: TestPostgres | undefined;
  let bouncer: TestPgBouncer | undefined;
  const newDatabase = async (through = bouncer): Promise<string> => {
    if (!server || !through) throw new Error("it did not start");
    return through.through(await server.newDatabase());
  };
  before(async () => {
    server = await startPostgres([
      "fsync=off",
      "synchronous_commit=off",
      "full_page_writes=off",
      "max_connections=300",
    ]);
    bouncer = await startPgBouncer(await server.newDatabase());
  });
  after(async () => {
    await bouncer?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  storeContract(
    "PostgreSQL",
    async () => {
      const url = await newDatabase();
      let store: Store = await openPostgresStore({ url, exclusive: false });
      return {
        store,
        async reopen() {
          await store[Symbol.asyncDispose]();
          store = await openPostgresStore({ url, exclusive: false });
          return store;
        },
        async close() {
          await store[Symbol.asyncDispose]();
        },
      };
    },
    10,
  );

  test("a process that wants the database to itself is told to name the server", async () => {
    const url = await newDatabase();
    await assert.rejects(openPostgresStore({ url }), {
      code: "store.pooled",
      message: /Name the PostgreSQL server itself/,
    });
  });

  test("a user or password that it does not know, and a database that is not there, are said as such", async () => {
    if (!server) throw new Error("it did not start");
    await using strict = await startPgBouncer(await server.newDatabase(), ["auth_type = md5"]);
    const url = (await newDatabase(strict)).replace("postgres@", "postgres:wrong@");
    await assert.rejects(openPostgresStore({ url, exclusive: false }), { code: "store.refused" });
    const nobody = url.replace("postgres:wrong@", "nobody:wrong@");
    await assert.rejects(openPostgresStore({ url: nobody, exclusive: false }), { code: "store.refused" });
    const nowhere = (await newDatabase()).replace(/squall_\d+/, "nowhere");
    await assert.rejects(openPostgresStore({ url: nowhere, exclusive: false }), { code: "store.no-database" });
  });

  test("a pooler that takes our settings and does not keep them is found out", async () => {
    if (!server) throw new Error("it did not start");
    await using lenient = await startPgBouncer(await server.newDatabase(), [
      "ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout",
    ]);
    await using store = await openPostgresStore({ url: await newDatabase(lenient), exclusive: false });
    assert.equal((await store.describe())["pooled"], true);
    assert.deepEqual(await store.commit(insert(anExecution(1))), { ok: true });
  });

  test("a writer whose connections break on either side of it loses nothing and writes nothing twice", async () => {
    const url = await newDatabase();
    await using store = await openPostgresStore({ url, exclusive: false });
    let next = 0;
    let acknowledged = 0;
    const over = new AbortController();
    const one = async (): Promise<void> => {
      while (!over.signal.aborted) {
        assert.deepEqual(await store.commit(insert(anExecution(++next))), { ok: true });
        acknowledged++;
      }
    };
    const all = Promise.all(Array.from({ length: 16 }, one));
    for (let n = 1; n <= 15; n++) {
      const reached = () => acknowledged >= n * 30;
      while (!reached()) await Promise.race([all, new Promise(setImmediate)]);
      await server?.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'squall writer%'",
      );
    }
    over.abort();
    await all;
    assert.equal((await store.executions("default", {}, { limit: 0, count: true })).total, acknowledged);
  });
});
