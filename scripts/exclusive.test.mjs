import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { breakLock, exclusively } from "./exclusive.mjs";

let folder;
let lock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "squall-lock-"));
  lock = join(folder, "install.lock");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const heldBy = (pids, host = hostname()) => writeFileSync(lock, `${JSON.stringify({ host, pids })}\n`);

/** The id of a process that has ended. */
async function deadPid() {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "exit");
  return child.pid;
}

/** A process that runs until it is told not to. */
async function living(t) {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume(); console.log('up')"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

test("a free lock is taken, names its holder, and leaves nothing behind", async () => {
  const answer = await exclusively(lock, {}, async () => JSON.parse(readFileSync(lock, "utf8")));
  assert.deepEqual(answer, { host: hostname(), pids: [process.pid] });
  assert.deepEqual(readdirSync(folder), []);
});

test("the lock is given back when the work fails", async () => {
  await assert.rejects(
    exclusively(lock, {}, () => Promise.reject(new Error("no network"))),
    /no network/,
  );
  assert.equal(existsSync(lock), false);
});

test("the lock of a dead process is taken over without waiting", async () => {
  heldBy([await deadPid()]);
  let waited = false;
  await exclusively(lock, { waiting: () => (waited = true) }, async () => undefined);
  assert.equal(waited, false);
});

test("a lock is not taken over while a job its dead holder started still runs", async (t) => {
  const orphan = await living(t);
  heldBy([await deadPid(), orphan.pid]);
  const order = [];
  const waiting = () => {
    order.push("waiting");
    orphan.kill("SIGKILL");
  };
  orphan.once("exit", () => order.push("orphan ended"));
  await exclusively(lock, { waiting }, async () => order.push("taken"));
  assert.deepEqual(order, ["waiting", "orphan ended", "taken"]);
});

test("a lock with our own id is that of a process before us: ids come again after a restart of a container", async () => {
  heldBy([process.pid]);
  await exclusively(lock, {}, async () => undefined);
});

test("a lock of another machine is held until nobody has touched it for long", async () => {
  heldBy([1], "another-machine");
  const told = Promise.withResolvers();
  const work = exclusively(lock, { waiting: told.resolve }, async () => "taken");
  await told.promise;
  const longAgo = new Date(Date.now() - 60 * 60_000);
  utimesSync(lock, longAgo, longAgo);
  assert.equal(await work, "taken");
});

test("whoever saw a dead holder looks again before it breaks the lock, and leaves the successor's alone", async (t) => {
  const successor = await living(t);
  heldBy([successor.pid]);
  breakLock(lock);
  assert.deepEqual(readdirSync(folder), ["install.lock"]);
});

test("a lock is broken by one process at a time", async () => {
  heldBy([await deadPid()]);
  writeFileSync(`${lock}.break`, JSON.stringify({ host: hostname(), pids: [process.pid] }));
  breakLock(lock);
  assert.equal(existsSync(lock), true);
});

test("of many processes that find a dead holder's lock at once, one at a time works", async () => {
  heldBy([await deadPid()]);
  const log = join(folder, "log");
  const worker = `
    import { appendFileSync } from "node:fs";
    import { breakLock, exclusively } from ${JSON.stringify(new URL("exclusive.mjs", import.meta.url).href)};
    await exclusively(${JSON.stringify(lock)}, {}, async () => {
      appendFileSync(${JSON.stringify(log)}, "in ");
      await new Promise((resolve) => setImmediate(resolve));
      appendFileSync(${JSON.stringify(log)}, "out ");
    });`;
  const workers = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", worker], { stdio: "inherit" }),
  );
  const codes = await Promise.all(workers.map(async (child) => (await once(child, "exit"))[0]));
  assert.deepEqual(codes, [0, 0, 0, 0, 0, 0]);
  assert.equal(readFileSync(log, "utf8"), "in out ".repeat(6));
});
