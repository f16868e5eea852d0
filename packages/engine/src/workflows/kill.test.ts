import assert from "node:assert/strict";
import { test } from "node:test";
import { killAtEveryCommit } from "./kill-at-every-commit.ts";

const retry = "retry: {count: 2}";
const task = (name: string, next: string) =>
  `  ${name}: {action: core.noop, ${retry}, next: [{when: <% succeeded() %>, ${next}}]}`;

/** Twenty tasks: a chain, a fork, a join, items, a sub-workflow. What was running when the process died runs again. */
const TWENTY = `
version: 1.0
vars: [{n: 0}, {trail: ""}]
tasks:
${Array.from({ length: 8 }, (_, i) => task(`t${i}`, `publish: [{n: <% ctx(n) + 1 %>}], do: t${i + 1}`)).join("\n")}
${task("t8", "publish: [{n: <% ctx(n) + 1 %>}], do: [l0, r0]")}
${task("l0", "do: l1")}
${task("l1", "publish: [{left: <% now() != null %>}], do: meet")}
${task("r0", "do: r1")}
${task("r1", "publish: [{right: <% random() < 1 %>}], do: meet")}
${task("meet", "do: each").replace("action:", "join: all, action:")}
  each:
    with: {items: "i in <% [1, 2, 3, 4] %>", concurrency: 2}
    action: core.noop
    ${retry}
    next: [{when: <% succeeded() %>, publish: [{items: <% result().len() %>}], do: sub}]
  sub: {action: flows.small, ${retry}, next: [{when: <% succeeded() %>, publish: [{small: <% result().output %>}], do: e0}]}
${task("e0", "do: e1")}
${task("e1", "do: e2")}
${task("e2", "do: e3")}
  e3: {action: core.noop, ${retry}}
output: [{n: <% ctx(n) %>}, {items: <% ctx(items) %>}, {small: <% ctx(small) %>}, {both: <% ctx(left) and ctx(right) %>}]
`;
const SMALL = `
version: 1.0
tasks:
${task("a", "do: b")}
  b: {action: core.noop, ${retry}}
output: [{ok: <% task_status(a) %>}]
`;

test("a workflow ends as if nothing had happened, whichever of its commits the process dies after", async () => {
  const { commits, calm } = await killAtEveryCommit(
    { twenty: TWENTY, small: SMALL },
    "twenty",
    ({ counts, others }) => {
      // A retry is of the whole task: items that had succeeded beside a lost one run again.
      assert.ok((counts.each ?? 0) >= 4);
      counts.each = 4;
      assert.ok(
        others.every((one) => one === "abandoned"),
        others.join(),
      );
    },
  );
  assert.equal(calm.status, "succeeded", JSON.stringify(calm.result));
  assert.deepEqual(calm.others, []);
  assert.ok(commits > 20, `only ${commits} commits`);
});

/** A question, a limit that is passed, and a chain with a question; nodes that were lost run again. */
const WAITS = `
version: 1.0
tasks:
  ask: {action: core.ask, ${retry}, next: [{when: <% succeeded() %>, publish: [{go: <% result().response.continue %>}], do: chain}]}
  chain: {action: flows.chain, next: [{when: <% succeeded() %>, publish: [{chain: <% result().published %>}], do: both}]}
  limited:
    action: core.ask
    input: {route: never}
    timeout: 1
    ${retry}
    next: [{when: <% failed() %>, publish: [{why: <% task_status(limited) %>}], do: both}]
  below: {action: flows.never, timeout: 1, next: [{when: <% failed() %>, do: both}]}
  both: {join: all, action: core.noop, ${retry}}
output: [{go: <% ctx(go) %>}, {chain: <% ctx(chain) %>}, {why: <% ctx(why) %>}]
`;
const NEVER = "version: 1.0\ntasks: {ask: {action: core.ask, input: {route: never}, retry: {count: 2}}}";
const CHAIN = `
chain:
  - {name: one, ref: core.noop, publish: {code: "{{ one.return_code | default('lost') }}"}, on-success: two, on-failure: one}
  - {name: two, ref: core.ask, on-success: three, on-failure: two}
  - {name: three, ref: core.noop, publish: {go: "{{ two.response.continue }}"}, on-failure: three}
`;

test("questions, limits and chains go on as if nothing had happened", async () => {
  const flows = { waits: WAITS, never: NEVER, chain: { definition: CHAIN, runner: "action-chain" } };
  const { commits, calm } = await killAtEveryCommit(flows, "waits", ({ others }) => {
    // What ran of tasks whose time was over is canceled after the step, perhaps by the next process.
    assert.ok(
      others.every((one) => one === "abandoned" || one === "canceled"),
      others.join(),
    );
  });
  assert.deepEqual(
    [calm.status, calm.result],
    ["succeeded", { output: { go: true, chain: { code: "0", go: "True" }, why: "timeout" } }],
  );
  assert.ok(commits > 10, `only ${commits} commits`);
});
