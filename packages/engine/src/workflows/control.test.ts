import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Conflict, DEFAULT_PROJECT } from "@squall/model";
import { someWorkflows, taskNames } from "./some-workflows.ts";

const SLEEPS = `
version: 1.0
tasks:
  a: {action: core.local cmd="sleep 60", next: [{do: b}]}
  side: {action: core.noop, delay: 60}
  b: {action: core.noop}
output: [{x: 1}]
`;

const GATED = {
  parameters: { gate: { type: "string" } },
  definition: `
version: 1.0
input: [gate]
tasks:
  a: {action: core.local, input: {cmd: "until test -e <% ctx(gate) %>; do sleep 0.05; done", timeout: 20}, next: [{do: b}]}
  b: {action: core.noop}
output: [{x: 1}]
`,
};

describe("canceling a workflow", () => {
  test("ends what runs and what waits, and then the workflow", async () => {
    await using w = await someWorkflows({ sleeps: SLEEPS });
    const { id } = await w.request("sleeps");
    await w.reaches(id, "running", "a");
    const canceling = await w.t.engine.executions.cancel(w.t.admin, id);
    assert.equal(canceling.status, "canceling");
    const done = await w.settled(id);
    assert.deepEqual([done.status, done.context.cancelled_by], ["canceled", "admin"]);
    const children = await w.children(id);
    assert.deepEqual(taskNames(children).sort(), ["a", "side"]);
    assert.deepEqual(new Set(children.map((one) => one.status)), new Set(["canceled"]));
    await assert.rejects(w.t.engine.executions.cancel(w.t.admin, id), Conflict);
  });

  test("reaches into sub-workflows", async () => {
    await using w = await someWorkflows({
      sleeps: SLEEPS,
      outer: `
version: 1.0
tasks:
  sub: {action: flows.sleeps}
`,
    });
    const { id } = await w.request("outer");
    const sub = await w.reaches(id, "running", "sub");
    await w.reaches(sub.id, "running", "a");
    await w.t.engine.executions.cancel(w.t.admin, id);
    assert.equal((await w.settled(id)).status, "canceled");
    assert.equal((await w.t.store.execution(DEFAULT_PROJECT, sub.id))?.status, "canceled");
  });

  test("before it has begun, it never begins", async () => {
    await using w = await someWorkflows({
      sleeps: SLEEPS,
      outer: "version: 1.0\ntasks: {sub: {action: flows.sleeps}}\n",
    });
    // At once: what follows from the request is still on its way.
    const { id } = await w.request("sleeps");
    assert.match((await w.t.engine.executions.cancel(w.t.admin, id)).status, /^cancel/);
    assert.equal((await w.settled(id)).status, "canceled");
    const children = await w.children(id);
    assert.ok(children.every((one) => one.status === "canceled"));
    assert.match(JSON.stringify((await w.t.store.execution(DEFAULT_PROJECT, id))?.log), /canceled/);
    // Of its own accord as well as through the workflow that it is a task of.
    const outer = await w.request("outer");
    const sub = await w.reaches(outer.id, "running", "sub");
    await w.t.engine.executions.cancel(w.t.admin, outer.id);
    assert.equal((await w.settled(outer.id)).status, "canceled");
    assert.equal((await w.settled(sub.id)).status, "canceled");
    assert.deepEqual(w.t.complaints, []);
  });

  test("a task that is canceled alone cancels its workflow", async () => {
    await using w = await someWorkflows({ sleeps: SLEEPS.replace(/ {2}side.*\n/, "") });
    const { id } = await w.request("sleeps");
    const child = await w.reaches(id, "running", "a");
    await w.t.engine.executions.cancel(w.t.admin, child.id);
    assert.equal((await w.settled(id)).status, "canceled");
  });
});

describe("pausing a workflow", () => {
  test("waits for what runs and begins nothing more, until it is resumed", async () => {
    await using w = await someWorkflows({ gated: GATED });
    const gate = `${w.folder}/gate`;
    const { id } = await w.request("gated", { gate });
    await w.reaches(id, "running", "a");
    const set = (status: "pausing" | "resuming") => w.t.engine.executions.setStatus(w.t.admin, id, status);
    assert.equal((await set("pausing")).status, "pausing");
    assert.equal((await set("pausing")).status, "pausing", "once more is no error");
    await w.touch("gate");
    assert.equal((await w.reaches(id, "paused")).context.paused_by, "admin");
    assert.deepEqual(taskNames(await w.children(id)), ["a"]);
    await set("resuming");
    const done = await w.settled(id);
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { x: 1 } }]);
    assert.deepEqual(taskNames(await w.children(id)), ["a", "b"]);
    assert.equal(done.context.resumed_by, "admin");
  });

  test("pauses its sub-workflows, and goes on with them, over a restart of the engine", async () => {
    await using w = await someWorkflows({
      gated: GATED,
      outer: {
        parameters: { gate: { type: "string" } },
        definition: `
version: 1.0
input: [gate]
tasks:
  sub: {action: flows.gated, input: {gate: <% ctx(gate) %>}, next: [{publish: [{x: <% result().output.x %>}], do: last}]}
  last: {action: core.noop}
output: [{x: <% ctx(x) %>}]
`,
      },
    });
    const { id } = await w.request("outer", { gate: `${w.folder}/gate` });
    const sub = await w.reaches(id, "running", "sub");
    await w.reaches(sub.id, "running", "a");
    await w.t.engine.executions.setStatus(w.t.admin, id, "paused");
    await w.reaches(sub.id, "pausing");
    await w.touch("gate");
    await w.reaches(id, "paused");
    await w.reopen();
    assert.equal((await w.t.store.execution(DEFAULT_PROJECT, sub.id))?.status, "paused");
    await w.t.engine.executions.setStatus(w.t.admin, id, "resuming");
    const done = await w.settled(id);
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { x: 1 } }]);
  });

  test("only what runs can pause, and only a workflow", async () => {
    await using w = await someWorkflows({ gated: GATED });
    const { id } = await w.t.engine.executions.request(w.t.admin, {
      action: "core.local",
      parameters: { cmd: "sleep 60" },
    });
    await assert.rejects(
      w.t.engine.executions.setStatus(w.t.admin, id, "paused"),
      /not supported by the "local-shell-cmd"/,
    );
    await w.t.engine.executions.cancel(w.t.admin, id);
  });
});

