import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_PROJECT } from "@squall/model";
import { anEngine } from "../an-engine.ts";
import { runKilled, taskNames, writeFlows } from "./some-workflows.ts";

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

/** Starts the engine on what the child left, waits for the workflow's end, and says how it came there. */
async function endOf(directory: string, key: string) {
  const t = await anEngine({ directory, key: Buffer.from(key, "hex") });
  try {
    const { items } = await t.store.executions(DEFAULT_PROJECT, { action: "flows.twenty" }, {});
    assert.equal(items.length, 1);
    const id = items[0]?.id ?? "";
    const done = await t.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(20_000));
    const all = await t.engine.executions.children(DEFAULT_PROJECT, id, -1);
    const counts: Record<string, number> = {};
    for (const name of taskNames(all.filter((one) => one.status === "succeeded")))
      counts[name] = (counts[name] ?? 0) + 1;
    const others = all.filter((one) => one.status !== "succeeded").map((one) => one.status);
    return { status: done.status, result: done.result, counts, others: [...new Set(others)], lost: others.length };
  } finally {
    await t.engine[Symbol.asyncDispose]();
    await t.parts.bus[Symbol.asyncDispose]();
    await t.store[Symbol.asyncDispose]();
  }
}

test("a workflow ends as if nothing had happened, whichever of its commits the process dies after", async () => {
  const root = await mkdtemp(join(tmpdir(), "squall-kill-"));
  const folder = join(root, "flows");
  const key = randomBytes(32).toString("hex");
  await writeFlows(folder, { twenty: TWENTY, small: SMALL });
  try {
    const calm = await runKilled(join(root, "calm"), folder, key, -1);
    const commits = Number(calm.out);
    const expected = await endOf(join(root, "calm"), key);
    assert.deepEqual([expected.status, expected.lost], ["succeeded", 0], JSON.stringify(expected.result));
    assert.ok(commits > 20, `only ${commits} commits`);
    let next = 1;
    const worker = async () => {
      for (let at = next++; at <= commits; at = next++) {
        const directory = join(root, `at-${at}`);
        const { signal, out } = await runKilled(directory, folder, key, at);
        // How ends come together differs from run to run, so the last numbers may not be reached.
        assert.ok(signal === "SIGKILL" || Number(out) < at, `commit ${at}: ended by ${signal} after ${out}`);
        const { status, result, counts, others } = await endOf(directory, key);
        // A retry is of the whole task: items that had succeeded beside a lost one run again.
        assert.ok((counts.each ?? 0) >= 4);
        counts.each = 4;
        assert.deepEqual(
          { status, result, counts },
          { status: expected.status, result: expected.result, counts: expected.counts },
          `killed after commit ${at}`,
        );
        assert.ok(
          others.every((one) => one === "abandoned"),
          `killed after commit ${at}: ${others.join()}`,
        );
        await rm(directory, { recursive: true });
      }
    };
    await Promise.all([worker(), worker()]);
  } finally {
    await rm(root, { recursive: true });
  }
});
