import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiTask } from "@squall/client";
import pc from "picocolors";
import { taskTree } from "./task-tree.ts";
import { textWidth } from "./text-width.ts";

const ID = "6b02e5d40bfe2ec5510a3033";
const style = {
  colors: pc.createColors(false),
  timeZone: "UTC",
  width: Infinity,
  now: Date.parse("2026-11-22T09:02:00Z"),
};
const aTask = (more: Partial<ApiTask> = {}): ApiTask => ({
  task: "a",
  action: "core.local",
  status: "succeeded",
  start_timestamp: "2026-11-22T09:00:00Z",
  end_timestamp: "2026-11-22T09:00:05Z",
  runs: 1,
  execution: ID,
  ...more,
});
const { execution: _, ...withoutExecution } = aTask();
const TREE = [
  aTask(),
  aTask({
    task: "sub",
    action: "flows.inner",
    tasks: [aTask({ task: "b", status: "delayed", delay: 90, runs: 3 })],
  }),
  {
    ...withoutExecution,
    task: "each",
    status: "failed",
    items: { total: 10_000, counts: { succeeded: 9998, failed: 2 } },
    shown: [{ item: 17, execution: ID, status: "failed", start_timestamp: "2026-11-22T09:00:00Z" }],
  },
];

test("a tree of tasks shows statuses, times, items, runs, delays and sub-workflows", () => {
  const lines = taskTree({ tasks: TREE }, style).split("\n");
  assert.match(lines[0] ?? "", new RegExp(`^ {2}✓ a +succeeded +5\\.0 s +09:00:00 +core\\.local +${ID}$`));
  assert.match(lines[2] ?? "", /^ {4}▸ b +delayed, 3 runs, delay 1 min 30 s +5\.0 s/);
  assert.match(lines[3] ?? "", /^ {2}✗ each +failed, items 9,998\/10,000 /);
  assert.match(lines[4] ?? "", new RegExp(`^ {4}✗ item 17 +failed +2 min 0 s +09:00:00 +${ID}$`));
});

test("a tree fits a narrow terminal: what helps least is left out, and names are cut last", () => {
  for (const width of [100, 80, 60, 45]) {
    const lines = taskTree({ tasks: TREE }, { ...style, width }).split("\n");
    for (const line of lines) assert.ok(textWidth(line) <= width, `${width}: ${line}`);
    assert.match(lines[3] ?? "", /each.*failed/);
  }
});

test("a large tree is cut and says how much is left", () => {
  const tasks = Array.from({ length: 300 }, (_, at) => aTask({ task: `t${at}` }));
  const lines = taskTree({ tasks, more: 1000 }, style).trimEnd().split("\n");
  assert.equal(lines.length, 201);
  assert.match(lines.at(-1) ?? "", /and 1,100 more/);
});

test("names cannot move the cursor", () => {
  assert.doesNotMatch(taskTree({ tasks: [aTask({ task: "\u001b[31mred\n" })] }, style), /\u001b/);
});