describe("running tasks again", () => {
  const FRAGILE = {
    parameters: { gate: { type: "string" } },
    definition: `
version: 1.0
input: [gate]
tasks:
  first: {action: core.local cmd="echo 7", next: [{when: <% succeeded() %>, publish: [{n: <% result().stdout %>}], do: fragile}]}
  fragile: {action: core.local, input: {cmd: "test -e <% ctx(gate) %>"}, next: [{when: <% succeeded() %>, do: last}]}
  last: {action: core.noop}
output: [{n: <% ctx(n) %>}]
`,
  };

  test("goes on from a failed task with the variables there were", async () => {
    await using w = await someWorkflows({ fragile: FRAGILE });
    const failed = await w.run("fragile", { gate: `${w.folder}/gate` });
    assert.equal(failed.status, "failed");
    await w.touch("gate");
    await w.reopen();
    const again = await w.t.engine.executions.rerun(w.t.admin, failed.id, { tasks: ["fragile"] });
    const done = await w.settled(again.id);
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { n: 7 } }]);
    assert.deepEqual(taskNames(await w.children(done.id)), ["fragile", "last"]);
    assert.deepEqual(done.context["re-run"], { ref: failed.id, tasks: ["fragile"], reset: [] });
    assert.equal((await w.t.store.execution(DEFAULT_PROJECT, failed.id))?.status, "failed");
  });

  test("only items that failed run again, or all where that is asked for", async () => {
    await using w = await someWorkflows({
      items: {
        parameters: { gate: { type: "string" } },
        definition: `
version: 1.0
input: [gate]
tasks:
  each:
    with: i in <% [0, 1, 2] %>
    action: core.local
    input: {cmd: "test <% item(i) %> != 1 || test -e <% ctx(gate) %>; "}
`,
      },
    });
    const failed = await w.run("items", { gate: `${w.folder}/gate` });
    assert.equal(failed.status, "failed");
    await w.touch("gate");
    const one = await w.settled((await w.t.engine.executions.rerun(w.t.admin, failed.id, { tasks: ["each"] })).id);
    const all = await w.settled(
      (await w.t.engine.executions.rerun(w.t.admin, failed.id, { tasks: ["each"], reset: ["each"] })).id,
    );
    assert.deepEqual([one.status, all.status], ["succeeded", "succeeded"]);
    assert.deepEqual([(await w.children(one.id)).length, (await w.children(all.id)).length], [1, 3]);
  });

  test("is refused for tasks that are not there, with other parameters, and while it runs", async () => {
    await using w = await someWorkflows({ fragile: FRAGILE, sleeps: SLEEPS });
    const failed = await w.run("fragile", { gate: "/nowhere" });
    const { rerun } = w.t.engine.executions;
    const lost = await w.settled((await rerun(w.t.admin, failed.id, { tasks: ["nix"] })).id);
    assert.equal(lost.status, "failed");
    assert.match(JSON.stringify(lost.result), /nix/);
    await assert.rejects(
      rerun(w.t.admin, failed.id, { tasks: ["first"], parameters: { gate: "x" } }),
      /Parameters cannot/,
    );
    await assert.rejects(rerun(w.t.admin, failed.id, { tasks: ["first"], reset: ["last"] }), /reset/);
    const { id } = await w.request("sleeps");
    await w.reaches(id, "running", "a");
    await assert.rejects(rerun(w.t.admin, id, { tasks: ["a"] }), /has ended/);
    await w.t.engine.executions.cancel(w.t.admin, id);
    await w.settled(id);
  });
});

describe("a workflow's timeout", () => {
  test("ends it and what runs of it", async () => {
    await using w = await someWorkflows({ sleeps: SLEEPS });
    const done = await w.run("sleeps", { timeout: 1 });
    assert.equal(done.status, "timeout");
    assert.match(JSON.stringify(done.result), /timeout of 1 seconds/);
    await w.reaches(done.id, "canceled", "a");
  });
});
