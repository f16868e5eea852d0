import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { someWorkflows, taskNames } from "./some-workflows.ts";

describe("a workflow", () => {
  test("runs its tasks in order and gives its output", async () => {
    await using w = await someWorkflows({
      two: `
version: 1.0
input: [name]
tasks:
  one:
    action: core.noop
    next: [{when: <% succeeded() %>, publish: [{seen: <% result().succeeded %>}], do: two}]
  two:
    action: core.local cmd="echo <% ctx(name) %>"
    next: [{publish: [{said: <% result().stdout %>}]}]
output:
  - seen: <% ctx(seen) %>
  - said: <% ctx(said) %>
`,
    });
    const done = await w.run("two", {});
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { seen: true, said: "None" } }]);
    assert.deepEqual(taskNames(await w.children(done.id)), ["one", "two"]);
    assert.deepEqual(
      done.log.map((one) => one.status),
      ["requested", "scheduled", "running", "succeeded"],
    );
    assert.deepEqual(w.t.complaints, []);
  });

  test("forks, joins, and takes a failure that is cared for", async () => {
    await using w = await someWorkflows({
      fork: `
version: 1.0
tasks:
  a: {action: core.noop, next: [{do: [left, right]}]}
  left: {action: core.local cmd="exit 3", next: [{when: <% failed() %>, publish: [{code: <% result().return_code %>}], do: meet}]}
  right: {action: core.noop, next: [{do: meet}]}
  meet: {join: all, action: core.noop}
output: [{code: <% ctx(code) %>}]
`,
    });
    const done = await w.run("fork");
    assert.deepEqual([done.status, done.result?.output], ["succeeded", { code: 3 }]);
    assert.deepEqual(taskNames(await w.children(done.id)).sort(), ["a", "left", "meet", "right"]);
  });

  test("fails with the failed task's result when nothing cares for it", async () => {
    await using w = await someWorkflows({
      fail: `
version: 1.0
tasks:
  a: {action: core.local cmd="exit 3", next: [{when: <% succeeded() %>, do: b}]}
  b: {action: core.noop}
output: [{x: 1}]
`,
    });
    const done = await w.run("fail");
    assert.equal(done.status, "failed");
    const [error] = done.result?.errors as { task_id: string; result: { return_code: number } }[];
    assert.deepEqual([error?.task_id, error?.result.return_code], ["a", 3]);
    assert.deepEqual(done.result?.output, { x: 1 });
  });

  test("runs items, no more at once than it may, and gives their results in order", async () => {
    await using w = await someWorkflows({
      items: {
        parameters: { names: { type: "array" } },
        definition: `
version: 1.0
input: [names]
tasks:
  each:
    with: {items: n in <% ctx(names) %>, concurrency: 2}
    action: core.local
    input: {cmd: "echo <% item(n) %>"}
    next: [{publish: [{all: <% result().select($.stdout) %>}]}]
output: [{all: <% ctx(all) %>}]
`,
      },
    });
    const done = await w.run("items", { names: ["a", "b", "c", "d", "e"] });
    assert.deepEqual(done.result, { output: { all: ["a", "b", "c", "d", "e"] } });
    const children = await w.children(done.id);
    const beside = children.map(
      ({ start }) => children.filter((one) => one.start <= start && (one.end ?? 0) > start).length,
    );
    assert.equal(Math.max(...beside), 2);
  });

  test("a task runs again until it succeeds, or has been tried often enough", async () => {
    await using w = await someWorkflows({
      again: `
version: 1.0
tasks:
  a: {action: core.local cmd="exit 1", retry: {count: 2}, next: [{when: <% failed() %>, do: noop}]}
`,
    });
    const done = await w.run("again");
    assert.equal(done.status, "succeeded");
    assert.equal((await w.children(done.id)).length, 3);
  });

  test("a task begins after its delay", async () => {
    await using w = await someWorkflows({
      late: `
version: 1.0
tasks:
  a: {action: core.noop, delay: 1}
`,
    });
    const done = await w.run("late");
    const [child] = await w.children(done.id);
    assert.equal(done.status, "succeeded");
    assert.deepEqual(
      child?.log.map((one) => one.status),
      ["requested", "delayed", "scheduled", "running", "succeeded"],
    );
  });

  test("what comes out of inputs and results is data: no expression in it is evaluated", async () => {
    await using w = await someWorkflows({
      data: {
        parameters: { text: { type: "string" } },
        definition: `
version: 1.0
input: [text]
tasks:
  a:
    action: core.local
    input: {cmd: "cat; true", env: {T: <% ctx(text) %>}}
    next: [{publish: [{t: <% ctx(text) %>}], do: b}]
  b:
    action: core.echo
    input: {message: <% ctx(t) %>}
    next: [{publish: [{out: <% result().stdout %>}]}]
output: [{t: <% ctx(t) %>}, {out: <% ctx(out) %>}]
`,
      },
    });
    const evil = "<% 1 + 1 %> {{ 1 + 1 }} {{ st2kv.system.secret }}";
    const { id } = await w.request("data", { text: "{% raw %}" + evil + "{% endraw %}" });
    const done = await w.settled(id);
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { t: evil, out: evil } }]);
  });

  test("an action that is not there, or a wrong input, fails its task and says why", async () => {
    await using w = await someWorkflows({
      wrong: {
        parameters: { ref: { type: "string" } },
        definition: `
version: 1.0
input: [ref]
tasks:
  a:
    action: <% ctx(ref) %>
    next: [{when: <% failed() %>, publish: [{why: <% result().error %>}], do: noop}]
output: [{why: <% ctx(why) %>}]
`,
      },
    });
    const missing = await w.run("wrong", { ref: "core.missing" });
    assert.deepEqual(
      [missing.status, missing.result?.output],
      ["succeeded", { why: 'Action "core.missing" cannot be found.' }],
    );
    const bad = await w.run("wrong", { ref: "core.local" });
    assert.match((bad.result?.output as { why: string }).why, /cmd/);
  });

  test("a definition with problems fails before anything starts, with all of them", async () => {
    await using w = await someWorkflows({
      broken: `
version: 1.0
tasks:
  a: {action: core.lokal cmd="x", next: [{do: nowhere}]}
`,
    });
    const done = await w.run("broken");
    assert.equal(done.status, "failed");
    assert.equal(done.result?.output, null);
    const errors = done.result?.errors as { type: string; message: string; suggestion?: string; line?: number }[];
    assert.deepEqual(
      errors.map((one) => one.type),
      ["content", "semantic"],
    );
    assert.deepEqual([errors[0]?.suggestion, errors[0]?.line], ["did you mean 'core.local'?", 4]);
    assert.deepEqual(await w.children(done.id), []);
  });

  test("runs to its end by the definition that it began with", async () => {
    const definition = (cmd: string) => `
version: 1.0
tasks:
  a: {action: core.local cmd="${cmd}", next: [{do: b}]}
  b: {action: core.noop, next: [{publish: [{v: "${cmd}"}]}]}
output: [{v: <% ctx(v) %>}]
`;
    await using w = await someWorkflows({ edited: definition("sleep 0.3") });
    const { id } = await w.request("edited");
    await w.write("edited", definition("sleep 0.1"));
    assert.deepEqual((await w.settled(id)).result?.output, { v: "sleep 0.3" });
    assert.deepEqual((await w.run("edited")).result?.output, { v: "sleep 0.1" });
  });

  test("a workflow is a task of another, with its output as result", async () => {
    await using w = await someWorkflows({
      inner: {
        parameters: { n: { type: "integer" } },
        definition: `
version: 1.0
input: [n]
tasks:
  a: {action: core.noop}
output: [{twice: <% ctx(n) * 2 %>}]
`,
      },
      outer: `
version: 1.0
tasks:
  sub: {action: flows.inner, input: {n: 21}, next: [{publish: [{v: <% result().output.twice %>}], do: after}]}
  after: {action: core.noop}
output: [{v: <% ctx(v) %>}]
`,
    });
    const done = await w.run("outer");
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { v: 42 } }]);
  });

  test("results of 2 MB go from task to task", async () => {
    await using w = await someWorkflows(
      {
        large: `
version: 1.0
tasks:
  make:
    action: core.local cmd="printf %02000000d 0"
    next: [{publish: [{text: <% result().stdout %>}], do: use}]
  use: {action: core.noop, next: [{do: again}]}
  again: {action: core.noop}
output: [{length: <% len(ctx(text)) %>}]
`,
      },
      { limits: { resultBytes: 4 << 20, outputBytes: 4 << 20 } },
    );
    const done = await w.run("large");
    assert.deepEqual(done.result, { output: { length: 2_000_000 } });
    const { steps } = await w.t.store.workflow("default", done.id);
    assert.ok(JSON.stringify(steps).length < 5000, "a step does not copy results");
  });

  test("an output that is too large to keep fails it and says so", async () => {
    await using w = await someWorkflows(
      {
        large: `
version: 1.0
tasks:
  a: {action: core.noop}
output: [{text: "<% range(20000).select(str($)).join(x) %>"}]
`,
      },
      { limits: { resultBytes: 10_000 } },
    );
    const done = await w.run("large");
    assert.deepEqual([done.status, done.result?.output], ["failed", null]);
    assert.match(JSON.stringify(done.result?.errors), /more than the 10000 bytes/);
  });

  test("ends, and each of its tasks once, when tasks are canceled while others end", async () => {
    await using w = await someWorkflows({
      crowd: `
version: 1.0
tasks:
  all: {with: "i in <% range(60).toList() %>", action: core.local cmd="sleep 0.0<% item(i) mod 5 %>"}
`,
    });
    const { id } = await w.request("crowd");
    await w.reaches(id, "running", "all");
    const children = await w.children(id);
    await Promise.all(
      children
        .filter((_, n) => n % 3 === 0)
        .map((one) => w.t.engine.executions.cancel(w.t.admin, one.id).catch(() => 0)),
    );
    const done = await w.settled(id);
    assert.equal(done.status, "canceled");
    for (const child of await w.children(id)) {
      assert.ok(["succeeded", "canceled"].includes(child.status), child.status);
      assert.equal(child.log.filter((one) => ["succeeded", "canceled"].includes(one.status)).length, 1);
    }
    const { steps } = await w.t.store.workflow("default", id);
    const told = steps.flatMap(({ step }) => step.events as { kind: string; execution?: string }[]);
    const ends = told.filter((one) => one.kind === "task").map((one) => one.execution);
    assert.deepEqual([ends.length, new Set(ends).size], [60, 60]);
  });

  test("reads keys, the plain text of secret ones on demand only, and remembers nothing of them but what was stored", async () => {
    await using w = await someWorkflows({
      keys: `
version: 1.0
tasks:
  a:
    action: core.noop
    next: [{publish: [{open: "<% st2kv('system.a') %>"}, {plain: "<% st2kv('system.s', decrypt => true).substring(0, 2) %>"}], do: b}]
  b: {action: core.noop}
output: [{open: <% ctx(open) %>}, {plain: <% ctx(plain) %>}]
`,
    });
    const key = { scope: "st2kv.system", user: "" } as const;
    await w.t.engine.keys.set("default", { ...key, name: "a", value: "v" });
    await w.t.engine.keys.set("default", { ...key, name: "s", value: "swordfish", secret: true });
    const done = await w.run("keys");
    assert.deepEqual(done.result, { output: { open: "v", plain: "sw" } });
    assert.doesNotMatch(JSON.stringify(await w.t.store.workflow("default", done.id)), /swordfish/);
  });

  test("task() tells of a task's latest execution", async () => {
    await using w = await someWorkflows({
      records: `
version: 1.0
tasks:
  a: {action: core.local cmd="echo 1", next: [{do: b}]}
  b: {with: "i in <% [1, 2] %>", action: core.noop, next: [{publish: [{kept: <% task(a).task_execution_id %>}, {a: <% task(a) %>}, {b: <% task(b) %>}]}]}
output: [{a: <% ctx(a).result.stdout %>}, {b: <% ctx(b).result.items.select($.status) %>}, {id: <% ctx(kept) %>}]
`,
    });
    const done = await w.run("records");
    const [first] = await w.children(done.id);
    assert.deepEqual(done.result, { output: { a: 1, b: ["succeeded", "succeeded"], id: first?.id } });
  });
});
