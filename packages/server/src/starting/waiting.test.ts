import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { startPostgres, type TestPostgres, whyNoPostgres } from "@squall/store";
import { callerOf } from "../a-server.ts";
import { newKey } from "../vault-key.ts";

const MAIN = join(import.meta.dirname, "..", "main.ts");

interface Program {
  readonly child: ChildProcess;
  text(): string;
  /** What the pattern's first group is, once it was printed. */
  finds(pattern: RegExp): Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly err: string }>;
}

suite("a server whose PostgreSQL is not there", { timeout: 120_000, skip: whyNoPostgres() ?? false }, () => {
  let folder: string;
  let postgres: TestPostgres;
  const running = new Set<ChildProcess>();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "squall-waiting-"));
    postgres = await startPostgres(["fsync=off"]);
  });
  afterEach(async () => {
    for (const child of running) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
  after(async () => {
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function start(name: string, store: string, args: readonly string[] = []): Program {
    const all = [MAIN, "--port", "0", "--data", join(folder, name), "--pack-index", "none", ...args];
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...all], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, SQUALL_STORE: store },
    });
    running.add(child);
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const ended = once(child, "close").then(([code]) => {
      running.delete(child);
      return { code: code as number | null, err };
    });
    const finds = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const found = pattern.exec(out);
        if (found) return found[1] ?? "";
        const more = await Promise.race([once(child.stdout, "data").then(() => true), ended.then(() => false)]);
        if (!more && !pattern.test(out)) throw new Error(`it ended without saying ${pattern}: ${out} ${err}`);
      }
    };
    return { child, ended, finds, text: () => out };
  }

  test("it answers health and nothing else, says what it waits for, and comes up by itself", async () => {
    const store = await postgres.newDatabase();
    await postgres.kill();
    const program = start("down", store);
    const ask = callerOf(await program.finds(/waiting for the store: .* cannot be reached .*\((http\S+)\/health/), {});
    assert.equal((await ask("GET", "/health/live")).status, 200);
    const ready = await ask("GET", "/v1/health/ready");
    assert.equal(ready.status, 503);
    assert.match(ready.json.words, /waits for the store, which cannot be reached/);
    const health = await ask("GET", "/health");
    assert.deepEqual([health.status, health.json.parts.process.ok], [503, false]);
    const api = await ask("POST", "/v1/executions", { action: "core.noop" });
    assert.deepEqual([api.status, api.json.code], [503, "server.starting"]);
    assert.match(api.json.faultstring, /waits for the store/);
    assert.ok(Number(api.headers.get("retry-after")) > 0);

    await postgres.start();
    await program.finds(/execution list/);
    assert.equal((await ask("GET", "/health/ready")).status, 200);
    assert.equal(program.text().match(/waiting for/g)?.length, 1, program.text());

    // Not ready while it is away again, alive all the time, and ready by itself when it is back.
    await postgres.kill();
    const away = await ask("GET", "/health");
    assert.deepEqual([away.status, away.json.parts.store.ok], [503, false]);
    assert.match((await ask("GET", "/health/ready")).json.words, /the store cannot be reached/);
    assert.equal((await ask("GET", "/health/live")).status, 200);
    await postgres.start();
    while ((await ask("GET", "/health/ready")).status !== 200);
  });

  test("a store without a connection left, and a read-only one, are waited for", async () => {
    const store = await postgres.newDatabase();
    const database = /\/(squall_\d+)\?/.exec(store)?.[1] ?? "";
    await postgres.run(`create role squall login; alter database ${database} owner to squall`);
    await postgres.run(`alter database ${database} connection limit 0`);
    await postgres.run(`alter database ${database} set default_transaction_read_only = on`);
    const program = start("full", store.replace("postgres@", "squall@"));
    await program.finds(/waiting for the store: .* has no connection left/);
    await postgres.run(`alter database ${database} connection limit -1`);
    await program.finds(/waiting for the store: .* is read-only/);
    await postgres.run(`alter database ${database} reset default_transaction_read_only`);
    await program.finds(/execution list/);
  });

  test("what time does not heal ends it with what to do", async () => {
    const store = await postgres.newDatabase();
    const newer = await postgres.newDatabase();
    for (const [name, url, pattern] of [
      ["user", store.replace("postgres@", "nobody:secret@"), /does not let this user in.*correct user and password/],
      ["database", store.replace(/squall_\d+/, "nothere"), /has no such database.*createdb/],
      ["address", "postgres://ann:secret@db:port/squall", /squall server: /],
    ] as const) {
      const { code, err } = await start(name, url).ended;
      assert.equal(code, 1, err);
      assert.match(err, pattern);
      assert.ok(!err.includes("secret"), err);
    }
    const first = start("first", newer);
    await first.finds(/execution list/);
    first.child.kill("SIGTERM");
    await first.ended;
    await postgres.run("update squall_schema set version = 9999", newer);
    const { code, err } = await start("first", newer).ended;
    assert.equal(code, 1);
    assert.match(err, /newer Squall \(schema 9999/);
  });

  test("a signal while it waits ends it at once", async () => {
    const store = (await postgres.newDatabase()).replace(/host=.*/, "host=%2Fnowhere");
    const program = start("signal", store);
    await program.finds(/waiting for the store/);
    program.child.kill("SIGTERM");
    assert.deepEqual(await program.ended, { code: 143, err: "" });
  });

  test("a process without the role api answers health alone, and needs no port", async () => {
    const store = await postgres.newDatabase();
    const keyFile = join(folder, "squall.key");
    await writeFile(keyFile, `${newKey()}\n`);
    const cluster = ["--bus", "nats://127.0.0.1:4222", "--key-file", keyFile, "--labels", "site=edge"];
    const worker = start("worker", store, [...cluster, "--roles", "worker"]);
    const url = await worker.finds(/answers at (http\S+) as worker \(site=edge\)/);
    assert.ok(!worker.text().includes("password"));
    const ask = callerOf(url, {});
    assert.equal((await ask("GET", "/health/ready")).status, 200);
    const api = await ask("GET", "/v1/executions");
    assert.deepEqual([api.status, api.json.code], [404, "server.no-api"]);

    const sources = start("sources", store, [...cluster, "--roles", "sources,engine", "--port", "none"]);
    await sources.finds(/Squall works, as engine, sources/);
    for (const { child } of [worker, sources]) child.kill("SIGTERM");
    assert.deepEqual([(await worker.ended).code, (await sources.ended).code], [0, 0]);
  });
});
