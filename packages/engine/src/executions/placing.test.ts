import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_PROJECT, type Execution, Invalid, type JsonObject } from "@squall/model";
import { anEngine, aPayload, aRule, type TestEngine } from "../an-engine.ts";
import { someWorkflows } from "../workflows/some-workflows.ts";

const edge = { site: "edge" };

const anAction = ({ engine }: TestEngine, name: string, given: JsonObject) =>
  engine.content.put(DEFAULT_PROJECT, "action", { name, pack: "default", runner_type: "noop", ...given }, "create");

const placeOf = ({ where, priority }: Execution) => ({ where, priority });

describe("where and priority of an execution", () => {
  test("come from its action unless the request says others, and are shown where there are any", async () => {
    await using t = await anEngine({ labels: { ...edge, gpu: "yes" } });
    await anAction(t, "near", { where: edge, priority: 5 });
    const ask = (more: object) => t.engine.executions.request(t.admin, { action: "default.near", ...more });
    const plain = await ask({});
    assert.deepEqual(placeOf(plain), { where: edge, priority: 5 });
    assert.deepEqual(placeOf(await ask({ where: { gpu: "yes" }, priority: -100 })), {
      where: { gpu: "yes" },
      priority: -100,
    });
    const anywhere = await ask({ where: {}, priority: 0 });
    assert.deepEqual(placeOf(anywhere), { where: undefined, priority: undefined });
    const [shown, bare] = await t.engine.executions.views([plain, anywhere]);
    assert.deepEqual([shown?.where, shown?.priority], [edge, 5]);
    assert.ok(bare && !("where" in bare) && !("priority" in bare));
    const again = await t.engine.executions.rerun(t.admin, anywhere.id, {});
    assert.deepEqual(placeOf(again), placeOf(anywhere));
  });

  test("that are none are refused", async () => {
    await using t = await anEngine();
    const where = { "two words": "x" };
    await assert.rejects(
      t.engine.executions.request(t.admin, { action: "core.noop", where }),
      (error: unknown) =>
        error instanceof Invalid && error.code === "execution.where" && error.message.includes("'two words'"),
    );
  });

  test("are the action's where a rule runs it", async () => {
    await using t = await anEngine();
    await anAction(t, "near", { where: edge, priority: 7 });
    const draft = aRule({ action: { ref: "default.near", parameters: {} } });
    const rule = await t.engine.content.put(DEFAULT_PROJECT, "rule", draft, "create");
    const trigger = rule.trigger.ref;
    const { executions } = await t.engine.events.emit(DEFAULT_PROJECT, { trigger, payload: aPayload({}) });
    assert.deepEqual(executions.map(placeOf), [{ where: edge, priority: 7 }]);
  });
});

describe("an execution that asks for labels", () => {
  test("runs at once on a worker that has them, and waits on one that has not, while others go on", async () => {
    const first = await anEngine();
    await anAction(first, "near", { where: edge });
    const { id, status } = await first.engine.executions.request(first.admin, { action: "default.near" });
    assert.equal(status, "requested");
    for (let n = 0; n < 3; n++) {
      const other = await first.engine.executions.request(first.admin, { action: "core.noop" });
      const done = await first.engine.executions.settled(DEFAULT_PROJECT, other.id, AbortSignal.timeout(10_000));
      assert.equal(done.status, "succeeded");
    }
    assert.equal((await first.store.execution(DEFAULT_PROJECT, id))?.status, "requested");
    await using second = await first.reopen({ labels: edge });
    const done = await second.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(10_000));
    assert.equal(done.status, "succeeded");
    const next = await second.engine.executions.request(second.admin, { action: "default.near" });
    assert.equal(next.status, "running");
  });

  test("that nobody can run is not looked for again and again", async () => {
    let claims = 0;
    await using t = await anEngine({
      around: (store) =>
        new Proxy(store, {
          get(target, name) {
            if (name === "claim") claims++;
            const value: unknown = Reflect.get(target, name);
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          },
        }),
    });
    await t.engine.executions.request(t.admin, { action: "core.noop", where: edge });
    for (let n = 0; n < 20; n++) {
      const { id } = await t.engine.executions.request(t.admin, { action: "core.noop" });
      await t.engine.executions.settled(DEFAULT_PROJECT, id);
    }
    assert.ok(claims < 100, `${claims} claims`);
  });
});

test("tasks take over where and priority of their workflow, unless their action has its own", async () => {
  await using flows = await someWorkflows(
    {
      outer: `
version: 1.0
tasks:
  plain: {action: core.noop, next: [{do: own}]}
  own: {action: default.own, next: [{do: inner}]}
  inner: {action: flows.inner}
`,
      inner: "version: 1.0\ntasks:\n  deep: {action: core.noop}\n",
    },
    { labels: { ...edge, gpu: "yes" } },
  );
  await anAction(flows.t, "own", { where: { gpu: "yes" }, priority: 0 });
  const run = await flows.run("outer", {}, { where: edge, priority: 9 });
  assert.equal(run.status, "succeeded");
  const all = await flows.t.engine.executions.children(DEFAULT_PROJECT, run.id, -1);
  assert.deepEqual(
    all.map((one) => [one.action, one.where, one.priority]),
    [
      ["core.noop", edge, 9],
      ["default.own", { gpu: "yes" }, undefined],
      ["flows.inner", edge, 9],
      ["core.noop", edge, 9],
    ],
  );
});
