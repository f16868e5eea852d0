import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, rmdirSync, statSync, writeSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { Invalid, TooMany, Unavailable } from "@squall/model";
import { aClaim, aKey, anExecution, aSnapshot, insert, T0 } from "../contract/samples.ts";
import type { Change, Store } from "../index.ts";
import { openSqliteStore } from "./open.ts";

async function aDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "squall-failures-"));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

/** A small file system of its own, or undefined where this user may not mount one. */
function aMount(options: string): ({ directory: string } & Disposable) | undefined {
  const directory = mkdtempSync(join(tmpdir(), "squall-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory], { stdio: "ignore" });
  } catch {
    rmdirSync(directory);
    return undefined;
  }
  return {
    directory,
    [Symbol.dispose]() {
      execFileSync("umount", [directory]);
      rmdirSync(directory);
    },
  };
}

const failsWith =
  (kind: typeof Invalid | typeof Unavailable | typeof TooMany, code: string, ...words: string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof kind, `expected ${kind.name}, got ${String(error)}`);
    assert.equal(error.code, code);
    for (const word of words) assert.ok(error.message.includes(word), `"${word}" is not in: ${error.message}`);
    return true;
  };

const big = (name: string): Change => ({ kind: "key.put", key: aKey(name, { value: "x".repeat(100_000) }) });
const keysOf = async (store: Store) => (await store.keys("default", {}, {}, T0)).items.map(({ name }) => name);

/** Writes pairs of keys, five lists at once, until the disk is full. Returns the pairs that were acknowledged. */
async function fill(store: Store, prefix: string): Promise<string[]> {
  const written: string[] = [];
  for (let group = 0; group < 1000; group++) {
    const names = [0, 1, 2, 3, 4].map((n) => `${prefix}-${group}-${n}`);
    const outcomes = await Promise.allSettled(names.map((name) => store.commit([big(`${name}-a`), big(`${name}-b`)])));
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    if (failed.length === 0) {
      written.push(...names);
      continue;
    }
    assert.equal(failed.length, names.length, "every list of the group is rejected");
    for (const { reason } of failed) failsWith(Unavailable, "store.disk-full", "free some space")(reason);
    return written;
  }
  throw new Error("the disk never became full");
}

function pairs(names: string[]): string[] {
  return names.flatMap((name) => [`${name}-a`, `${name}-b`]).sort();
}

test("a full disk rejects the whole group, leaves nothing half-written, and the store goes on when there is room", async (t) => {
  using mount = aMount("size=12m");
  if (!mount) return t.skip("needs the right to mount a file system");
  const directory = join(mount.directory, "data");
  const ballast = join(mount.directory, "ballast");
  await writeFile(ballast, Buffer.alloc(3 << 20));
  const written: string[] = [];
  {
    await using store = await openSqliteStore({ directory });
    written.push(...(await fill(store, "first")));
    assert.deepEqual((await keysOf(store)).sort(), pairs(written));
    await assert.rejects(store.describe(), failsWith(Unavailable, "store.disk-full", "free some space"));
    await rm(ballast);
    written.push(...(await fill(store, "second")));
    assert.ok(
      written.some((name) => name.startsWith("second")),
      "written after there was room again",
    );
  }
  await using store = await openSqliteStore({ directory });
  assert.deepEqual((await keysOf(store)).sort(), pairs(written));
});

test("a full database rejects the whole group, and takes writes again after something was deleted", async (t) => {
  const directory = await aDirectory(t);
  await using store = await openSqliteStore({ directory, maxPages: 1000 });
  const written = await fill(store, "first");
  assert.deepEqual((await keysOf(store)).sort(), pairs(written));
  const snapshot: Change = { kind: "snapshot.keep", project: "default", digest: "d", snapshot: aSnapshot("frozen") };
  const tooMuch = Array.from({ length: 12 }, (_, n) => big(`too-much-${n}`)); // a group of ten did not fit
  await assert.rejects(store.commit([snapshot, ...tooMuch]), Unavailable);
  const removed = pairs(written).slice(0, 10);
  const outcome = await store.commit(
    removed.map((name) => ({ kind: "key.delete", project: "default", scope: "st2kv.system", user: "", name })),
  );
  assert.deepEqual(outcome, { ok: true });
  assert.deepEqual(await store.commit([snapshot, big("after")]), { ok: true });
  assert.deepEqual(await store.snapshot("default", "d"), aSnapshot("frozen"));
});

