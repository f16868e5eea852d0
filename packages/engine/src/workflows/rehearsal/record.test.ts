import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_PROJECT, type Execution, Invalid } from "@squall/model";
import { someWorkflows, type WorkflowEngine } from "../some-workflows.ts";
import type { Recording } from "./record.ts";

/** Records, sends the recording through JSON as a file would, and rehearses it. */
async function again(w: WorkflowEngine, done: Execution, change: (recording: Recording) => object = () => ({})) {
  const recording = JSON.parse(JSON.stringify(await w.t.engine.workflows.record(done))) as Recording;
  const rehearsed = w.t.engine.workflows.rehearse(DEFAULT_PROJECT, { ...recording, ...change(recording) });
  return { recording, rehearsed };
}

/** Tasks and items with the statuses they really ended with. */
async function ends(w: WorkflowEngine, done: Execution): Promise<string[]> {
  const children = await w.children(done.id);
  return children
    .map(({ context, status }) => {
      const place = context.orquesta as { task_name: string; item_id?: number };
      return `${place.task_name}${place.item_id ?? ""} ${status}`;
    })
    .sort();
}

const told = (path: readonly { task: string; item?: number; status: string }[]) =>
  path.map(({ task, item, status }) => `${task}${item ?? ""} ${status}`).sort();

const MUCH = {
  parameters: { names: { type: "array" }, gate: { type: "string" } },
  definition: `
version: 1.0
input: [names, gate]
vars: [{count: 0}]
tasks:
  begin: {action: core.noop, next: [{do: [slow, quick]}]}
  slow: {action: core.local cmd="sleep 0.3; echo slow", next: [{publish: [{last: slow}], do: meet}]}
  quick: {action: core.local cmd="echo quick", delay: 0, next: [{publish: [{last: quick}], do: meet}]}
  meet: {join: all, action: core.noop, next: [{do: each}]}
  each:
    with: {items: n in <% ctx(names) %>, concurrency: 2}
    action: core.local
    input: {cmd: "echo <% item(n) %>; test <% item(n) %> != b"}
    next: [{when: <% failed() %>, publish: [{said: <% result().select($.stdout) %>}], do: flaky}]
  flaky:
    action: core.local
    input: {cmd: "test -e <% ctx(gate) %> || { touch <% ctx(gate) %>; exit 4; }"}
    retry: {count: 2}
    next: [{when: <% succeeded() %>, do: loop}]
  loop:
    action: core.noop
    next:
      - when: <% ctx(count) < 2 %>
        publish: [{count: <% ctx(count) + 1 %>}]
        do: loop
      - when: <% ctx(count) >= 2 %>
        do: sub
  sub: {action: flows.inner, input: {n: <% ctx(count) %>}, delay: 1, next: [{publish: [{twice: <% result().output.twice %>}, {dice: <% random() %>}, {at: <% now() %>}, {of: <% task(each).result.items.len() %>}], do: bad}]}
  bad: {action: core.local cmd="exit 7", next: [{when: <% failed() %>, publish: [{code: <% result().return_code %>}], do: noop}]}
output: [{last: <% ctx(last) %>}, {said: <% ctx(said) %>}, {twice: <% ctx(twice) %>}, {dice: <% ctx(dice) %>}, {at: <% ctx(at) %>}, {code: <% ctx(code) %>}, {of: <% ctx(of) %>}, {user: <% ctx(st2).user %>}]
`,
};
const INNER = {
  parameters: { n: { type: "integer" } },
  definition: `
version: 1.0
input: [n]
tasks:
  a: {action: core.noop}
output: [{twice: <% ctx(n) * 2 %>}]
`,
};

