import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { anId } from "../contract/samples.ts";
import { openSqliteStore } from "./open.ts";

const ROUNDS = 5;

test("whatever resolved before SIGKILL is there afterwards, and every list is whole (S1, S2)", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "squall-kill-"));
  t.after(() => rm(directory, { recursive: true }));
  const printed = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const killAfter = 1 + Math.floor(Math.random() * 1000);
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "durability.child.ts"), directory, String(round * 1_000_000)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const exited = once(child, "exit");
    t.after(() => child.kill("SIGKILL"));
    let count = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      printed.add(Number(line));
      if (++count === killAfter) child.kill("SIGKILL"); // lines that it printed before it died still arrive
    }
    assert.deepEqual(await exited, [null, "SIGKILL"]);
    assert.ok(count >= killAfter);

    await using store = await openSqliteStore({ directory });
    const events = new Set((await store.events("default", {}, {})).items.map(({ id }) => id));
    const executions = (await store.executions("default", {}, {})).items;
    assert.deepEqual(new Set(executions.map(({ id }) => id)), events, "each list has an event and an execution");
    assert.ok(executions.every(({ status }) => status === "succeeded"));
    for (const n of printed) assert.ok(events.has(anId(n)), `list ${n} was acknowledged and is lost (round ${round})`);
  }
});

test("every commit is synced to the disk", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "squall-sync-"));
  t.after(() => rm(directory, { recursive: true }));
  await using store = await openSqliteStore({ directory });
  const { journal_mode, synchronous } = await store.describe();
  assert.deepEqual({ journal_mode, synchronous }, { journal_mode: "wal", synchronous: 2 }); // 2 is FULL
});
