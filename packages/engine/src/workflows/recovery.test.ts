import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_PROJECT, type JsonObject } from "@squall/model";
import { HISTORY_VERSION } from "./history.ts";
import { someWorkflows, taskNames } from "./some-workflows.ts";

const WAITS = "version: 1.0\ntasks:\n  a: {action: core.noop, delay: 1, next: [{do: b}]}\n  b: {action: core.noop}\n";

describe("workflows are taken up again", () => {
  test("all of them, when there are more than a page holds", async () => {
    await using w = await someWorkflows({ waits: WAITS });
    const ids: string[] = [];
    for (let n = 0; n < 450; n++) ids.push((await w.request("waits")).id);
    await w.reopen();
    const done = await Promise.all(ids.map((id) => w.settled(id)));
    assert.deepEqual(new Set(done.map((one) => one.status)), new Set(["succeeded"]));
  });

  test("one that a newer version advanced fails and says so; its neighbours go on", async () => {
    await using w = await someWorkflows({ waits: WAITS });
    const [newer, other] = [await w.request("waits"), await w.request("waits")];
    for (const { id } of [newer, other]) await w.reaches(id, "delayed", "a");
    const event: JsonObject = { kind: "pause" };
    const step = { version: HISTORY_VERSION + 1, events: [event], at: 0, seed: 0 };
    await w.t.store.commit([{ kind: "workflow.append", project: DEFAULT_PROJECT, execution: newer.id, seq: 2, step }]);
    await w.reopen();
    const failed = await w.settled(newer.id);
    assert.equal(failed.status, "failed");
    assert.match(JSON.stringify(failed.result), /step 2 .* was taken by a newer version \(2; this one knows 1\)/);
    assert.equal((await w.settled(other.id)).status, "succeeded");
  });

  test("a state that another version kept is made anew from the steps", async () => {
    await using w = await someWorkflows({
      many: `
version: 1.0
tasks:
  items: {with: "i in <% range(300).toList() %>", action: core.noop, next: [{publish: [{n: <% result().len() %>}], do: rest}]}
  rest: {action: core.noop, delay: 1}
output: [{n: <% ctx(n) %>}]
`,
    });
    const { id } = await w.request("many");
    await w.reaches(id, "delayed", "rest");
    const { saved } = await w.t.store.workflow(DEFAULT_PROJECT, id);
    assert.ok(saved);
    const { vault } = w.t.parts;
    const other = {
      ...(JSON.parse(vault.open(saved.state, "workflow")) as object),
      version: 99,
      state: { alien: true },
    };
    const state = vault.seal(JSON.stringify(other), "workflow");
    await w.t.store.commit([
      { kind: "workflow.save", project: DEFAULT_PROJECT, execution: id, seq: saved.seq + 1, state },
    ]);
    await w.reopen();
    const done = await w.settled(id);
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { n: 300 } }]);
  });

  test("steps that would be taken otherwise now are not gone on from", async () => {
    await using w = await someWorkflows({ waits: WAITS });
    const { id } = await w.request("waits");
    await w.reaches(id, "delayed", "a");
    // As another version could have: with one execution more.
    const began = ["5f00000000000000000000e1", "5f00000000000000000000e2"];
    const step = { events: [{ kind: "pause" }], at: 0, seed: 0, began };
    await w.t.store.commit([{ kind: "workflow.append", project: DEFAULT_PROJECT, execution: id, seq: 2, step }]);
    await w.reopen();
    const done = await w.settled(id);
    assert.equal(done.status, "failed");
    assert.match(JSON.stringify(done.result), /step 2 .* began 2 executions, and would begin 0 now/);
    assert.deepEqual(taskNames(await w.children(id)), ["a"]);
  });
});
