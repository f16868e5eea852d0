import assert from "node:assert/strict";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { aClaim, aKey, anExecution, insert, T0 } from "../contract/samples.ts";
import type { Store } from "../port.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { SCHEMA } from "./migrate.ts";
import { openPostgresStore } from "./open.ts";

const why = whyNoPostgres();

describe("PostgreSQL in trouble", { skip: why ?? false, timeout: 120_000 }, () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  /** Commits one new execution after the other, several at once, until told to stop; how many were acknowledged. */
  function load(store: Store): { stop(): Promise<number>; reached(count: number): Promise<void> } {
    const over = new AbortController();
    let next = 0;
    let acknowledged = 0;
    const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
    const one = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const committed = await store.commit(insert(anExecution(++next)));
        // A list that was written twice would be refused: its id is taken.
        assert.deepEqual(committed, { ok: true });
        acknowledged++;
        for (const { count, resolve } of waiting) if (acknowledged >= count) resolve();
      }
    };
    const all = Promise.all(Array.from({ length: 16 }, one));
    return {
      async reached(count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        if (acknowledged >= count) resolve();
        else waiting.push({ count, resolve });
        await Promise.race([promise, all]);
      },
      async stop() {
        over.abort();
        await all;
        return acknowledged;
      },
    };
  }

  const total = async (store: Store) => (await store.executions("default", {}, { limit: 0, count: true })).total;

  test("a writer whose connection breaks again and again loses nothing and writes nothing twice", async () => {
    await using store = await openPostgresStore({ url: await server.newDatabase() });
    const writing = load(store);
    for (let n = 1; n <= 25; n++) {
      await writing.reached(n * 30);
      await server.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'squall writer%'",
      );
    }
    const acknowledged = await writing.stop();
    assert.equal(await total(store), acknowledged);
    assert.ok(acknowledged >= 750);
  });

  test("a group or claim that was committed and whose answer was lost is not written again", async (t) => {
    const url = await server.newDatabase();
    const [, database = "", folder = ""] = /\/(squall_\d+)\?host=(.*)$/.exec(url) ?? [];
    // Between both: cuts the connection instead of handing on what the server says to a write, when it is told to.
    let loses = false;
    let lost = 0;
    const between = createServer((near) => {
      const far = connect(join(decodeURIComponent(folder), ".s.PGSQL.5432"));
      let isWriting = false;
      const cut = () => {
        near.destroy();
        far.destroy();
      };
      near.on("error", cut).on("close", cut);
      far.on("error", cut).on("close", cut);
      near.on("data", (bytes) => {
        isWriting = /squall-write|squall_claim/.test(bytes.toString("latin1"));
        far.write(bytes);
      });
      far.on("data", (bytes) => {
        if (!loses || !isWriting) return void near.write(bytes);
        loses = false;
        lost++;
        cut();
      });
    }).listen(0, "127.0.0.1");
    t.after(() => between.close());
    await new Promise((resolve) => between.once("listening", resolve));
    const { port } = between.address() as AddressInfo;
    await using store = await openPostgresStore({ url: `postgres://postgres@127.0.0.1:${port}/${database}` });
    assert.deepEqual(await store.commit(insert(anExecution(0))), { ok: true });
    for (let n = 1; n <= 5; n++) {
      loses = true;
      // Written again, the second list would be refused: its id is taken.
      assert.deepEqual(await store.commit(insert(anExecution(n))), { ok: true });
    }
    loses = true;
    const refused = await store.commit(insert(anExecution(1)));
    assert.deepEqual([refused.ok, lost >= 6], [false, true]);
    assert.equal(await total(store), 6);
    // The same for claims: what the first one took is what its second answer says.
    const claimed: string[] = [];
    for (let n = 1; n <= 3; n++) {
      loses = true;
      claimed.push(...(await store.claim(aClaim({ limit: 2, worker: `w${n}` }))).map(({ id }) => id));
      assert.equal(loses, false);
    }
    assert.deepEqual(
      claimed,
      (await store.executions("default", { order: "ascending" }, {})).items.map(({ id }) => id),
    );
  });

  test("a server that is killed and comes back has everything that was acknowledged", async () => {
    await using store = await openPostgresStore({ url: await server.newDatabase(), patienceMs: 60_000 });
    const writing = load(store);
    for (let n = 1; n <= 3; n++) {
      await writing.reached(n * 50);
      await server.kill();
      await server.start();
    }
    const acknowledged = await writing.stop();
    assert.equal(await total(store), acknowledged);
  });

  test("a server that stays away is said, and writing goes on by itself when it is back", async () => {
    await using store = await openPostgresStore({ url: await server.newDatabase(), patienceMs: 100 });
    await server.kill();
    const refused = { code: "store.unreachable", message: /PostgreSQL at .* cannot be reached/ };
    await assert.rejects(store.commit(insert(anExecution(1))), refused);
    await assert.rejects(store.execution("default", "1"), refused);
    await assert.rejects(store.describe(), refused);
    await server.start();
    assert.deepEqual(await store.commit(insert(anExecution(1))), { ok: true });
    assert.equal((await store.describe())["engine"], "postgres");
  });

  test("two processes on one database: the second is refused, and one that was taken over writes nothing more", async () => {
    const url = await server.newDatabase();
    await using store = await openPostgresStore({ url });
    await assert.rejects(openPostgresStore({ url }), { code: "store.in-use", message: /in use by another Squall/ });
    assert.deepEqual(await store.commit([{ kind: "key.put", key: aKey("a") }]), { ok: true });
    await server.run(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'squall owner%'",
    );
    await using other = await taken(url);
    await assert.rejects(store.commit([{ kind: "key.put", key: aKey("a", { value: "late" }) }]), {
      code: "store.taken-over",
    });
    await assert.rejects(store.claim(aClaim({ limit: 1 })), { code: "store.taken-over" });
    assert.equal((await other.key("default", "st2kv.system", "", "a", T0))?.value, "a value");
  });

  /** The lock goes when the server has ended the process that held it. */
  async function taken(url: string): Promise<Store> {
    for (;;) {
      try {
        return await openPostgresStore({ url });
      } catch (error) {
        assert.equal((error as { code?: string }).code, "store.in-use");
      }
    }
  }

  test("addresses that lead nowhere say so, without the password", async () => {
    const url = await server.newDatabase();
    const cases: [string, string, RegExp][] = [
      ["postgres://u:s3cret@127.0.0.1:1/squall", "store.unreachable", /127\.0\.0\.1:1\/squall/],
      [url.replace(/squall_\d+/, "nowhere"), "store.no-database", /createdb/],
    ];
    for (const [address, code, message] of cases) {
      await assert.rejects(openPostgresStore({ url: address }), (error: Error & { code?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      });
    }
  });

  test("a database that is newer, or may only be read, is left alone", async () => {
    const url = await server.newDatabase();
    await (await openPostgresStore({ url }))[Symbol.asyncDispose]();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("update squall_schema set version = 999");
    await assert.rejects(openPostgresStore({ url }), { code: "store.newer-schema", message: /schema 999/ });
    await client.query(`update squall_schema set version = ${SCHEMA.migrations.length}`);
    const database = /\/(squall_\d+)\?/.exec(url)?.[1] ?? "";
    await client.query(`alter database ${database} set default_transaction_read_only = on`);
    await client.end();
    await assert.rejects(openPostgresStore({ url }), { code: "store.not-writable" });
  });

  test("several processes that share a database claim each execution once, and wait for each other's rows", async () => {
    const url = await server.newDatabase();
    const stores = await Promise.all(Array.from({ length: 3 }, () => openPostgresStore({ url, exclusive: false })));
    const [first] = stores;
    assert.ok(first);
    await first.commit(insert(...Array.from({ length: 200 }, (_, n) => anExecution(n))));
    const claimed = await Promise.all(
      stores.flatMap((store, n) =>
        Array.from({ length: 10 }, () => store.claim(aClaim({ limit: 10, worker: `w${n}` }))),
      ),
    );
    const ids = claimed.flat().map(({ id }) => id);
    assert.equal(ids.length, 200);
    assert.equal(new Set(ids).size, 200);
    // Each adds one to the same keys, in opposite orders, guarded by the version that it read.
    const names = ["a", "b"];
    const addOne = async (store: Store, order: readonly string[]): Promise<void> => {
      for (;;) {
        const versions = await Promise.all(
          order.map(async (name) => (await store.key("default", "st2kv.system", "", name, T0))?.version ?? 0),
        );
        const changes = order.map((name, n) => ({
          kind: "key.put" as const,
          key: aKey(name),
          expect: versions[n] ?? 0,
        }));
        if ((await store.commit(changes)).ok) return;
      }
    };
    await Promise.all(
      stores.flatMap((store, n) =>
        Array.from({ length: 10 }, () => addOne(store, n % 2 === 0 ? names : names.toReversed())),
      ),
    );
    for (const name of names) assert.equal((await first.key("default", "st2kv.system", "", name, T0))?.version, 30);
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
  });
});