test("a file that is no database is refused and left alone", async (t) => {
  const directory = await aDirectory(t);
  const file = join(directory, "squall.db");
  await writeFile(file, "this is no database at all\n".repeat(1000));
  const size = statSync(file).size;
  await assert.rejects(openSqliteStore({ directory }), failsWith(Invalid, "store.not-a-database", file, "backup"));
  assert.equal(statSync(file).size, size);
});

test("another program's database is refused and left alone", async (t) => {
  const directory = await aDirectory(t);
  const file = join(directory, "squall.db");
  const other = new DatabaseSync(file);
  other.exec("create table theirs (a)");
  other.close();
  await assert.rejects(openSqliteStore({ directory }), failsWith(Invalid, "store.foreign-database", file));
  const again = new DatabaseSync(file);
  t.after(() => again.close());
  assert.deepEqual(
    again
      .prepare("select name from sqlite_schema")
      .all()
      .map((row) => row["name"]),
    ["theirs"],
  );
});

test("a damaged page is reported by the reads that meet it, and nothing crashes", async (t) => {
  const directory = await aDirectory(t);
  const file = join(directory, "squall.db");
  {
    await using store = await openSqliteStore({ directory });
    await store.commit(insert(...Array.from({ length: 500 }, (_, n) => anExecution(n))));
  }
  const descriptor = openSync(file, "r+");
  const { size } = statSync(file);
  // The first page stays, so that the file opens; every other one is noise.
  writeSync(descriptor, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
  closeSync(descriptor);
  const failure = await openSqliteStore({ directory })
    .then(async (store) => {
      await using _ = store;
      await store.executions("default", {}, {});
    })
    .catch((error: unknown) => error);
  failsWith(Unavailable, "store.corrupt", file, "backup")(failure);
});

test("a path that cannot be a directory is refused", async (t) => {
  const directory = await aDirectory(t);
  await writeFile(join(directory, "file"), "");
  for (const path of [join(directory, "file"), join(directory, "file", "below")]) {
    await assert.rejects(openSqliteStore({ directory: path }), failsWith(Invalid, "store.bad-path", path));
  }
});

test("a read-only directory is refused with what to do", async (t) => {
  // Mode bits do not bind root; a read-only file system binds everybody.
  using mount = process.getuid?.() === 0 ? aMount("ro") : undefined;
  if (process.getuid?.() === 0 && !mount) return t.skip("needs the right to mount a file system");
  const directory = mount?.directory ?? (await aDirectory(t));
  if (!mount) await chmod(directory, 0o500);
  const refused = failsWith(Unavailable, "store.not-writable", directory, "right to read and write");
  await assert.rejects(openSqliteStore({ directory }), refused);
  await assert.rejects(openSqliteStore({ directory: join(directory, "new") }), refused);
});

test("data on a file system that became read-only is refused, and opened again when it can be written", async (t) => {
  using mount = aMount("size=8m");
  if (!mount) return t.skip("needs the right to mount a file system");
  const directory = join(mount.directory, "data");
  const remount = (mode: "ro" | "rw"): Buffer => execFileSync("mount", ["-o", `remount,${mode}`, mount.directory]);
  {
    await using store = await openSqliteStore({ directory });
    assert.deepEqual(await store.commit([big("kept")]), { ok: true });
  }
  remount("ro");
  await assert.rejects(openSqliteStore({ directory }), failsWith(Unavailable, "store.not-writable", directory));
  remount("rw");
  await using store = await openSqliteStore({ directory });
  assert.deepEqual(await keysOf(store), ["kept"]);
});

test("another program's transaction makes commits fail for its time, and reads go on", async (t) => {
  const directory = await aDirectory(t);
  await using store = await openSqliteStore({ directory, busyTimeoutMs: 5 });
  const other = new DatabaseSync(join(directory, "squall.db"));
  t.after(() => other.close());
  other.exec("begin immediate");
  await assert.rejects(store.commit([big("a")]), failsWith(Unavailable, "store.busy", "try again"));
  assert.deepEqual(await keysOf(store), []);
  await assert.rejects(store.describe(), failsWith(Unavailable, "store.busy"));
  other.exec("rollback");
  assert.deepEqual(await store.commit([big("a")]), { ok: true });
  assert.equal((await store.describe())["engine"], "sqlite");
});

test("the directory and every file in it are for their owner alone", async (t) => {
  const parent = await aDirectory(t);
  const directory = join(parent, "new", "data");
  await using store = await openSqliteStore({ directory });
  await store.commit([big("a")]);
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  const files = Object.fromEntries(readdirSync(directory).map((name) => [name, mode(join(directory, name))]));
  assert.deepEqual(files, {
    "squall.db": "600",
    "squall.db-shm": "600",
    "squall.db-wal": "600",
    "squall.lock": "600",
    "squall.pid": "600",
  });
  assert.deepEqual([mode(directory), mode(join(parent, "new"))], ["700", "700"]);
});

test("a directory that is there already keeps its mode", async (t) => {
  const directory = join(await aDirectory(t), "theirs");
  await mkdir(directory);
  await chmod(directory, 0o755);
  await using _ = await openSqliteStore({ directory });
  assert.equal(statSync(directory).mode & 0o777, 0o755);
});

test("a closed store writes what was waiting, then refuses everything", async (t) => {
  const directory = await aDirectory(t);
  const store = await openSqliteStore({ directory });
  const waiting = store.commit([big("waiting")]);
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  assert.deepEqual(await waiting, { ok: true });
  const closed = failsWith(Unavailable, "store.closed");
  await assert.rejects(store.commit([big("late")]), closed);
  await assert.rejects(store.claim(aClaim({ limit: 1 })), closed);
  await assert.rejects(store.projects(), closed);
  await using again = await openSqliteStore({ directory });
  assert.deepEqual(await keysOf(again), ["waiting"]);
});

test("more waiting writes than the queue holds are refused, and those in it succeed", async (t) => {
  const directory = await aDirectory(t);
  await using store = await openSqliteStore({ directory });
  const waiting = Array.from({ length: 100_000 }, () => store.commit([]));
  await assert.rejects(store.commit([]), failsWith(TooMany, "store.queue-full"));
  assert.ok((await Promise.all(waiting)).every((outcome) => outcome.ok));
  assert.deepEqual(await store.commit([]), { ok: true });
});

test("a change with a field that is missing or no text is refused as its list's own fault", async (t) => {
  const directory = await aDirectory(t);
  await using store = await openSqliteStore({ directory });
  // Casts: what a caller without types could pass.
  const wrong = aKey("a", { value: { not: "text" } as unknown as string });
  const missing = anExecution(1, { start: Number.NaN, user: undefined as unknown as string });
  const outcomes = await Promise.allSettled([
    store.commit([{ kind: "key.put", key: wrong }]),
    store.commit([big("good")]),
    store.commit([big("with it"), ...insert(missing)]),
  ]);
  const [first, second, third] = outcomes.map((outcome) =>
    outcome.status === "rejected" ? (outcome.reason as unknown) : "written",
  );
  failsWith(Invalid, "store.bad-change")(first);
  assert.equal(second, "written");
  failsWith(Invalid, "store.bad-change")(third);
  assert.deepEqual(await keysOf(store), ["good"]);
});
