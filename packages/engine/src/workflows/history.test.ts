import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_PROJECT, type JsonObject } from "@squall/model";
import { aPayload, aRule } from "../an-engine.ts";
import { someWorkflows, taskNames } from "./some-workflows.ts";

const GATE = `{action: core.local, input: {cmd: "until test -e <% ctx(gate) %>; do sleep 0.05; done", timeout: 20}`;
const gated = (definition: string) => ({ parameters: { gate: { type: "string" } }, definition });

describe("a workflow that is read back", () => {
  test("knows what was random, what time it was and what keys said when it was decided", async () => {
    await using w = await someWorkflows({
      dice: gated(`
version: 1.0
input: [gate]
tasks:
  a:
    action: core.noop
    next: [{publish: [{n: <% random() %>}, {at: <% now() %>}, {key: "<% st2kv('system.k') %>"}], do: fork}]
  # Each way out evaluates what it publishes, so the dice are thrown before the fork.
  fork: {action: core.noop, next: [{do: [b, rest]}]}
  b: {action: core.echo, input: {message: "<% ctx(n) %> <% ctx(at) %> <% ctx(key) %>"}, next: [{publish: [{said: <% result().stdout %>}], do: end}]}
  rest: ${GATE}, next: [{when: <% succeeded() %>, do: end}, {when: <% failed() %>, do: end}]}
  end: {join: all, action: core.noop}
output: [{said: <% ctx(said) %>}, {now: "<% ctx(n) %> <% ctx(at) %> <% ctx(key) %>"}]
`),
    });
    const key = { scope: "st2kv.system", user: "", name: "k" } as const;
    await w.t.engine.keys.set(DEFAULT_PROJECT, { ...key, value: "before" });
    const { id } = await w.request("dice", { gate: `${w.folder}/gate` });
    await w.reaches(id, "succeeded", "b");
    await w.t.engine.keys.set(DEFAULT_PROJECT, { ...key, value: "after" });
    await w.reopen();
    const done = await w.settled(id);
    const { said, now } = done.result?.output as { said: string; now: string };
    assert.equal(now, said);
    assert.match(said, /^0\.\d+ .* before$/);
    assert.deepEqual(taskNames(await w.children(id)).sort(), ["a", "b", "end", "fork", "rest"]);
  });

  test("goes on from the state that was kept when many things had happened", async () => {
    await using w = await someWorkflows({
      many: gated(`
version: 1.0
input: [gate]
tasks:
  items: {with: "i in <% range(300).toList() %>", action: core.noop, next: [{publish: [{n: <% result().len() %>}], do: rest}]}
  rest: ${GATE}, retry: {count: 3}, next: [{do: last}]}
  last: {action: core.noop}
output: [{n: <% ctx(n) %>}, {status: <% task_status(items) %>}, {first: <% task(items).result.items.len() %>}]
`),
    });
    const { id } = await w.request("many", { gate: `${w.folder}/gate` });
    await w.reaches(id, "running", "rest");
    const { saved } = await w.t.store.workflow(DEFAULT_PROJECT, id);
    assert.ok(saved && saved.seq > 1, "nothing was kept");
    assert.doesNotMatch(saved.state, /items/, "the state is sealed");
    await w.reopen();
    await w.touch("gate");
    const done = await w.settled(id);
    assert.deepEqual(
      [done.status, done.result],
      ["succeeded", { output: { n: 300, status: "succeeded", first: 300 } }],
    );
    const { nodes } = await w.t.engine.workflows.graphOf(done);
    assert.deepEqual(
      nodes.map((one) => [one.id, one.status]),
      [
        ["items", "succeeded"],
        ["rest", "succeeded"],
        ["last", "succeeded"],
      ],
    );
  });
});

describe("a workflow begins", () => {
  const ONE = `
version: 1.0
tasks:
  a: {action: core.noop}
output: [{user: <% ctx(st2).user %>}]
`;

  test("from a rule", async () => {
    await using w = await someWorkflows({ one: ONE });
    await w.t.engine.content.put(
      DEFAULT_PROJECT,
      "rule",
      aRule({ action: { ref: "flows.one", parameters: {} } }),
      "create",
    );
    const [trigger] = w.t.engine.events.webhooks(DEFAULT_PROJECT, "sample");
    assert.ok(trigger);
    const { executions } = await w.t.engine.events.emit(DEFAULT_PROJECT, { trigger, payload: aPayload({}) });
    const done = await w.settled(executions[0]?.id ?? "");
    assert.deepEqual([done.status, done.rule], ["succeeded", "default.a_rule"]);
  });

  test("after its delay, also when the engine was stopped meanwhile", async () => {
    await using w = await someWorkflows({ one: ONE });
    const { id, status } = await w.request("one", {}, { delay: 500 });
    assert.equal(status, "delayed");
    await w.reopen();
    const done = await w.settled(id);
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { user: "admin" } }]);
    assert.equal((await w.t.store.execution(DEFAULT_PROJECT, id))?.lease, undefined);
  });

  test("not when it is to notify for tasks that it does not have", async () => {
    await using w = await someWorkflows({ one: ONE });
    const done = await w.run("one", { notify: ["a", "b"] });
    assert.equal(done.status, "failed");
    assert.match(JSON.stringify(done.result), /do not exist in the workflow definition: b\./);
  });

  test("not when its file is gone, and says so", async () => {
    await using w = await someWorkflows({ one: ONE });
    await w.remove("one");
    const done = await w.run("one");
    assert.equal(done.status, "failed");
    assert.match(JSON.stringify(done.result), /could not be read: ENOENT/);
  });
});

describe("what callers say of an execution", () => {
  test("does not make it a task of a workflow, nor a continuation of one", async () => {
    await using w = await someWorkflows({
      gated: gated(`
version: 1.0
input: [gate]
tasks:
  a: ${GATE}, next: [{do: b}]}
  b: {action: core.noop}
`),
    });
    const { id } = await w.request("gated", { gate: `${w.folder}/gate` });
    const child = await w.reaches(id, "running", "a");
    const forged: JsonObject = {
      orquesta: child.context.orquesta,
      parent: { execution_id: id },
      "re-run": { ref: id, tasks: ["a"] },
    };
    const { id: stray } = await w.t.engine.executions.request(w.t.admin, { action: "core.noop", context: forged });
    const done = await w.settled(stray);
    assert.deepEqual([done.status, done.context.orquesta, done.context["re-run"]], ["succeeded", undefined, undefined]);
    assert.equal((await w.t.store.execution(DEFAULT_PROJECT, id))?.status, "running");
    await w.touch("gate");
    assert.equal((await w.settled(id)).status, "succeeded");
    const own = (await w.children(id)).filter((one) => one.id !== stray);
    assert.deepEqual(taskNames(own), ["a", "b"]);
  });
});
