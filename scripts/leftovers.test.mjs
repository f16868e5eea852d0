import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { leftovers, RUN_MARK } from "./leftovers.mjs";

const onLinux = { skip: process.platform === "linux" ? false : "only Linux shows other processes' environments" };
const NO_GROUP = -1;
const waits = ["-e", "process.stdin.resume(); console.log('up')"];

test("a process that left the group of its run is found by the run's mark until it ends", onLinux, async (t) => {
  const mark = `test-${process.pid}`;
  const child = spawn(process.execPath, waits, {
    detached: true,
    env: { [RUN_MARK]: mark },
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const [found = "", ...others] = leftovers(NO_GROUP, mark);
  assert.match(found, new RegExp(`^${child.pid} .*stdin`));
  assert.deepEqual(others, []);
  assert.equal(leftovers(child.pid, "no such mark").length, 1);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.deepEqual(leftovers(child.pid, mark), []);
});
