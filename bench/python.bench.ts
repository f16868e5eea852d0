import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, percentile, requestBytes } from "./loop/load.ts";
import { type Squall, startSquall } from "./loop/squall.ts";

/*
 * A Python action that returns its parameter, end to end through a server: `POST /v1/executions` -> fork -> completed and
 * stored. Beside it, in turns within the same run, bare spawns of `python3 script.py` as many at once as the server has
 * slots, where the script does nothing: no JSON, no SDK, no store. Server, load and database share this machine.
 *
 * "end to end" counts from the first POST until the last execution is completed. CPU is what the server and all processes
 * below it used, for an execution, which does not depend on what else the machine does. Not measured: heavy imports
 * (which a fork server does once), results of megabytes, other machines.
 * Options through the environment: RUNS (default 600 per row and round), ROUNDS (3).
 */
const RUNS = Number(process.env.RUNS ?? 600);
/** Dearer, so fewer. */
const SPAWNS = Math.ceil(RUNS / 4);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SLOTS = [1, 2, 4, 8];
const CONNECTIONS = 8;
/** What /proc counts processor time in, on every Linux there is. */
const TICK_MS = 10;
/** The interpreter itself, where `python3` is a script that looks for one. */
const PYTHON = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();

const folder = mkdtempSync(join(tmpdir(), "squall-bench-pack-"));
const pack = join(folder, "bench");
mkdirSync(join(pack, "actions"), { recursive: true });
writeFileSync(
  join(pack, "pack.yaml"),
  "name: bench\ndescription: actions\nversion: 1.0.0\nauthor: bench\nemail: bench@example.com\n",
);
writeFileSync(
  join(pack, "actions", "give.yaml"),
  "name: give\nrunner_type: python-script\nentry_point: give.py\nenabled: true\nparameters:\n  n: {type: integer}\n",
);
writeFileSync(
  join(pack, "actions", "give.py"),
  "from st2common.runners.base_action import Action\n\n\nclass Give(Action):\n    def run(self, n):\n        return n\n",
);
writeFileSync(join(folder, "script.py"), "print(1)\n");

async function completed(squall: Squall): Promise<number> {
  const { headers } = await squall.api("GET", "/executions?limit=1&status=succeeded&include_attributes=id");
  return Number(headers.get("x-total-count"));
}

/** Executions a second; the server runs as many at once as it has slots. */
async function executions(squall: Squall): Promise<number> {
  const before = await completed(squall);
  const request = requestBytes(
    "POST",
    "/v1/executions",
    { "st2-api-key": squall.apiKey },
    { action: "bench.give", parameters: { n: 1 } },
  );
  const began = performance.now();
  const { wrong } = await load({ port: squall.port, connections: CONNECTIONS, requests: RUNS, wanted: 201 }, request);
  if (wrong.size > 0) throw new Error(`wrong answers: ${JSON.stringify([...wrong])}`);
  for (;;) {
    const done = await completed(squall);
    if (done >= before + RUNS) break;
    // Looking costs the server as much as an execution does; this looks about as often as one ends.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { headers } = await squall.api("GET", "/executions?limit=1&status=failed&include_attributes=id");
    if (headers.get("x-total-count") !== "0") throw new Error("an execution failed");
  }
  return (RUNS / (performance.now() - began)) * 1000;
}

/** Milliseconds from the POST to the end of the execution, one at a time, by asking until it has ended. */
async function alone(squall: Squall, runs: number): Promise<Float64Array> {
  const times = new Float64Array(runs);
  for (let n = 0; n < runs; n++) {
    const began = performance.now();
    const { json } = await squall.api<{ id: string }>("POST", "/executions", {
      action: "bench.give",
      parameters: { n },
    });
    for (;;) {
      const { json: now } = await squall.api<{ status: string }>(
        "GET",
        `/executions/${json.id}?include_attributes=status`,
      );
      if (now.status === "succeeded") break;
      if (now.status === "failed") throw new Error("the execution failed");
    }
    times[n] = performance.now() - began;
  }
  return times;
}

async function spawns(parallel: number): Promise<number> {
  let left = SPAWNS;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (left-- > 0) await spawned();
    }),
  );
  return (SPAWNS / (performance.now() - began)) * 1000;
}

function spawned(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(PYTHON, [join(folder, "script.py")], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.resume();
  child.stderr.resume();
  child.once("error", reject).once("close", () => resolve());
  return promise;
}

/** Proportional set size of the processes of fork servers: what they have in common is counted once. */
function memoryOfForkServers(): string {
  const sizes = readdirSync("/proc").flatMap((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("fork_server.py")) return [];
      return [Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0)];
    } catch {
      return []; // no process, or gone
    }
  });
  return `${sizes.length} processes with ${(sizes.reduce((a, b) => a + b, 0) / 1024).toFixed(1)} MB (PSS)`;
}

/** Milliseconds of processor time that processes have used, with those below them that have ended. */
function cpuMs(pids: readonly (number | string)[]): number {
  return (
    pids.reduce<number>(
      (sum, pid) =>
        sum +
        statOf(pid)
          .slice(11, 15)
          .reduce((a, b) => a + Number(b), 0),
      0,
    ) * TICK_MS
  );
}

/** From the state on; empty when it is gone. */
function statOf(pid: number | string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

/** A process and all below it. */
function tree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const pid of readdirSync("/proc")) if (/^\d+$/.test(pid)) parents.set(Number(pid), Number(statOf(pid)[1]));
  const found = [root];
  for (const above of found) for (const [pid, parent] of parents) if (parent === above) found.push(pid);
  return found;
}

try {
  const table: Record<string, Record<string, string>> = {};
  for (const slots of SLOTS) {
    await using squall = await startSquall(["--workers", String(slots)]);
    const { pid } = JSON.parse(readFileSync(join(squall.directory, "server.json"), "utf8")) as { pid: number };
    await squall.api("POST", "/packs/register", { paths: [pack] });
    await alone(squall, 20); // warm: the first one starts the fork server
    const best = { forks: 0, spawns: 0 };
    const cpu = { forks: 0, spawns: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const processes = tree(pid);
      const before = cpuMs(processes);
      best.forks = Math.max(best.forks, await executions(squall));
      cpu.forks += cpuMs(processes) - before;
      const spawnsBefore = statOf(process.pid)
        .slice(13, 15)
        .reduce((a, b) => a + Number(b), 0);
      best.spawns = Math.max(best.spawns, await spawns(slots));
      cpu.spawns +=
        (statOf(process.pid)
          .slice(13, 15)
          .reduce((a, b) => a + Number(b), 0) -
          spawnsBefore) *
        TICK_MS;
    }
    table[`${slots} at once`] = {
      "executions /s": best.forks.toFixed(0),
      "bare python3 script.py /s": best.spawns.toFixed(0),
      ratio: (best.forks / best.spawns).toFixed(1),
      "CPU ms of an execution": (cpu.forks / ROUNDS / RUNS).toFixed(1),
      "CPU ms of a bare spawn": (cpu.spawns / ROUNDS / SPAWNS).toFixed(1),
    };
    if (slots !== SLOTS.at(-1)) continue;
    const times = await alone(squall, Math.min(RUNS, 300));
    console.log(
      `one at a time, POST to end: ${percentile(times, 0.5).toFixed(1)} ms (p50), ${percentile(times, 0.99).toFixed(1)} ms (p99)`,
    );
    console.log(`fork servers: ${memoryOfForkServers()}`);
  }
  console.table(table);
} finally {
  rmSync(folder, { recursive: true });
}
