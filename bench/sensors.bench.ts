import { microsNow } from "@squall/model";
import { baseEnvironment } from "@squall/processes";
import { createSensorSource, type SensorInstance } from "@squall/sources";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/*
 * What idle sensors cost. 50 passive sensors that wait, under supervision, beside as many bare `python3 -c sleep` in the
 * same run. PSS counts a shared page in equal parts to all who share it, so it adds up honestly; RSS counts it to each.
 * Then how fast one sensor dispatches when nothing slows it down but the way to the server and back: the events end in
 * an empty function, so this measures neither the engine nor the disk. Does not measure what a sensor's own imports cost.
 */
const SENSORS = Number(process.env.SENSORS ?? 50);
const EVENTS = Number(process.env.EVENTS ?? 5000);

interface Memory {
  readonly rss: number;
  readonly pss: number;
  readonly own: number;
}

function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
  return { rss: kib("Rss"), pss: kib("Pss"), own: kib("Private_Clean") + kib("Private_Dirty") };
}

function row(pids: readonly number[]): Record<string, string> {
  const all = pids.map(memoryOf);
  const mean = (of: (one: Memory) => number) => all.reduce((sum, one) => sum + of(one), 0) / all.length / 1024;
  return {
    processes: String(all.length),
    "PSS MiB each": mean((one) => one.pss).toFixed(2),
    "private MiB each": mean((one) => one.own).toFixed(2),
    "RSS MiB each": mean((one) => one.rss).toFixed(2),
    "PSS MiB all": (mean((one) => one.pss) * all.length).toFixed(0),
  };
}

const IDLE = `import threading
from st2reactor.sensor.base import Sensor
class S(Sensor):
    def setup(self): pass
    def run(self): threading.Event().wait()
    def cleanup(self): pass
    def add_trigger(self, trigger): pass
    def update_trigger(self, trigger): pass
    def remove_trigger(self, trigger): pass
`;
const BUSY = IDLE.replace(
  "threading.Event().wait()",
  `[self.sensor_service.dispatch("p.t", {"n": n}) for n in range(${EVENTS})]`,
);

const directory = mkdtempSync(join(tmpdir(), "squall-bench-"));
const packPath = join(directory, "p");
mkdirSync(join(packPath, "sensors"), { recursive: true });
const done = Promise.withResolvers<number>();
let events = 0;
let firstAt = 0;
await using source = createSensorSource({
  prepare: async () => ({ config: {}, environment: {}, release: () => undefined }),
  async emit() {
    if (++events === 1) firstAt = performance.now();
    if (events === EVENTS) done.resolve((EVENTS - 1) / ((performance.now() - firstAt) / 1000));
  },
  tell: async () => undefined,
  markOf: (_, id) => `bench-${directory}-${id}`,
  now: microsNow,
  random: Math.random,
  settings: {
    python: {
      pythonPath: join(import.meta.dirname, "../python"),
      python: "python3",
      virtualenvs: undefined,
      packLibraries: false,
    },
    environment: baseEnvironment(process.env),
    logs: join(directory, "logs"),
    configs: join(directory, "configs"),
    limits: { eventsPerSecond: 1e6, eventBurst: 1e6 },
  },
  log: { info: () => undefined, warn: () => undefined, error: (fields, text) => console.error(text, fields) },
});

function instance(name: string, code: string): SensorInstance {
  const file = join(packPath, "sensors", `${name}.py`);
  writeFileSync(file, code);
  const id = `p.${name}`;
  const about = { project: "default", id, ref: id, pack: "p", className: "S", packPath, file, triggerTypes: [] };
  return { ...about, enabled: true, version: "1" };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const before = process.memoryUsage().rss;
const began = performance.now();
const idle = Array.from({ length: SENSORS }, (_, at) => instance(`s${at}`, IDLE));
source.place("default", "p", idle);
await source.start();
await until(() => source.list("default").every((one) => one.state === "running"));
const startMs = performance.now() - began;
const pids = source.list("default").flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
const sensors = row(pids);
const ownMiB = (process.memoryUsage().rss - before) / 1024 / 1024;

const bare = Array.from({ length: SENSORS }, () => spawn("python3", ["-c", "import time; time.sleep(600)"]));
await Promise.all(bare.map((child) => new Promise((resolve) => child.once("spawn", resolve))));
// Until the interpreters are up: they sleep then.
await until(() =>
  bare.every(({ pid }) => / S /.test(readFileSync(`/proc/${pid}/stat`, "utf8")) && memoryOf(pid ?? 0).rss > 5000),
);
const bares = row(bare.map(({ pid }) => pid ?? 0));
for (const child of bare) child.kill("SIGKILL");

source.place("default", "p", [...idle, instance("busy", BUSY)]);
const rate = await done.promise;

console.table({ [`${SENSORS} idle sensors`]: sensors, [`${SENSORS} bare python3`]: bares });
console.log(
  `all running after ${(startMs / 1000).toFixed(1)} s; the supervising process grew by ${ownMiB.toFixed(1)} MiB`,
);
console.log(`one sensor, one event after the other, each acknowledged: ${rate.toFixed(0)} events a second`);
await source[Symbol.asyncDispose]();
rmSync(directory, { recursive: true, force: true });
