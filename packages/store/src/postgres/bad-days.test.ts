import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { aKey, anExecution, insert, T0 } from "../contract/samples.ts";
import type { Store } from "../port.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

const why = whyNoPostgres();

describe("bad days of PostgreSQL", { skip: why ?? false, timeout: 120_000 }, () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres(["max_connections=20", "superuser_reserved_connections=3"]);
    await server.run("create role squall login createdb");
  });
  after(() => server.stop());

  /** Of a user without special rights. */
  const newDatabase = async (): Promise<string> => {
    const url = await server.newDatabase();
    await server.run(`alter database ${nameOf(url)} owner to squall; `);
    return url.replace("postgres://postgres@", "postgres://squall@");
  };
  const nameOf = (url: string): string => /\/(squall_\d+)\?/.exec(url)?.[1] ?? "";
  const total = async (store: Store) => (await store.executions("default", {}, { limit: 0, count: true })).total;
  /** Until the store says that all is well. */
  const well = async (store: Store): Promise<void> => {
    for (;;) if (await store.describe().then(Boolean, () => false)) return;
  };

  test("one that becomes read-only is said, and written to again by itself when it no longer is", async () => {
    const url = await newDatabase();
    await using store = await openPostgresStore({ url, exclusive: false });
    assert.deepEqual(await store.commit(insert(anExecution(1))), { ok: true });
    const restart = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${nameOf(url)}'`;
    await server.run(`alter database ${nameOf(url)} set default_transaction_read_only = on`);
    await server.run(restart);
    const refused = { code: "store.not-writable", message: /read-only.*name the primary/ };
    await assert.rejects(store.commit(insert(anExecution(2))), refused);
    await assert.rejects(store.describe(), refused);
    assert.equal(await total(store), 1);
    await server.run(`alter database ${nameOf(url)} reset default_transaction_read_only`);
    assert.deepEqual(await store.commit(insert(anExecution(3))), { ok: true });
    // Readers come with new connections in their time.
    await server.run(restart);
    await well(store);
    assert.equal(await total(store), 2);
  });

  test("one without a connection left is waited for, and said when that takes too long", async () => {
    const url = await newDatabase();
    await using store = await openPostgresStore({ url, exclusive: false, patienceMs: 300, connections: 1 });
    assert.deepEqual(await store.commit(insert(anExecution(1))), { ok: true });
    await server.run(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${nameOf(url)}' and application_name like 'squall writer%'`,
    );
    const others: pg.Client[] = [];
    for (;;) {
      const other = new pg.Client({ connectionString: url });
      other.on("error", () => undefined); // it was not let in
      try {
        await other.connect();
        others.push(other);
      } catch {
        break;
      }
    }
    const refused = { code: "store.connections", message: /max_connections/ };
    await assert.rejects(store.commit(insert(anExecution(2))), refused);
    await assert.rejects(store.describe(), refused);
    await assert.rejects(openPostgresStore({ url, exclusive: false }), refused);
    await Promise.all(others.map((other) => other.end()));
    await well(store);
    assert.deepEqual(await store.commit(insert(anExecution(2))), { ok: true });
    assert.equal(await total(store), 2);
  });

  test("a write that is held up for too long is ended and said, and the next one goes through", async () => {
    const url = await newDatabase();
    await using store = await openPostgresStore({ url, exclusive: false, statementMs: 300 });
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query("begin; lock table key in access exclusive mode");
    await assert.rejects(store.commit([{ kind: "key.put", key: aKey("a") }]), {
      code: "store.slow",
      message: /look at its load and its locks/,
    });
    await holder.end();
    await well(store);
    assert.deepEqual(await store.commit([{ kind: "key.put", key: aKey("a") }]), { ok: true });
    assert.equal((await store.key("default", "st2kv.system", "", "a", T0))?.version, 1);
  });

  test("a wrong password is said, without it", async () => {
    const url = await newDatabase();
    const client = new pg.Client({ connectionString: url.replace("squall@", "postgres@") });
    await client.connect();
    await client.query("create role eva login password 'right'");
    const { rows } = await client.query<{ file: string }>("select current_setting('hba_file') as file");
    const file = rows[0]?.file ?? "";
    writeFileSync(file, `local all eva scram-sha-256\n${readFileSync(file, "utf8")}`);
    await client.query("select pg_reload_conf()");
    await client.end();
    const opening = openPostgresStore({ url: url.replace("squall@", "eva:wr0ng@"), exclusive: false });
    await assert.rejects(opening, (error: Error & { code?: string }) => {
      assert.equal(error.code, "store.refused");
      assert.match(error.message, /correct user and password/);
      assert.doesNotMatch(error.message, /wr0ng/);
      return true;
    });
  });

  test("a user who may not make tables is told to own the database", async () => {
    const url = await newDatabase();
    await server.run(
      "revoke create on schema public from public; create role guest login",
      url.replace("squall@", "postgres@"),
    );
    await assert.rejects(openPostgresStore({ url: url.replace("squall@", "guest@"), exclusive: false }), {
      code: "store.rights",
    });
  });

  test("a disk that is full is said, nothing is half-written, and writing goes on when there is room", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "squall-full-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], { stdio: "ignore" });
    } catch {
      rmSync(folder, { recursive: true });
      t.skip("no small disk can be mounted here");
      return;
    }
    try {
      if (process.getuid?.() === 0) {
        const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"]));
        chownSync(folder, id("-u"), id("-g"));
      }
      const url = await newDatabase();
      await server.run(`create tablespace small owner squall location '${folder}'`);
      await server.run(`alter database ${nameOf(url)} set tablespace small`);
      {
        await using store = await openPostgresStore({ url, exclusive: false });
        const big = "x".repeat(200_000);
        const random = () => Array.from({ length: 10_000 }, () => Math.random().toString(36)).join("");
        let acknowledged = 0;
        const full = async (): Promise<void> => {
          for (let n = 0; ; n++) {
            const done = await store.commit([...insert(anExecution(n, { parameters: { big, random: random() } }))]);
            if (done.ok) acknowledged++;
          }
        };
        const refused = { code: "store.disk-full", message: /free some space/ };
        await assert.rejects(full(), refused);
        assert.equal(await total(store), acknowledged);
        execFileSync("mount", ["-o", "remount,size=64m", folder]);
        await well(store);
        assert.deepEqual(await store.commit(insert(anExecution(100_000))), { ok: true });
        assert.equal(await total(store), acknowledged + 1);
      }
      await server.run(`drop database ${nameOf(url)} with (force)`);
      await server.run("drop tablespace small");
    } finally {
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    }
  });

  test("a server that is away for 10 seconds is asked for now and then, and what was asked for meanwhile is written", async () => {
    const url = await newDatabase();
    const socket = join(decodeURIComponent(/host=(.*)$/.exec(url)?.[1] ?? ""), ".s.PGSQL.5432");
    let attempts = 0;
    const between = createServer((near) => {
      attempts++;
      const far = connect(socket);
      near.on("error", () => far.destroy()).on("close", () => far.destroy());
      far.on("error", () => near.destroy()).on("close", () => near.destroy());
      near.pipe(far).pipe(near);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => between.once("listening", resolve));
    const { port } = between.address() as AddressInfo; // cast: it listens on a port
    {
      await using store = await openPostgresStore({
        url: `postgres://squall@127.0.0.1:${port}/${nameOf(url)}`,
        exclusive: false,
        patienceMs: 30_000,
      });
      assert.deepEqual(await store.commit(insert(anExecution(0))), { ok: true });
      await server.kill();
      attempts = 0;
      const writing = Promise.all(Array.from({ length: 50 }, (_, n) => store.commit(insert(anExecution(n + 1)))));
      // The time is what is tested: how often somebody knocks in it.
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      const knocked = attempts;
      await server.start();
      assert.ok((await writing).every(({ ok }) => ok));
      assert.equal(await total(store), 51);
      assert.ok(knocked >= 3 && knocked <= 20, `${knocked} attempts`);
    }
    between.close();
  });
});
