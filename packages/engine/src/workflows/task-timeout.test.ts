import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_PROJECT, type JsonObject } from "@squall/model";
import { someWorkflows, taskNames } from "./some-workflows.ts";

const LIMITED = `
version: 1.0
tasks:
  slow:
    action: core.local
    input: {cmd: sleep 60}
    timeout: 1
    next:
      - when: <% failed() %>
        publish: [{why: <% result().error %>}, {status: <% task_status(slow) %>}]
        do: after
  after: {action: core.noop}
output: [{why: <% ctx(why) %>}, {status: <% ctx(status) %>}]
`;
const WHY = 'Task "slow" did not end within its timeout of 1 seconds.';

test("what runs of a task is ended when its time is over, and the workflow goes on at once", async () => {
  await using w = await someWorkflows({ limited: LIMITED });
  const { id } = await w.request("limited");
  const done = await w.settled(id);
  assert.deepEqual([done.status, done.result], ["succeeded", { output: { why: WHY, status: "timeout" } }]);
  const slow = (await w.children(id))[0];
  const ended = await w.settled(slow?.id ?? "");
  assert.equal(ended.status, "canceled");
  // Read back, what it reported late counts for nothing either.
  await w.reopen();
  assert.deepEqual(taskNames(await w.children(id)), ["slow", "after"]);
  assert.deepEqual(w.t.complaints, []);
});

test("what a run reports after its time was over does not count for the task's next run", async () => {
  await using w = await someWorkflows({
    loops: {
      definition: `
version: 1.0
input: [folder]
vars: [{n: 0}]
tasks:
  begin: {action: core.noop, next: [{do: slow}]}
  slow:
    action: core.local
    input: {cmd: "cd <% ctx(folder) %>; if [ -e first ]; then while [ ! -e go ]; do sleep 0.05; done; else touch first; sleep 60; fi"}
    timeout: <% switch(ctx(n) = 0 => 1, true => 60) %>
    next: [{when: <% failed() %>, publish: [{n: 1}], do: slow}]
output: [{status: <% task(slow).status %>}]
`,
      parameters: { folder: { type: "string" } },
    },
  });
  const { id } = await w.request("loops", { folder: w.folder });
  await w.reaches(id, "canceled", "slow");
  await w.touch("go");
  const done = await w.settled(id);
  assert.deepEqual([done.status, done.result], ["succeeded", { output: { status: "succeeded" } }]);
});

test("sub-workflows, items and questions are ended by the limit of their task", async () => {
  await using w = await someWorkflows({
    sub: "version: 1.0\ntasks: {a: {action: core.local, input: {cmd: sleep 60}}}",
    all: `
version: 1.0
tasks:
  sub: {action: flows.sub, timeout: 1, next: [{when: <% failed() %>, do: done}]}
  each: {with: {items: "<% [1, 2, 3] %>", concurrency: 1}, action: core.local, input: {cmd: sleep 60}, timeout: 1, next: [{when: <% failed() %>, do: done}]}
  ask: {action: core.ask, timeout: 1, next: [{when: <% failed() %>, do: done}]}
  done: {join: all, action: core.noop}
output: [{status: "<% [task(sub).status, task(each).status, task(ask).status] %>"}]
`,
  });
  const { id } = await w.request("all");
  const done = await w.settled(id);
  assert.deepEqual(
    [done.status, done.result],
    ["succeeded", { output: { status: ["timeout", "timeout", "timeout"] } }],
  );
  const children = await w.children(id);
  assert.deepEqual(taskNames(children).sort(), ["ask", "done", "each", "sub"]);
  for (const child of children) {
    const { status, context } = await w.settled(child.id);
    assert.equal(status, (context.orquesta as JsonObject).task_name === "done" ? "succeeded" : "canceled");
  }
});

test("a limit goes on over a restart", async () => {
  let now = Date.now() * 1000;
  await using w = await someWorkflows(
    {
      asks: `
version: 1.0
tasks:
  ask: {action: core.ask, timeout: 3600, next: [{when: <% failed() %>, do: after}]}
  after: {action: core.noop}
`,
    },
    { now: () => now },
  );
  const { id } = await w.request("asks");
  await w.reaches(id, "paused");
  await w.reopen();
  assert.equal((await w.t.store.execution(DEFAULT_PROJECT, id))?.status, "paused");
  now += 3601e6;
  await w.reopen();
  assert.equal((await w.settled(id)).status, "succeeded");
  await w.reaches(id, "canceled", "ask");
});

test("a rehearsal takes a limit's way where a mock says so", async () => {
  await using w = await someWorkflows({});
  const { workflows } = w.t.engine;
  const rehearsed = workflows.rehearse(DEFAULT_PROJECT, {
    definition: LIMITED,
    mocks: { slow: { status: "timeout" } },
  });
  assert.deepEqual(
    rehearsed.path.map(({ task, status }) => `${task} ${status}`),
    ["slow timeout", "after succeeded"],
  );
  assert.deepEqual(rehearsed.output, { why: WHY, status: "timeout" });
});
