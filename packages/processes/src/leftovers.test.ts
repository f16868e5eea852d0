import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { endLeftovers } from "./leftovers.ts";
import { createProcessTable, MARK } from "./members.ts";

const isLinux = process.platform === "linux";

test("what a lost execution left running is ended, and nothing else", { skip: !isLinux && "needs /proc" }, async () => {
  const start = (mark: string, command: string) =>
    spawn("/bin/sh", ["-c", command], {
      env: { PATH: process.env.PATH ?? "", [MARK]: mark },
      detached: true,
      stdio: "ignore",
    });
  const lost = start("65f0c0ffee65f0c0ffee0001", "exec sleep 60");
  const stubborn = start("65f0c0ffee65f0c0ffee0001", "trap '' TERM; while :; do sleep 0.05; done");
  const other = start("65f0c0ffee65f0c0ffee0002", "exec sleep 60");
  const ends = [once(lost, "exit"), once(stubborn, "exit")];
  const count = await endLeftovers(["65f0c0ffee65f0c0ffee0001"], { table: createProcessTable(), graceMs: 300 });
  assert.ok(count >= 2);
  await Promise.all(ends);
  assert.equal(stubborn.signalCode, "SIGKILL");
  assert.equal(other.exitCode ?? other.signalCode, null);
  other.kill("SIGKILL");
  await once(other, "exit");
});

test("a leader that is no process has no members", { skip: process.platform !== "linux" && "needs /proc" }, () => {
  for (const leader of [0, 1, -1]) {
    assert.deepEqual(createProcessTable().members(leader, "a mark that nobody has", performance.now()), []);
  }
});
