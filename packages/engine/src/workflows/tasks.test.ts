import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { someWorkflows } from "./some-workflows.ts";

const WORK = {
  parameters: { gate: { type: "string" } },
  definition: `
version: 1.0
input: [gate]
vars: [{n: 0}]
tasks:
  begin: {action: core.noop, next: [{do: a}]}
  a: {action: core.noop, next: [{when: <% ctx(n) < 2 %>, publish: [{n: <% ctx(n) + 1 %>}], do: a}, {when: <% ctx(n) >= 2 %>, do: sub}]}
  sub: {action: flows.inner, next: [{do: each}]}
  each:
    with: {items: "i in <% range(8).toList() %>", concurrency: 4}
    action: core.local
    input: {cmd: "until test -e <% ctx(gate) %>; do sleep 0.05; done; test <% item(i) %> != 3"}
    next: [{when: <% failed() %>, do: last}]
  last: {action: core.noop, delay: 1}
`,
};
const INNER = "version: 1.0\ntasks:\n  x: {action: core.noop, next: [{do: y}]}\n  y: {action: core.noop}\n";

describe("the tasks of a workflow's execution", () => {
  test("are told with runs, items, delays and those of sub-workflows, while it runs and afterwards", async () => {
    await using w = await someWorkflows({ work: WORK, inner: INNER });
    const { id } = await w.request("work", { gate: `${w.folder}/gate` });
    await w.reaches(id, "running", "each");
    const running = await w.t.store.execution("default", id);
    assert.ok(running);
    const { tasks: now } = await w.t.engine.workflows.tasksOf(running);
    const each = now.find((one) => one.task === "each");
    assert.deepEqual([each?.status, each?.items?.total, each?.end_timestamp], ["running", 8, undefined]);
    await w.touch("gate");
    const done = await w.settled(id);
    assert.equal(done.status, "succeeded", JSON.stringify(done.result));
    const { tasks } = await w.t.engine.workflows.tasksOf(done);
    assert.deepEqual(
      tasks.map(({ task, status, runs, delay, items }) => ({ task, status, runs, delay, items })),
      [
        { task: "begin", status: "succeeded", runs: 1, delay: undefined, items: undefined },
        { task: "a", status: "succeeded", runs: 3, delay: undefined, items: undefined },
        { task: "sub", status: "succeeded", runs: 1, delay: undefined, items: undefined },
        {
          task: "each",
          status: "failed",
          runs: 1,
          delay: undefined,
          items: { total: 8, counts: { succeeded: 7, failed: 1 } },
        },
        { task: "last", status: "succeeded", runs: 1, delay: 1, items: undefined },
      ],
    );
    assert.deepEqual(
      tasks[2]?.tasks?.map((one) => one.task),
      ["x", "y"],
    );
    assert.deepEqual(
      tasks[3]?.shown?.map((one) => [one.item, one.status]),
      [[3, "failed"]],
    );
    const { nodes, edges } = await w.t.engine.workflows.graphOf(done);
    assert.deepEqual(
      nodes.map(({ id: name, runs, total, succeeded }) => [name, runs, total, succeeded]),
      [
        ["begin", 1, undefined, undefined],
        ["a", 3, undefined, undefined],
        ["sub", 1, undefined, undefined],
        ["each", 1, 8, 7],
        ["last", 1, undefined, undefined],
      ],
    );
    assert.ok(
      edges.every((edge) => edge.taken === true),
      JSON.stringify(edges),
    );
  });

  test("count items that succeeded in the execution before", async () => {
    await using w = await someWorkflows({
      items: {
        parameters: { gate: { type: "string" } },
        definition: `
version: 1.0
input: [gate]
tasks:
  each: {with: "i in <% [0, 1, 2] %>", action: core.local, input: {cmd: "test <% item(i) %> != 1"}}
`,
      },
    });
    const failed = await w.run("items");
    const again = await w.settled((await w.t.engine.executions.rerun(w.t.admin, failed.id, { tasks: ["each"] })).id);
    const { tasks } = await w.t.engine.workflows.tasksOf(again);
    assert.deepEqual([tasks[0]?.status, tasks[0]?.items?.total, tasks[0]?.items?.counts.succeeded], ["failed", 3, 2]);
  });
});
