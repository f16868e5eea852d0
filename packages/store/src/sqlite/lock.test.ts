import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { Unavailable } from "@squall/model";
import { openSqliteStore } from "./open.ts";

async function aDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "squall-lock-"));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

function holder(t: TestContext, directory: string): { child: Child; said: Promise<string> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, "lock.child.ts"), directory], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return { child, said: once(child.stdout, "data").then(([data]) => String(data).trim()) };
}

const inUse =
  (pid: number) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Unavailable);
    assert.equal(error.code, "store.in-use");
    assert.equal(error.fields["pid"], pid);
    assert.match(error.message, new RegExp(`process ${pid}.*--data`));
    return true;
  };

test("a directory cannot be opened twice inside one process", async (t) => {
  const directory = await aDirectory(t);
  {
    await using _ = await openSqliteStore({ directory });
    await assert.rejects(openSqliteStore({ directory }), inUse(process.pid));
    await assert.rejects(openSqliteStore({ directory }), inUse(process.pid)); // the first refusal did not drop the lock
  }
  assert.equal(existsSync(join(directory, "squall.pid")), false);
  await using store = await openSqliteStore({ directory });
  assert.equal(store.exclusive, true);
});

test("a directory cannot be opened while another process has it, and can once that was killed", async (t) => {
  const directory = await aDirectory(t);
  const { child, said } = holder(t, directory);
  assert.equal(await said, "open");
  await assert.rejects(openSqliteStore({ directory }), inUse(child.pid ?? 0));
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  assert.ok(existsSync(join(directory, "squall.pid")), "what the dead one left does not matter");
  await using _ = await openSqliteStore({ directory });
});

test("of several processes that start at once exactly one gets the directory", async (t) => {
  const directory = await aDirectory(t);
  const said = await Promise.all([1, 2, 3, 4].map(() => holder(t, directory).said));
  assert.deepEqual(said.sort(), ["open", "store.in-use", "store.in-use", "store.in-use"]);
});
