/**
 * Workflows in the engine, durable: every step is a commit that was synced to the disk. A sequence of 10 tasks that do
 * nothing: how long one alone takes, how many a second when 200 run at once; and one task with 1,000 items.
 * Beside it the same number of single actions that do nothing: what the executions cost without a workflow.
 *
 * Not measured: HTTP, child processes, rules.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalBus } from "@squall/bus";
import { createEngine, createVault, ROLES } from "@squall/engine";
import { createIds, DEFAULT_PROJECT, microsNow, type Principal } from "@squall/model";
import { createRunners } from "@squall/runners";
import { openSqliteStore } from "@squall/store";

const WORKFLOWS = 600;
const AT_ONCE = 200;
const TASKS = 10;
const ITEMS = [1000, 10_000];

const directory = mkdtempSync(join(tmpdir(), "squall-bench-"));
const pack = join(directory, "bench");
mkdirSync(join(pack, "actions", "workflows"), { recursive: true });
writeFileSync(
  join(pack, "pack.yaml"),
  "{ref: bench, name: bench, version: 1.0.0, author: a, email: a@b.cc, description: d}",
);
const define = (name: string, definition: string, parameters = "{}") => {
  writeFileSync(join(pack, "actions", "workflows", `${name}.yaml`), definition);
  writeFileSync(
    join(pack, "actions", `${name}.yaml`),
    `{name: ${name}, runner_type: orquesta, entry_point: workflows/${name}.yaml, enabled: true, parameters: ${parameters}}`,
  );
};
const tasks = Array.from({ length: TASKS }, (_, i) =>
  i + 1 < TASKS
    ? `  t${i}: {action: core.noop, next: [{when: <% succeeded() %>, do: t${i + 1}}]}`
    : `  t${i}: {action: core.noop}`,
);
define("sequence", `version: 1.0\ntasks:\n${tasks.join("\n")}\n`);
define(
  "items",
  `version: 1.0\ninput: [n]\ntasks:\n  all: {with: i in <% range(ctx(n)).toList() %>, action: core.noop, next: [{publish: [{n: <% result().len() %>}]}]}\noutput: [{n: <% ctx(n) %>}]\n`,
  "{n: {type: integer}}",
);

const store = await openSqliteStore({ directory: join(directory, "data") });
const bus = createLocalBus({ onError: (error) => console.error(error) });
const say = (fields: Record<string, unknown>, message: string) => console.error(message, fields);
const engine = await createEngine({
  store,
  bus,
  runners: createRunners(),
  vault: createVault(randomBytes(32)),
  now: microsNow,
  newId: createIds(),
  worker: "bench",
  roles: new Set(ROLES),
  labels: {},
  host: "bench",
  version: "bench",
  limits: {
    processSlots: 4,
    inlineSlots: 200,
    outputBytes: 1 << 20,
    resultBytes: 14 << 20,
    waiting: 100_000,
    workflowExecutions: 100_000,
    workflowDepth: 20,
  },
  apiUrl: () => "http://127.0.0.1:9/v1",
  webUrl: () => "http://127.0.0.1:9",
  timezone: "UTC",
  log: { info: () => undefined, warn: say, error: say },
});
const principal: Principal = { user: "bench", project: DEFAULT_PROJECT, roles: ["admin"], method: "internal" };
const run = async (action: string, parameters = {}) => {
  const { id } = await engine.executions.request(principal, { action, parameters });
  const done = await engine.executions.settled(DEFAULT_PROJECT, id);
  if (done.status !== "succeeded") throw new Error(`${action}: ${done.status} ${JSON.stringify(done.result)}`);
};
const many = async (count: number, atOnce: number, one: () => Promise<void>) => {
  let left = count;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await one();
    }),
  );
  return (count / (performance.now() - start)) * 1000;
};

try {
  await engine.content.register(DEFAULT_PROJECT, [join(import.meta.dirname, "../packs/core"), pack]);
  await engine.start();
  await many(50, 50, () => run("bench.sequence"));
  const alone: number[] = [];
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    await run("bench.sequence");
    alone.push(performance.now() - start);
  }
  alone.sort((a, b) => a - b);
  console.log(
    `a sequence of ${TASKS} noops alone: median ${alone[15]?.toFixed(1)} ms, worst ${alone.at(-1)?.toFixed(1)} ms (wanted: under 40)`,
  );
  const rate = await many(WORKFLOWS, AT_ONCE, () => run("bench.sequence"));
  const bare = await many(WORKFLOWS * TASKS, AT_ONCE, () => run("core.noop"));
  console.log(
    `${AT_ONCE} at once: ${rate.toFixed(0)} workflows/s, ${(rate * TASKS).toFixed(0)} tasks/s (wanted: 150 workflows/s); single noops: ${bare.toFixed(0)}/s`,
  );
  for (const n of ITEMS) {
    const start = performance.now();
    await run("bench.items", { n });
    const ms = performance.now() - start;
    console.log(
      `${n} items: ${ms.toFixed(0)} ms, ${((ms / n) * 1000).toFixed(0)} µs each${n === 1000 ? " (wanted: under 2,000 ms)" : ""}`,
    );
  }
} finally {
  await engine[Symbol.asyncDispose]();
  await bus[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
}
