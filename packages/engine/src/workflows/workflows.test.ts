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
});
