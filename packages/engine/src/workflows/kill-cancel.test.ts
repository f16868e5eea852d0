import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_PROJECT } from "@squall/model";
import { anEngine } from "../an-engine.ts";
import { runKilled, writeFlows } from "./some-workflows.ts";

/** Much that waits and a sub-workflow: each is told of a cancel in a commit of its own. */
const WIDE = `
version: 1.0
tasks:
  each: {with: "i in <% range(4).toList() %>", action: core.noop, delay: 600}
  sub: {action: flows.small}
`;
const SMALL = "version: 1.0\ntasks: {x: {action: core.noop, delay: 600}, y: {action: core.noop, delay: 600}}\n";

for (const [what, mode, status] of [
  ["a cancel", "cancel", "canceled"],
  ["a time limit", "timeout", "timeout"],
] as const) {
  test(`${what} reaches all that waits of a workflow, whichever commit the process dies after`, async () => {
    const root = await mkdtemp(join(tmpdir(), "squall-kill-"));
    const folder = join(root, "flows");
    const key = randomBytes(32).toString("hex");
    await writeFlows(folder, { wide: WIDE, small: SMALL });
    try {
      const calm = await runKilled(join(root, "calm"), folder, key, -1, "wide", mode);
      const commits = Number(calm.out);
      assert.ok(commits > 5, `only ${commits} commits`);
      let next = 1;
      const worker = async () => {
        for (let at = next++; at <= commits; at = next++) {
          const directory = join(root, `at-${at}`);
          const { signal, out } = await runKilled(directory, folder, key, at, "wide", mode);
          assert.ok(signal === "SIGKILL" || Number(out) < at, `commit ${at}: ended by ${signal} after ${out}`);
          const t = await anEngine({ directory, key: Buffer.from(key, "hex") });
          try {
            const { items } = await t.store.executions(DEFAULT_PROJECT, { action: "flows.wide" }, {});
            const id = items[0]?.id ?? "";
            // Who asked was not told that it is canceled, and asks again.
            if (mode === "cancel") await t.engine.executions.cancel(t.admin, id).catch(() => undefined);
            const done = await t.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(15_000));
            assert.equal(done.status, status, `killed after commit ${at}`);
            for (const { id: task } of await t.engine.executions.children(DEFAULT_PROJECT, id, -1)) {
              const ended = await t.engine.executions.settled(DEFAULT_PROJECT, task, AbortSignal.timeout(15_000));
              assert.equal(ended.status, "canceled", `killed after commit ${at}: ${ended.action}`);
            }
          } finally {
            await t.engine[Symbol.asyncDispose]();
            await t.parts.bus[Symbol.asyncDispose]();
            await t.store[Symbol.asyncDispose]();
          }
          await rm(directory, { recursive: true, force: true });
        }
      };
      await Promise.all([worker(), worker()]);
    } finally {
      await rm(root, { recursive: true });
    }
  });
}
