import assert from "node:assert/strict";
import { test } from "node:test";
import { aJob, aListener } from "./a-job.ts";
import { createRunners } from "./index.ts";

const runners = new Map(createRunners().map((runner) => [runner.name, runner]));
const run = (name: string, runnerParameters: object, actionParameters: object, io = aListener()) => {
  const runner = runners.get(name);
  assert.ok(runner);
  return runner.run(aJob({ runnerParameters: { ...runnerParameters }, actionParameters: { ...actionParameters } }), io);
};

test("every runner that this room promises is there, once", () => {
  assert.deepEqual([...runners.keys()].sort(), [
    "action-chain",
    "announcement",
    "http-request",
    "inquirer",
    "local-shell-cmd",
    "local-shell-script",
    "node-script",
    "noop",
    "orquesta",
    "python-script",
    "python-virtualenv",
    "remote-shell-cmd",
    "remote-shell-script",
    "winrm-cmd",
    "winrm-ps-cmd",
    "winrm-ps-script",
  ]);
});

test("noop succeeds", async () => {
  assert.deepEqual(await run("noop", {}, { anything: 1 }), {
    status: "succeeded",
    result: { failed: false, succeeded: true, return_code: 0 },
  });
});

test("announcement publishes its parameters under its route and gives them back", async () => {
  const io = aListener();
  const outcome = await run("announcement", { experimental: true, route: "deploys" }, { message: { a: 1 } }, io);
  assert.deepEqual(outcome, { status: "succeeded", result: { output: { message: { a: 1 } }, message: { a: 1 } } });
  assert.deepEqual(io.announcements, [{ route: "deploys", payload: { message: { a: 1 } } }]);
});

test("announcement without its experimental flag fails and says nothing", async () => {
  const io = aListener();
  const outcome = await run("announcement", { experimental: false, route: "x" }, {}, io);
  assert.equal(outcome.status, "failed");
  assert.equal(outcome.result.error, "Experimental flag is missing for action examples.one");
  assert.deepEqual(io.announcements, []);
});

test("a run that is stopped before it starts does nothing, whatever the runner", async () => {
  for (const name of runners.keys()) {
    const io = aListener();
    io.control.abort("cancel");
    const outcome = await run(name, { experimental: true, cmd: "echo x", url: "http://127.0.0.1:1" }, {}, io);
    assert.equal(outcome.status, "canceled", name);
    // An empty result would count as a runner that failed.
    assert.equal(outcome.result.error, "canceled on request", name);
    assert.deepEqual([io.chunks, io.announcements], [[], []]);
  }
});
