import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_PROJECT, microsNow } from "@squall/model";
import { anEngine } from "./an-engine.ts";
import { forgetOld } from "./collector.ts";

const DAY = 86_400_000_000;

test("executions are forgotten when they ended longer ago than history is kept, and not before", async () => {
  let passed = 0;
  await using t = await anEngine({ now: () => microsNow() + passed });
  const run = async () => {
    const asked = await t.engine.executions.request(t.admin, { action: "core.noop", parameters: {} });
    return t.engine.executions.settled(DEFAULT_PROJECT, asked.id, AbortSignal.timeout(10_000));
  };
  const { id } = await run();
  const never = new AbortController().signal;
  passed = 9 * DAY;
  assert.equal(await forgetOld({ ...t.parts, keepDays: 10 }, never), 0);
  passed = 11 * DAY;
  assert.equal(await forgetOld(t.parts, never), 0);
  assert.ok(await t.store.execution(DEFAULT_PROJECT, id));
  assert.equal(await forgetOld({ ...t.parts, keepDays: 10 }, never), 1);
  assert.equal(await t.store.execution(DEFAULT_PROJECT, id), undefined);
});
