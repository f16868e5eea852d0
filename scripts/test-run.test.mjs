import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runTests } from "./test-run.mjs";

const HANGING = {
  "its file waits for a timer": 'test("fast", () => void setInterval(() => {}, 1000));',
  "its output is held by another process":
    'test("fast", () => spawn("sleep", ["1000"], { stdio: "inherit", detached: true }).unref());',
};

for (const [how, text] of Object.entries(HANGING))
  test(`a run goes on to its end when ${how}, and fails`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "squall-test-run-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const imports = 'import { spawn } from "node:child_process";\nimport { test } from "node:test";\n';
    writeFileSync(join(folder, "a.test.mjs"), imports + text);
    writeFileSync(join(folder, "b.test.mjs"), `${imports}test("other", () => {});`);
    // Under node --test a child believes to be a test file of its parent's, unless it is told otherwise.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const reporter = fileURLToPath(new URL("reporter.mjs", import.meta.url));
    const args = ["--test", "--test-concurrency=1", `--test-reporter=${reporter}`, "a.test.mjs", "b.test.mjs"];
    const result = await runTests(process.execPath, args, { cwd: folder, env, silenceMs: 2_000 });
    assert.equal(result.code, 1);
    assert.equal(result.message.passed, 2);
  });
