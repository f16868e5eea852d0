// The stages of `npm test`, `npm run check` and `npm run format`. Every stage runs, also after one has failed.

import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { exitStatus, job } from "./child.mjs";
import { onCluster } from "./on-cluster.mjs";
import { fail, say, seconds } from "./say.mjs";
import { runTests } from "./test-run.mjs";

/** A test that has not ended after this is taken for hung. The longest, which kills a server 50 times, needs about two minutes. */
const TEST_TIMEOUT_MS = 5 * 60_000;
/** A run of which nothing has been heard for this long hangs outside its tests, which time out before. */
const SILENCE_MS = TEST_TIMEOUT_MS + 60_000;
const SKIPPED = { code: 0, signal: null };
const STRUCTURE = join("test", "structure");
/** Where tests open stores through the common doors. The rooms of store and bus hold both kinds to their contracts themselves. */
const OPENING = [
  "packages/engine",
  "packages/server",
  "packages/cli",
  "test/chaos",
  "test/e2e",
  "test/packs",
  "test/peers",
];
/** Among them those that name their stores themselves, a file here and a database there. */
const NAMING = "packages/server/src/operate";
/** Those of them that go through most of the engine, for every `npm test`: about a minute. */
const TELLING = [
  "packages/engine/src/content/content.test.ts",
  "packages/engine/src/events/events.test.ts",
  "packages/engine/src/executions/executions.test.ts",
  "packages/engine/src/inquiries/in-workflows.test.ts",
  "packages/engine/src/workflows/control.test.ts",
  "packages/server/src/routes/executions.test.ts",
  "packages/server/src/routes/loop.test.ts",
  "packages/server/src/stream/stream.test.ts",
];

/** Types, format, lint and structure. Answers the exit status. */
export async function check(context) {
  return report(await runStages([...staticStages(context), structureStage(context)]));
}

/**
 * Everything of `check`, then every other test. With patterns, only the test files whose path contains one of them.
 * Arguments that begin with `--` go to `node --test`. Answers the exit status.
 */
export async function test(context, args) {
  const flags = args.filter((arg) => arg.startsWith("--"));
  const patterns = args.filter((arg) => !arg.startsWith("--"));
  const files = testFiles(context.root);
  if (patterns.length > 0) {
    const chosen = files.filter((file) => patterns.some((pattern) => file.includes(pattern)));
    if (chosen.length === 0) fail(`no test file's path contains ${patterns.map((text) => `'${text}'`).join(" or ")}`);
    return report(await runStages([testStage(context, "tests", chosen, flags)]));
  }
  const rest = files.filter((file) => !file.startsWith(STRUCTURE + sep));
  return report(
    await runStages([
      ...staticStages(context),
      structureStage(context),
      testStage(context, "tests", rest, flags),
      clusterStage(
        context,
        TELLING.filter((file) => rest.includes(file)),
        flags,
      ),
    ]),
  );
}

/** The tests that open a store, all of them, on PostgreSQL and NATS; patterns and flags as of `test`. Answers the exit status. */
export async function testOnCluster(context, args) {
  const flags = args.filter((arg) => arg.startsWith("--"));
  const patterns = args.filter((arg) => !arg.startsWith("--"));
  const files = testFiles(context.root)
    .filter((file) => OPENING.some((folder) => file.startsWith(folder + sep)) && !file.startsWith(NAMING + sep))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)));
  if (files.length === 0) fail(`no test that opens a store has one of these in its path: ${patterns.join(" ")}`);
  return report(await runStages([clusterStage(context, files, flags)]));
}

/** Rewrites what is not formatted. Answers the exit status. */
export async function format(context) {
  return report(await runStages([tool(context, "format", "@biomejs/biome/bin/biome", ["format", "--write", "."])]));
}

/** Every test file of the checkout, by its path from the root, in a fixed order. */
export function testFiles(root) {
  const packages = readdirSync(join(root, "packages")).map((room) => join("packages", room, "src"));
  return [...packages, "scripts", "test"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => /\.test\.(?:ts|mjs)$/.test(file))
    .sort((a, b) => a.localeCompare(b, "en"));
}

function staticStages(context) {
  return [
    tool(context, "types", "typescript/bin/tsc", ["-p", "."]),
    tool(context, "format check", "@biomejs/biome/bin/biome", ["format", "."]),
    tool(context, "lint", "oxlint/bin/oxlint", ["--type-aware", "--deny-warnings"]),
  ];
}

function tool({ root, node, env }, name, script, args) {
  const run = () => job(node, [join(root, "node_modules", script), ...args], { cwd: root, env, keep: "output" });
  return { name, run };
}

function structureStage(context) {
  const files = testFiles(context.root).filter((file) => file.startsWith(STRUCTURE + sep));
  return testStage(context, "structure", files, []);
}

function testStage({ root, node, env }, name, files, flags) {
  const reporter = relative(root, fileURLToPath(new URL("reporter.mjs", import.meta.url)));
  const args = [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-concurrency=2",
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    `--test-reporter=./${reporter}`,
    ...flags,
    ...files,
  ];
  // Given no file, node --test would look for some by itself.
  if (files.length === 0) return { name };
  // The channel brings the reporter's counts.
  return { name, run: () => runTests(node, args, { cwd: root, env, silenceMs: SILENCE_MS }) };
}

function clusterStage(context, files, flags) {
  const run = () =>
    onCluster(context, (env) => testStage({ ...context, env }, "", files, flags).run()).then(
      (result) => result ?? SKIPPED,
    );
  return { name: "tests on PostgreSQL and NATS", run };
}

async function runStages(stages) {
  const results = [];
  for (const { name, run } of stages) {
    if (!run) continue;
    const started = Date.now();
    say(`${name} ...`);
    const result = await run();
    const status = exitStatus(result);
    if (status !== 0 && result.output) process.stdout.write(result.output);
    say(`${name} ${status === 0 ? "ok" : `FAILED with status ${status}`} (${seconds(started)})`);
    results.push({ name, status, counts: result.message });
  }
  return results;
}

/** Prints the closing lines and answers the exit status. */
function report(results) {
  const failed = results.filter((result) => result.status !== 0).map((result) => result.name);
  const counts = results.map((result) => result.counts).filter((counts) => counts !== undefined);
  if (failed.length > 0) process.stdout.write(`failed: ${failed.join(", ")}\n`);
  if (counts.length > 0) {
    const sum = (key) => counts.reduce((total, each) => total + each[key], 0);
    const left = sum("skipped") + sum("todo");
    process.stdout.write(
      `${sum("passed")} passed, ${sum("failed") + sum("cancelled")} failed${left > 0 ? `, ${left} skipped` : ""}\n`,
    );
  }
  return failed.length > 0 ? 1 : 0;
}