describe("a recording of a run", () => {
  test("rehearses to the same path and output: items, retries, cycles, failures, delays, sub-workflows, clock and dice", async () => {
    await using w = await someWorkflows({ much: MUCH, inner: INNER });
    const done = await w.run("much", { names: ["a", "b", "c"], gate: `${w.folder}/gate` });
    assert.equal(done.status, "succeeded", JSON.stringify(done.result));
    const { recording, rehearsed } = await again(w, done);
    assert.deepEqual(rehearsed.differences, []);
    assert.deepEqual(recording.notes, []);
    assert.deepEqual({ output: rehearsed.output }, done.result);
    assert.deepEqual(told(rehearsed.path), await ends(w, done));
    assert.equal(rehearsed.path.find((one) => one.task === "sub")?.delay, 1);
    assert.ok(recording.moments && recording.moments.length > 3, "the clock was asked");
  });

  test("tells what a changed definition does otherwise", async () => {
    await using w = await someWorkflows({ much: MUCH, inner: INNER });
    const done = await w.run("much", { names: ["b"], gate: `${w.folder}/gate` });
    const { rehearsed } = await again(w, done, ({ definition }) => ({
      definition: definition
        .replace("do: loop}]", "do: extra}]\n  extra: {action: core.echo message='hi', next: [{do: loop}]}")
        .replace("ctx(count) < 2", "ctx(count) < 1")
        .replace("ctx(count) >= 2", "ctx(count) >= 1")
        .replace("delay: 1,", ""),
    }));
    assert.deepEqual(rehearsed.differences, [
      "loop (run 3) does not run; it had succeeded",
      "sub waits 0 s; it had been 1 s",
      "sub: input.n is 1; it had been 2",
      "extra runs core.echo and succeeded; it had not run",
    ]);
  });

  test("holds no secret, wherever one went", async () => {
    await using w = await someWorkflows({
      secret: {
        parameters: { password: { type: "string", secret: true }, user: { type: "string" } },
        definition: `
version: 1.0
input: [password, user]
tasks:
  a:
    action: core.echo
    input: {message: "<% ctx(user) %>:<% ctx(password) %> <% st2kv('system.token', decrypt => true) %>"}
    next: [{publish: [{said: <% result().stdout %>}], do: b}]
  b: {action: core.noop}
output: [{said: <% ctx(said) %>}]
`,
      },
    });
    const key = { scope: "st2kv.system", user: "", name: "token" } as const;
    await w.t.engine.keys.set(DEFAULT_PROJECT, { ...key, value: "swordfish", secret: true });
    const done = await w.run("secret", { password: "hunter22", user: "ann" });
    assert.match(JSON.stringify(done.result), /ann:hunter22 swordfish/);
    const { recording, rehearsed } = await again(w, done);
    assert.doesNotMatch(JSON.stringify(recording), /hunter22|swordfish/);
    assert.deepEqual([rehearsed.differences, recording.notes], [[], []]);
    assert.deepEqual(rehearsed.output, { said: "ann:******** ********" });
  });

  test("says where a rehearsal cannot follow, as when a secret decides", async () => {
    await using w = await someWorkflows({
      decides: {
        parameters: { password: { type: "string", secret: true } },
        definition: `
version: 1.0
input: [password]
tasks:
  a: {action: core.noop, next: [{when: <% ctx(password).len() = 3 %>, do: b}, {when: <% ctx(password).len() != 3 %>, do: c}]}
  b: {action: core.noop}
  c: {action: core.noop}
`,
      },
    });
    const { recording, rehearsed } = await again(w, await w.run("decides", { password: "abc" }));
    assert.deepEqual(rehearsed.differences, [], "it expects what a rehearsal can do");
    assert.match(recording.notes.join(), /another path than the run: end 2 is of c, and was of b/);
  });

  test("ends as the run did that failed, was canceled, timed out, or went on from another", async () => {
    await using w = await someWorkflows({
      sleeps: `
version: 1.0
tasks:
  a: {action: core.noop, next: [{do: [b, c]}]}
  b: {action: core.local cmd="sleep 60", next: [{do: d}]}
  c: {action: core.noop}
  d: {action: core.noop}
output: [{x: 1}]
`,
      fragile: {
        parameters: { gate: { type: "string" } },
        definition: `
version: 1.0
input: [gate]
tasks:
  each: {with: "i in <% [0, 1] %>", action: core.local, input: {cmd: "test <% item(i) %> = 0 || test -e <% ctx(gate) %>"}, next: [{when: <% succeeded() %>, do: last}]}
  last: {action: core.noop}
`,
      },
    });
    const { id } = await w.request("sleeps");
    await w.reaches(id, "running", "b");
    await w.reaches(id, "succeeded", "c");
    await w.t.engine.executions.cancel(w.t.admin, id);
    const canceled = await again(w, await w.settled(id));
    assert.deepEqual([canceled.rehearsed.status, canceled.rehearsed.differences], ["canceled", []]);
    assert.deepEqual(canceled.recording.requests, [{ after: 2, kind: "cancel" }]);
    const late = await w.run("sleeps", { timeout: 1 });
    await w.reaches(late.id, "canceled", "b");
    const timedOut = await again(w, late);
    assert.deepEqual([timedOut.rehearsed.status, timedOut.rehearsed.differences], ["failed", []]);
    const gate = `${w.folder}/gate`;
    const failed = await w.run("fragile", { gate });
    assert.deepEqual((await again(w, failed)).rehearsed.differences, []);
    await w.touch("gate");
    const second = await w.settled((await w.t.engine.executions.rerun(w.t.admin, failed.id, { tasks: ["each"] })).id);
    assert.equal(second.status, "succeeded");
    const { recording, rehearsed } = await again(w, second);
    assert.deepEqual(
      [rehearsed.status, told(rehearsed.path), recording.notes],
      ["succeeded", ["each0 succeeded", "each1 failed", "each1 succeeded", "last succeeded"], []],
    );
  });

  test("is refused for what is no workflow, has not ended, or never began", async () => {
    await using w = await someWorkflows({
      one: "version: 1.0\ntasks: {a: {action: core.noop, delay: 60}}",
      broken: "version: 1.0\ntasks: {a: {action: core.nowhere}}",
    });
    const refusedFor = (execution: Execution, why: RegExp) =>
      assert.rejects(
        w.t.engine.workflows.record(execution),
        (error) => error instanceof Invalid && why.test(error.message),
      );
    const running = await w.request("one");
    await refusedFor(running, /once it has ended/);
    await w.t.engine.executions.cancel(w.t.admin, running.id);
    await w.settled(running.id);
    await refusedFor(await w.run("broken"), /before its first task/);
    const { id } = await w.t.engine.executions.request(w.t.admin, { action: "core.noop" });
    await refusedFor(await w.settled(id), /no workflow/);
  });
});
