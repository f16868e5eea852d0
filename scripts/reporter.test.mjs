import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** What `npm test` would print and count for a test file of this text. */
async function run(t, text) {
  const folder = mkdtempSync(join(tmpdir(), "squall-reporter-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "some.test.mjs"), text);
  const reporter = fileURLToPath(new URL("reporter.mjs", import.meta.url));
  // Under node --test a child believes to be a test file of its parent's, unless it is told otherwise.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, ["--test", `--test-reporter=${reporter}`, "some.test.mjs"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  let counts;
  child.on("message", (message) => {
    counts = message;
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, "close");
  return { code, output, counts };
}

const imports = 'import assert from "node:assert/strict";\nimport { describe, test } from "node:test";\n';

test("of a run in which all passes only the counts are shown", async (t) => {
  const { code, output, counts } = await run(t, `${imports}console.log("noise");\ntest("a", () => {});\n`);
  assert.equal(code, 0);
  assert.match(output, /^# tests 1\n# pass 1\n# fail 0\n/);
  assert.deepEqual({ passed: counts.passed, failed: counts.failed }, { passed: 1, failed: 0 });
});

test("a failure is shown once, with its place, its values and what its file printed, and a skipped test with its reason", async (t) => {
  const text = `${imports}console.log("a trace");
describe("group", () => {
  test("adds", () => assert.equal(1 + 1, 3));
  test("flies", { skip: "no wings" }, () => {});
});\n`;
  const { code, output, counts } = await run(t, text);
  assert.equal(code, 1);
  assert.equal(output.match(/FAILED/g)?.length, 1);
  assert.match(output, /FAILED adds\n {2}some\.test\.mjs:5\n/);
  assert.match(output, /2 !== 3/);
  assert.match(output, /printed by some\.test\.mjs:\n {4}\| a trace\n/);
  assert.match(output, /skipped: flies \(some\.test\.mjs:6\): no wings\n/);
  assert.deepEqual({ failed: counts.failed, skipped: counts.skipped }, { failed: 1, skipped: 1 });
});

test("a file that ends before its tests could run is a failure, with its last words", async (t) => {
  const { code, output, counts } = await run(t, `${imports}console.error("last words");\nprocess.exit(9);\n`);
  assert.equal(code, 1);
  assert.match(output, /FAILED some\.test\.mjs/);
  assert.match(output, /\| last words/);
  assert.equal(counts.failed, 1);
});
