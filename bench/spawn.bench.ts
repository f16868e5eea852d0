import { spawn } from "node:child_process";
import { createRunners, type Job, type JobIO } from "@squall/runners";

/*
 * `core.local cmd=true` through the runner beside bare spawns of the same command with the same parallelism.
 * Measured in turns, so that a noisy machine hurts both. Does not measure the engine, the store or the API.
 */
const RUNS = Number(process.env.RUNS ?? 1500);
const PARALLEL = [1, 2, 4, 8];
const ROUNDS = 3;

const runner = createRunners().find((one) => one.name === "local-shell-cmd");
if (!runner) throw new Error("there is no local-shell-cmd runner");

const job: Job = {
  execution: "65f000000000000000000001",
  action: { ref: "core.local", name: "local", pack: "core", entryPoint: "" },
  runnerParameters: { cmd: "true", timeout: 60 },
  actionParameters: {},
  schema: {},
  environment: { ST2_ACTION_PACK_NAME: "core" },
  config: {},
  user: "stanley",
  context: {},
  limits: { outputBytes: 1024 * 1024 },
};
const io: JobIO = { signal: new AbortController().signal, output() {}, announce() {} };

const ways = {
  "runner cmd=true": async () => {
    const outcome = await runner.run(job, io);
    if (outcome.status !== "succeeded") throw new Error(JSON.stringify(outcome));
  },
  "spawn true": () => bare("true", []),
  "spawn sh -c true": () => bare("/bin/sh", ["-c", "true"]),
  "spawn bash -c true": () => bare("/bin/bash", ["-c", "true"]),
};

function bare(file: string, args: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(file, args);
  child.once("error", reject);
  child.once("close", () => resolve());
  return promise;
}

async function rate(one: () => Promise<void>, parallel: number, runs: number): Promise<number> {
  let left = runs;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (left-- > 0) await one();
    }),
  );
  return runs / ((performance.now() - started) / 1000);
}

const table: Record<string, Record<string, string>> = {};
for (const parallel of PARALLEL) {
  const best: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, way] of Object.entries(ways))
      best[name] = Math.max(best[name] ?? 0, await rate(way, parallel, Math.ceil(RUNS / ROUNDS)));
  const runs = best["runner cmd=true"] ?? 0;
  const ratio = (name: string) => ((runs / (best[name] ?? 1)) * 100).toFixed(0);
  table[`${parallel} at once`] = {
    ...Object.fromEntries(Object.entries(best).map(([name, value]) => [`${name} /s`, value.toFixed(0)])),
    "% of spawn true": ratio("spawn true"),
    "% of spawn sh": ratio("spawn sh -c true"),
  };
}
console.table(table);
