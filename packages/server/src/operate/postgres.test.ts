import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { startPostgres, type TestPostgres, whyNoPostgres } from "@squall/store";
import { aServer, type Answer, completed, type TestServer } from "../a-server.ts";

const MAIN = join(import.meta.dirname, "main.ts");

suite("an installation on PostgreSQL", { timeout: 240_000, skip: whyNoPostgres() ?? false }, () => {
  let folder: string;
  let postgres: TestPostgres;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "squall-operate-"));
    postgres = await startPostgres([
      "fsync=off",
      "wal_level=replica",
      "archive_mode=on",
      "archive_command=mkdir -p ../wal && cp %p ../wal/%f",
    ]);
  });
  after(async () => {
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** A server on a data directory of this test, which stays when the server stops. */
  function serverOn(name: string, store?: string): Promise<TestServer> {
    const data = join(folder, name);
    const log = join(folder, `${name}.log`);
    return aServer({ dataDirectory: data, logFile: log, resetPassword: "admin", ...(store && { store }) });
  }

  async function run(on: TestServer, text: string): Promise<string> {
    const body = { action: "core.local", parameters: { cmd: `echo ${text}` } };
    const { json, text: said, status } = await on.admin("POST", "/v1/executions", body);
    assert.equal(status, 201, said);
    assert.equal((await completed(on.admin, json.id)).status, "succeeded");
    return json.id;
  }

  async function keep(on: TestServer, name: string): Promise<void> {
    const { status, text } = await on.admin("PUT", `/v1/keys/${name}`, {
      name,
      value: `value of ${name}`,
      secret: true,
    });
    assert.equal(status, 200, text);
  }

  async function valueOf(on: TestServer, name: string): Promise<unknown> {
    return (await on.admin("GET", `/v1/keys/${name}?decrypt=true`)).json.value;
  }

  async function stdoutOf(on: TestServer, id: string): Promise<unknown> {
    const { json } = (await on.admin("GET", `/v1/executions/${id}`)) satisfies Answer;
    return json.result?.stdout;
  }

  /** `squall backup`, `restore` or `migrate-store` as a person runs it. */
  function squall(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
    return new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((resolve) => {
      execFile(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", MAIN, ...words],
        { env: { PATH: process.env.PATH ?? "", ...env } },
        // Cast: a program that ran has a number for a code.
        (error, out, err) => resolve({ code: error ? ((error.code as unknown as number) ?? 1) : 0, out, err }),
      );
    });
  }

  test("is moved there from a file, and back, with all that happened", async () => {
    const url = await postgres.newDatabase();
    let first: string;
    {
      await using server = await serverOn("moved");
      first = await run(server, "first");
      await keep(server, "k1");
      const busy = await squall(["migrate-store", "--data", join(folder, "moved")], { SQUALL_TO: url });
      assert.deepEqual([busy.code, busy.out], [1, ""]);
      assert.match(busy.err, /in use by another Squall/);
    }
    const move = ["migrate-store", "--data", join(folder, "moved")];
    const done = await squall(move, { SQUALL_TO: url });
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /execution +1 +[0-9a-f]{16}\n/);
    assert.match(done.out, /read back there: the same/);
    const again = await squall(move, { SQUALL_TO: url });
    assert.equal(again.code, 0, again.err);
    assert.match(again.out, /already; nothing was written/);

    let second: string;
    {
      await using server = await serverOn("moved", url);
      assert.equal(await stdoutOf(server, first), "first");
      assert.equal(await valueOf(server, "k1"), "value of k1");
      second = await run(server, "second");
    }
    // It has gone on: the file is no longer what is there, and must not take its place.
    const late = await squall(move, { SQUALL_TO: url });
    assert.equal(late.code, 1);
    assert.match(late.err, /holds another installation/);

    const back = join(folder, "back");
    cpSync(join(folder, "moved"), back, { recursive: true, filter: (path) => !/squall\.(db|lock)/.test(path) });
    const returned = await squall(["migrate-store", "--to", back], { SQUALL_STORE: url });
    assert.equal(returned.code, 0, returned.err);
    await using server = await serverOn("back");
    assert.equal(await stdoutOf(server, first), "first");
    assert.equal(await stdoutOf(server, second), "second");
    assert.equal(await valueOf(server, "k1"), "value of k1");
  });

  test("is backed up while it works, and restored into a file or another database", async () => {
    const [url, other] = [await postgres.newDatabase(), await postgres.newDatabase()];
    const file = join(folder, "postgres.tar.gz");
    let id: string;
    {
      await using server = await serverOn("source", url);
      id = await run(server, "kept");
      await keep(server, "k1");
      const done = await squall(["backup", file, "--data", join(folder, "source")], { SQUALL_STORE: url });
      assert.equal(done.code, 0, done.err);
      await keep(server, "later");
    }
    for (const [name, store] of [
      ["into-file", undefined],
      ["into-database", other],
    ] as const) {
      const env = store === undefined ? {} : { SQUALL_STORE: store };
      const done = await squall(["restore", file, "--data", join(folder, name)], env);
      assert.equal(done.code, 0, done.err);
      await using server = await serverOn(name, store);
      assert.equal(await stdoutOf(server, id), "kept");
      assert.equal(await valueOf(server, "k1"), "value of k1");
      assert.equal((await server.admin("GET", "/v1/keys/later")).status, 404);
    }
    const full = await squall(["restore", file, "--data", join(folder, "full")], { SQUALL_STORE: url });
    assert.equal(full.code, 1);
    assert.match(full.err, /holds another installation/);
  });

  test("is brought back to a point in time with PostgreSQL's own means", async () => {
    const url = await postgres.newDatabase();
    const database = new URL(url.replace("@/", "@localhost/")).pathname.slice(1);
    let before: string;
    let between: string;
    {
      await using server = await serverOn("point", url);
      before = await run(server, "before");
      postgres.program("pg_basebackup", "-D", "base", "-c", "fast", "-X", "none", "--no-manifest", "-U", "postgres");
      between = await run(server, "between");
      await keep(server, "good");
      await postgres.run("select pg_create_restore_point('good')");
      // The mistake that it was good for.
      assert.equal((await server.admin("DELETE", "/v1/keys/good")).status, 204);
      await keep(server, "bad");
    }
    await postgres.halt();

    const base = join(postgres.folder, "base");
    const wal = join(postgres.folder, "wal");
    await appendFile(
      join(base, "postgresql.auto.conf"),
      `restore_command = 'cp ${wal}/%f %p'\nrecovery_target_name = 'good'\nrecovery_target_action = 'promote'\n`,
    );
    postgres.program("touch", "base/recovery.signal");
    const recovered = await startPostgres(["fsync=off"], base);
    try {
      await using server = await serverOn("point", recovered.addressOf(database));
      assert.equal(await stdoutOf(server, before), "before");
      assert.equal(await stdoutOf(server, between), "between");
      assert.equal(await valueOf(server, "good"), "value of good");
      assert.equal((await server.admin("GET", "/v1/keys/bad")).status, 404);
      await run(server, "after");
    } finally {
      await recovered.stop();
    }
  });
});
