import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

/*
 * The languages beside recordings of the originals. The recordings are not part of the checkout; where they are missing
 * the tests are skipped. What is known to differ, and why, is in docs/workflow-differences.md.
 */
const folder = process.env.SQUALL_CONFORMANCE ?? join(import.meta.dirname, "../../../shared/conformance");
const grader = join(folder, "grade.mjs");
const skip = existsSync(grader) ? false : `the recordings are not here: ${folder}`;

/** The least share of a group that must be right, by what the grader calls it. */
function floorOf(group: string, level: string): number | undefined {
  if (level === "value" || level === "raises") return group.endsWith(".host-repr") ? 0.9 : 0.98;
  if (level === "accepts-clean") return 1;
  if (level === "finds-errors") return 0.98;
  return level === "core" ? 0.97 : undefined;
}

test("the languages do what the originals were recorded to do", { skip }, () => {
  const scratch = mkdtempSync(join(tmpdir(), "conformance-"));
  try {
    const file = join(scratch, "tally.json");
    const args = [grader, join(import.meta.dirname, "adapter.ts"), "--dir", folder, "--json", file];
    const run = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    const tally = JSON.parse(readFileSync(file, "utf8")) as Record<
      string,
      Record<string, { pass: number; total: number }>
    >;
    const low: string[] = [];
    for (const [group, levels] of Object.entries(tally)) {
      for (const [level, { pass, total }] of Object.entries(levels)) {
        const floor = floorOf(group, level);
        if (floor !== undefined && pass < floor * total) low.push(`${group} ${level}: ${pass} of ${total}`);
      }
    }
    assert.deepEqual(low, []);
    assert.ok(Object.keys(tally).length >= 15, "every group of recordings was replayed");
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
