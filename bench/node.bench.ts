import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRunners, type Job, type JobIO } from "@squall/runners";

/*
 * A trivial JavaScript action through the runner node-script beside a bare `node action.mjs`, in turns, with the same
 * parallelism. Does not measure the engine, the store or the API.
 */
const RUNS = Number(process.env.RUNS ?? 400);
const PARALLEL = [1, 2, 4];

const pack = mkdtempSync(join(tmpdir(), "squall-bench-node-"));
mkdirSync(join(pack, "actions"));
writeFileSync(join(pack, "actions", "add.mjs"), "export default ({ n }) => n + 1;\n");
writeFileSync(join(pack, "actions", "bare.mjs"), "console.log(JSON.stringify(1 + 1));\n");
const runner = createRunners().find((one) => one.name === "node-script");
if (!runner) throw new Error("there is no node-script runner");

const io: JobIO = { signal: new AbortController().signal, output() {}, announce() {} };
const job = (fresh: boolean): Job => ({
  execution: "65f000000000000000000001",
  action: { ref: "bench.add", name: "add", pack: "bench", entryPoint: "add.mjs" },
  packPath: pack,
  runnerParameters: { timeout: 60, fresh_process: fresh },
  actionParameters: { n: 1 },
  schema: {},
  environment: {},
  config: {},
  user: "stanley",
  context: {},
  limits: { outputBytes: 1024 * 1024 },
});

const through = (fresh: boolean) => async () => {
  const outcome = await runner.run(job(fresh), io);
  if (outcome.result.result !== 2) throw new Error(JSON.stringify(outcome));
};
const bare = () =>
  new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [join(pack, "actions", "bare.mjs")], { stdio: ["ignore", "pipe", "pipe"] });
    child.once("error", reject);
    child.once("close", () => resolve());
  });

async function measure(
  one: () => Promise<void>,
  parallel: number,
  runs: number,
): Promise<{ rate: number; p50: number }> {
  const times: number[] = [];
  let left = runs;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (left-- > 0) {
        const began = performance.now();
        await one();
        times.push(performance.now() - began);
      }
    }),
  );
  times.sort((a, b) => a - b);
  return { rate: runs / ((performance.now() - started) / 1000), p50: times[Math.floor(times.length / 2)] ?? 0 };
}

await through(false)();
const table: Record<string, Record<string, string>> = {};
for (const parallel of PARALLEL) {
  const spawned = await measure(bare, parallel, Math.ceil(RUNS / 4));
  const fresh = await measure(through(true), parallel, Math.ceil(RUNS / 4));
  const warm = await measure(through(false), parallel, RUNS * 4);
  table[`${parallel} at once`] = {
    "warm /s": warm.rate.toFixed(0),
    "p50 ms": warm.p50.toFixed(2),
    "fresh /s": fresh.rate.toFixed(0),
    "bare node /s": spawned.rate.toFixed(0),
    "warm : bare": (warm.rate / spawned.rate).toFixed(1),
  };
}
console.table(table);
rmSync(pack, { recursive: true });
