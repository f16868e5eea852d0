import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { SquallError } from "@squall/model";
import { type ArchiveEntry, readTar, TAR_END, type TarEntry, tarEntry } from "@squall/packs";
import { aServer, type Answer, basic, callerOf, completed, type TestServer } from "../a-server.ts";
import { ACTION, files, MANIFEST, tarOf } from "../routes/pack-sources.ts";
import { backUp, KEY } from "./backup.ts";
import { migrateStore } from "./migrate-store.ts";
import { startProgress } from "./progress.ts";
import { checkBackup, restore } from "./restore.ts";

const quiet = startProgress(() => undefined);
const never = new AbortController().signal;

suite("an installation that is backed up, restored and moved", { timeout: 180_000 }, () => {
  let folder: string;
  let server: TestServer;
  /** Of `server` while it was at work. */
  let backup: string;
  let execution: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "squall-operate-"));
    server = await aServer();
    const { admin } = server;
    const pack = await files(join(folder, "carried"), {
      "pack.yaml": MANIFEST("carried"),
      "actions/hello.yaml": ACTION,
    });
    const sent = await admin("POST", "/v1/packs/archive", await tarOf(pack), { "Content-Type": "application/gzip" });
    assert.equal(sent.status, 201, sent.text);
    const key = await admin("PUT", "/v1/keys/token", { name: "token", value: "s3cret", secret: true });
    assert.equal(key.status, 200, key.text);
    execution = (await run("core.local", { cmd: "echo kept" }, server)).id;

    // It goes on working while it is copied.
    const copied = new AbortController();
    const work = (async () => {
      let acknowledged = 0;
      while (!copied.signal.aborted) {
        const { status } = await admin("POST", "/v1/executions", { action: "core.noop" });
        assert.equal(status, 201);
        acknowledged += 1;
      }
      return acknowledged;
    })();
    backup = join(folder, "backup.tar.gz");
    const done = await backUp(request(backup), quiet, never);
    copied.abort();
    assert.ok((await work) > 0);
    assert.ok(done.rows > 100 && done.files >= 4 && done.bytes === (await stat(backup)).size);
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  function request(file: string) {
    const { directory } = server;
    return { file, store: { directory }, dataDirectory: directory, keyFile: join(directory, KEY) };
  }

  async function run(action: string, parameters: object, on: Pick<TestServer, "admin">): Promise<Answer["json"]> {
    const { json, text, status } = await on.admin("POST", "/v1/executions", { action, parameters });
    assert.equal(status, 201, text);
    return completed(on.admin, json.id);
  }

  function restored(name: string, more: Partial<Parameters<typeof restore>[0]> = {}) {
    const dataDirectory = join(folder, name);
    const given = { file: backup, dataDirectory, storeUrl: undefined, force: false, ...more };
    return restore(given, quiet, never);
  }

  test("a restored one signs in, decrypts, remembers and runs what was installed", async () => {
    const done = await restored("new");
    assert.equal(done.hasKey, true);
    const data = join(folder, "new");
    assert.equal((await stat(data)).mode & 0o777, 0o700);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes("restoring")),
      [],
    );
    await using again = await aServer({ dataDirectory: data, logFile: join(data, "log"), resetPassword: "admin" });
    const { admin } = again;
    assert.equal((await admin("GET", "/v1/keys/token?decrypt=true")).json.value, "s3cret");
    const old = (await admin("GET", `/v1/executions/${execution}`)).json;
    assert.equal(old.status, "succeeded");
    assert.equal(old.result.stdout, "kept");
    assert.equal((await run("carried.hello", {}, again)).status, "succeeded");
    // Its packs are those of the new place, whatever becomes of the old.
    const { json } = await admin("GET", "/v1/packs/carried");
    assert.equal(json.path, join(data, "packs", "carried"));
  });

  test("passwords are those of the backup", async () => {
    await restored("passwords");
    const data = join(folder, "passwords");
    await using again = await aServer({ dataDirectory: data, logFile: join(data, "log") });
    const { status } = await callerOf(again.url, {})("POST", "/v1/tokens", undefined, basic("admin", server.password));
    assert.equal(status, 201);
  });

  test("a backup can be read by its owner alone, lies under its name when it is whole, and replaces none", async () => {
    assert.equal((await stat(backup)).mode & 0o777, 0o600);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith(".part")),
      [],
    );
    await assert.rejects(backUp(request(backup), quiet, never), isError("backup.exists"));
    const aborted = AbortSignal.abort(new Error("stopped"));
    await assert.rejects(backUp(request(join(folder, "aborted.tar.gz")), quiet, aborted));
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith("aborted")),
      [],
    );
  });

  test("without the key it says so, and holds no byte of it", async () => {
    const file = join(folder, "keyless.tar.gz");
    await backUp({ ...request(file), keyFile: undefined }, quiet, never);
    const key = (await readFile(join(server.directory, KEY), "utf8")).trim();
    assert.ok(!gunzipSync(await readFile(file)).includes(key));
    assert.ok(gunzipSync(await readFile(backup)).includes(key));
    assert.equal((await restored("keyless", { file })).hasKey, false);
    assert.equal(existsSync(join(folder, "keyless", KEY)), false);
  });

  test("a key that is not there is asked for, not left out in silence", async () => {
    const missing = { ...request(join(folder, "missing.tar.gz")), keyFile: join(folder, "nothing") };
    await assert.rejects(backUp(missing, quiet, never), isError("backup.key-missing"));
  });

  test("it is not restored over a server that runs, nor over what is there, unless that may be moved aside", async () => {
    const over = { dataDirectory: server.directory, force: true };
    await assert.rejects(restored("", over), isError("store.in-use"));
    const data = join(folder, "occupied");
    await mkdir(data);
    await writeFile(join(data, "mine"), "mine");
    await assert.rejects(restored("occupied"), isError("restore.not-empty"));
    assert.deepEqual(await readdir(data), ["mine"]);
    const { aside } = await restored("occupied", { force: true });
    assert.ok(aside);
    assert.deepEqual(await readdir(aside), ["mine"]);
    assert.ok(existsSync(join(data, "squall.db")));
  });

  test("a backup that is damaged anywhere is refused, and nothing of it is left", async () => {
    const whole = await readFile(backup);
    const bad = join(folder, "bad.tar.gz");
    for (const [n, damage] of [
      () => writeFile(bad, "no archive"),
      () => writeFile(bad, gzipSync("no tar")),
      async () => {
        await writeFile(bad, whole);
        await truncate(bad, Math.floor(whole.length * 0.7));
      },
      async () => {
        const flipped = Buffer.from(whole);
        flipped[Math.floor(whole.length / 2)] = (flipped[Math.floor(whole.length / 2)] ?? 0) ^ 0xff;
        await writeFile(bad, flipped);
      },
      () => rewritten(bad, (entry, text) => (entry.path === "manifest.json" ? undefined : text)),
      () => rewritten(bad, (entry, text) => (entry.path.includes("/user/") ? text.replace("admin", "adnim") : text)),
      () => rewritten(bad, (entry, text) => (entry.path.includes("/user/") ? "" : text)),
      () => rewritten(bad, (entry, text) => (entry.path.includes("/user/") ? "[1, {}]" : text)),
      () => rewritten(bad, (entry, text) => (entry.path === "data/encryption.key" ? `x${text.slice(1)}` : text)),
      () => rewritten(bad, (entry, text) => (entry.path.startsWith("data/packs") ? undefined : text)),
    ].entries()) {
      await damage();
      await assert.rejects(restored("bad", { file: bad }), isError("backup.unreadable"), `damage ${n}`);
      await assert.rejects(checkBackup(bad, quiet), isError("backup.unreadable"), `damage ${n}`);
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.startsWith("bad") && name !== "bad.tar.gz"),
        [],
        `damage ${n}`,
      );
    }
    await rewritten(bad, (entry, text) =>
      entry.path === "squall-backup.json" ? text.replace('"format": 1', '"format": 2') : text,
    );
    await assert.rejects(restored("bad", { file: bad }), isError("backup.newer-format"));
    await assert.rejects(restored("bad", { file: join(folder, "nothing") }), isError("backup.unreadable"));
    assert.ok((await checkBackup(backup, quiet)).rows > 100);
  });

  test("files of a forged backup stay in the data directory", async () => {
    const bad = join(folder, "forged.tar.gz");
    const forged: TarEntry[] = [
      { path: "data/packs/../../escaped", kind: "file", executable: false, content: Buffer.from("x") },
      { path: "data/squall.db", kind: "file", executable: false, content: Buffer.from("x") },
      { path: "data//etc/escaped", kind: "file", executable: false, content: Buffer.from("x") },
      { path: "data/packs/out", kind: "link", target: "../../../escaped" },
      { path: "data/packs/out", kind: "link", target: "/etc" },
    ];
    for (const one of forged) {
      await rewritten(bad, (_, text) => text, one);
      await assert.rejects(restored("forged", { file: bad }), isError("backup.unreadable"), one.path);
    }
    assert.equal(existsSync(join(folder, "escaped")), false);
  });

  /** The backup with some files changed or left out, and one put in. */
  async function rewritten(
    to: string,
    change: (entry: ArchiveEntry, text: string) => string | undefined,
    more?: TarEntry,
  ): Promise<void> {
    const blocks: Buffer[] = [];
    async function* bytes() {
      yield gunzipSync(await readFile(backup));
    }
    for await (const entry of readTar(bytes())) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry.content()) chunks.push(chunk);
      const text = change(entry, Buffer.concat(chunks).toString("utf8"));
      if (text === undefined) continue;
      const content = Buffer.from(text);
      blocks.push(...tarEntry({ path: entry.path, kind: "file", executable: entry.executable, content }));
      if (entry.path === "data/encryption.key" && more) blocks.push(...tarEntry(more));
    }
    await writeFile(to, gzipSync(Buffer.concat([...blocks, TAR_END])));
  }

  test("a store is moved only while no server works on it", async () => {
    const to = { directory: join(folder, "moved") };
    const from = { directory: server.directory };
    await assert.rejects(migrateStore(from, to, quiet, never), isError("store.in-use"));
    await assert.rejects(migrateStore(from, from, quiet, never), isError("migrate.same-store"));
  });
});

function isError(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SquallError && error.code === code, String(error));
    return true;
  };
}
