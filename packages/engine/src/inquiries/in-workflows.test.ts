import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_PROJECT, type Execution, type JsonObject } from "@squall/model";
import { someWorkflows, taskNames, type WorkflowEngine } from "../workflows/some-workflows.ts";

const ASKS = `
version: 1.0
tasks:
  ask: {action: core.ask, next: [{when: <% succeeded() %>, publish: [{go: <% result().response.continue %>}], do: after}]}
  after: {action: core.noop}
output: [{go: <% ctx(go) %>}]
`;

const answer = (w: WorkflowEngine, id: string, go = true) =>
  w.t.engine.inquiries.respond(w.t.admin, id, { continue: go });

const childOf = async (w: WorkflowEngine, id: string, task: string): Promise<Execution> => {
  const found = (await w.children(id)).find((one) => (one.context.orquesta as JsonObject).task_name === task);
  return found ?? assert.fail(`no task ${task}`);
};

test("a workflow rests while it waits for an answer, also over a restart, and goes on with it by itself", async () => {
  await using w = await someWorkflows({ asks: ASKS });
  const { id } = await w.request("asks");
  await w.reaches(id, "paused");
  const question = await w.reaches(id, "pending", "ask");
  await w.reopen();
  assert.equal((await w.t.store.execution(DEFAULT_PROJECT, id))?.status, "paused");
  await answer(w, question.id, false);
  const done = await w.settled(id);
  assert.deepEqual([done.status, done.result], ["succeeded", { output: { go: false } }]);
  assert.deepEqual(
    done.log.map((one) => one.status),
    ["requested", "scheduled", "running", "paused", "running", "succeeded"],
  );
});

test("a workflow above rests too, and both go on", async () => {
  await using w = await someWorkflows({
    asks: ASKS,
    above: `
version: 1.0
tasks:
  sub: {action: flows.asks, next: [{publish: [{go: <% result().output.go %>}], do: last}]}
  last: {action: core.noop}
output: [{go: <% ctx(go) %>}]
`,
    last: ASKS.replace("do: after", "do: noop").replace(/ {2}after.*\n/, ""),
    above_last: `
version: 1.0
tasks: {sub: {action: flows.last}}
output: [{go: <% task(sub).result.output.go %>}]
`,
  });
  for (const name of ["above", "above_last"]) {
    const { id } = await w.request(name);
    await w.reaches(id, "paused");
    const sub = await childOf(w, id, "sub");
    const question = await childOf(w, sub.id, "ask");
    await answer(w, question.id);
    const done = await w.settled(id);
    assert.deepEqual([name, done.status, done.result], [name, "succeeded", { output: { go: true } }]);
  }
});

test("what runs beside a question runs on; the next question is asked before the first is answered", async () => {
  await using w = await someWorkflows({
    two: `
version: 1.0
tasks:
  one: {action: core.ask, next: [{do: both}]}
  two: {action: core.ask, next: [{do: [beside, both]}]}
  beside: {action: core.noop}
  both: {join: all, action: core.noop}
`,
  });
  const { id } = await w.request("two");
  await w.reaches(id, "paused");
  const [one, two] = [await childOf(w, id, "one"), await childOf(w, id, "two")];
  await answer(w, two.id);
  await w.reaches(id, "succeeded", "beside");
  // It waits for the other one again.
  await w.reaches(id, "paused");
  await answer(w, one.id);
  const done = await w.settled(id);
  assert.equal(done.status, "succeeded");
  assert.deepEqual(taskNames(await w.children(id)), ["one", "two", "beside", "both"]);
});

test("questions of items are answered one by one, in any order", async () => {
  await using w = await someWorkflows({
    each: `
version: 1.0
tasks:
  each:
    with: {items: "<% [1, 2, 3] %>", concurrency: 2}
    action: core.ask
    next: [{publish: [{all: <% result().select($.response.continue) %>}]}]
output: [{all: <% ctx(all) %>}]
`,
  });
  const { id } = await w.request("each");
  await w.reaches(id, "paused");
  // A question that waits takes no room: the third one is asked too.
  const questions = await w.children(id);
  for (const at of [1, 0, 2]) {
    assert.equal((await w.t.store.execution(DEFAULT_PROJECT, id))?.status, "paused");
    const question = questions.find((one) => (one.context.orquesta as JsonObject).item_id === at);
    await answer(w, question?.id ?? "", at !== 1);
  }
  const done = await w.settled(id);
  assert.deepEqual([done.status, done.result], ["succeeded", { output: { all: [true, false, true] } }]);
});

test("a workflow that somebody paused does not go on by an answer alone", async () => {
  await using w = await someWorkflows({ asks: ASKS });
  const { id } = await w.request("asks");
  await w.reaches(id, "paused");
  await w.t.engine.executions.setStatus(w.t.admin, id, "pausing");
  await w.t.engine.executions.setStatus(w.t.admin, id, "paused");
  await answer(w, (await childOf(w, id, "ask")).id);
  assert.equal((await w.t.store.execution(DEFAULT_PROJECT, id))?.status, "paused");
  assert.equal((await w.children(id)).length, 1);
  await w.reopen();
  await w.t.engine.executions.setStatus(w.t.admin, id, "resuming");
  assert.equal((await w.settled(id)).status, "succeeded");
});

test("resuming a workflow that waits for an answer changes nothing", async () => {
  await using w = await someWorkflows({ asks: ASKS });
  const { id } = await w.request("asks");
  await w.reaches(id, "paused");
  const same = await w.t.engine.executions.setStatus(w.t.admin, id, "resuming");
  assert.equal(same.status, "paused");
  await answer(w, (await childOf(w, id, "ask")).id);
  assert.equal((await w.settled(id)).status, "succeeded");
});

test("canceling a workflow takes its questions back; a question that nobody answers fails its task", async () => {
  let now = Date.now() * 1000;
  await using w = await someWorkflows(
    {
      asks: ASKS,
      limited: `
version: 1.0
tasks:
  ask: {action: core.ask, input: {ttl: 1}, next: [{when: <% failed() %>, publish: [{why: <% result().error %>}], do: noop}]}
output: [{why: <% ctx(why) %>}]
`,
    },
    { now: () => now },
  );
  const { id } = await w.request("asks");
  await w.reaches(id, "paused");
  await w.t.engine.executions.cancel(w.t.admin, id);
  assert.equal((await w.settled(id)).status, "canceled");
  await w.reaches(id, "canceled", "ask");

  const limited = await w.request("limited");
  await w.reaches(limited.id, "paused");
  now += 61e6;
  await w.reopen();
  const done = await w.settled(limited.id);
  assert.deepEqual([done.status, done.result], ["succeeded", { output: { why: "nobody answered within 1 minutes" } }]);
});
