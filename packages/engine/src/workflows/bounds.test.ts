import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TooMany } from "@squall/model";
import { about } from "@squall/store";
import { someWorkflows } from "./some-workflows.ts";

const ITSELF = "version: 1.0\ntasks: {a: {action: flows.itself}}\n";
const TWICE = "version: 1.0\ntasks: {a: {action: flows.twice}, b: {action: flows.twice}}\n";

describe("a workflow that grows without end is stopped, and says why", () => {
  test("one that runs itself, at a depth", async () => {
    await using w = await someWorkflows({ itself: ITSELF }, { limits: { workflowDepth: 4 } });
    const done = await w.run("itself");
    assert.equal(done.status, "failed");
    const all = await w.t.engine.executions.children("default", done.id, -1);
    assert.equal(all.length, 3);
    assert.match(JSON.stringify(all.at(-1)?.result), /workflow flows\.itself is 4 levels below the first one/);
  });

  test("one that runs itself twice, at a number of workflows, and others may begin when it has ended", async () => {
    await using w = await someWorkflows({ twice: TWICE }, { limits: { waiting: 20, workflowDepth: 100 } });
    const { id } = await w.request("twice");
    const done = await w.settled(id);
    assert.equal(done.status, "failed");
    const all = await w.t.engine.executions.children("default", id, -1);
    assert.ok(all.length < 200, `${all.length} workflows`);
    const why = all.some((one) => /workflows have not ended, and 20 may be/.test(JSON.stringify(one.result)));
    assert.ok(why, "nobody says why");
    while ((await w.t.engine.health()).parts.engine?.workflows !== 0);
  });

  test("no more begin from outside than may be under way", async () => {
    await using w = await someWorkflows(
      { waits: "version: 1.0\ntasks: {a: {action: core.noop, delay: 60}}\n" },
      { limits: { waiting: 3 } },
    );
    const ids = [];
    for (let n = 0; n < 3; n++) {
      const { id } = await w.request("waits");
      await w.reaches(id, "delayed", "a");
      ids.push(id);
    }
    await assert.rejects(
      w.request("waits"),
      (error) => error instanceof TooMany && /3 workflows have not ended/.test(error.message),
    );
    await w.t.engine.executions.cancel(w.t.admin, ids[0] ?? "");
    await w.settled(ids[0] ?? "");
    const { id } = await w.request("waits");
    for (const one of [...ids.slice(1), id]) await w.t.engine.executions.cancel(w.t.admin, one);
    for (const one of [...ids.slice(1), id]) await w.settled(one);
  });

  test("a cycle, at a number of executions", async () => {
    await using w = await someWorkflows(
      {
        cycle:
          "version: 1.0\ntasks:\n  a: {action: core.noop, next: [{do: b}]}\n  b: {action: core.noop, next: [{do: b}]}\n",
      },
      { limits: { workflowExecutions: 50 } },
    );
    const done = await w.run("cycle");
    assert.equal(done.status, "failed");
    assert.match(JSON.stringify(done.result), /began 50 executions, which is the most, and is at task 'b'/);
    assert.equal((await w.children(done.id)).length, 50);
    // Read back, it is what it was.
    await w.reopen();
    assert.equal((await w.t.engine.workflows.graphOf(done)).nodes[1]?.runs, 49);
  });

  test("items, at a number of executions, and before that at what an expression may make", async () => {
    const items = (count: string) =>
      `version: 1.0\ntasks: {a: {with: "i in <% range(${count}).toList() %>", action: core.noop}}\n`;
    await using w = await someWorkflows(
      { many: items("500"), huge: items("100000000"), endless: items("0, 100, 0") },
      { limits: { workflowExecutions: 100 } },
    );
    const many = await w.run("many");
    assert.equal(many.status, "failed");
    assert.match(JSON.stringify(many.result), /began 100 executions/);
    for (const name of ["huge", "endless"]) {
      const done = await w.run(name);
      assert.equal(done.status, "failed", name);
      assert.deepEqual(await w.children(done.id), [], name);
    }
  });

  // Where others take from the same store, what waits is counted now and then, and the bound is one of many seconds.
  test("steps are put off while as much waits as may, and go on when there is room", {
    skip: about("alone"),
  }, async () => {
    await using w = await someWorkflows(
      {
        main: {
          parameters: { gate: { type: "string" } },
          definition: `
version: 1.0
input: [gate]
tasks:
  begin: {action: core.noop, next: [{do: [fill, sub]}]}
  fill:
    with: i in <% range(20).toList() %>
    action: core.local
    input: {cmd: "until test -e <% ctx(gate) %>; do sleep 0.05; done"}
  sub: {action: flows.small}
`,
        },
        small: "version: 1.0\ntasks: {a: {action: core.noop}}\n",
      },
      { limits: { processSlots: 2, waiting: 8 } },
    );
    const { id } = await w.request("main", { gate: `${w.folder}/gate` });
    const sub = await w.reaches(id, "running", "sub");
    await w.reaches(id, "running", "fill");
    await w.touch("gate");
    assert.equal((await w.settled(id)).status, "succeeded");
    const [put] = await w.children(sub.id);
    const filled = (await w.children(id)).filter(
      (one) => (one.context.orquesta as { task_name: string }).task_name === "fill",
    );
    const before = filled.filter((one) => (one.end ?? Infinity) <= (put?.created ?? 0)).length;
    assert.ok(before >= 20 - 2 - 8, `only ${before} had ended when the sub-workflow began its task`);
  });

  test("a cancel is not put off, for what it ends is what takes the room", async () => {
    await using w = await someWorkflows(
      {
        main: `version: 1.0\ntasks: {fill: {with: "i in <% range(20).toList() %>", action: core.local cmd="sleep 60"}}\n`,
      },
      { limits: { processSlots: 1, waiting: 3 } },
    );
    const { id } = await w.request("main");
    await w.reaches(id, "running", "fill");
    await w.t.engine.executions.cancel(w.t.admin, id);
    assert.equal((await w.settled(id)).status, "canceled");
    const children = await w.children(id);
    assert.deepEqual(new Set(children.map((one) => one.status)), new Set(["canceled"]));
  });

  test("nothing is put off while the engine stops: what would begin waits in the store", async () => {
    await using w = await someWorkflows(
      {
        main: `
version: 1.0
tasks:
  fill: {with: "i in <% range(20).toList() %>", action: core.local cmd="sleep 60"}
  quick: {action: core.noop, next: [{do: after}]}
  after: {action: core.noop}
`,
      },
      { limits: { processSlots: 1, waiting: 3 } },
    );
    const { id } = await w.request("main");
    await w.reaches(id, "running", "fill");
    await w.reopen();
    await w.t.engine.executions.cancel(w.t.admin, id);
    assert.equal((await w.settled(id)).status, "canceled");
  });
});
