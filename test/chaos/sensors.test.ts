import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_PROJECT } from "@squall/model";
import { aStore } from "@squall/store";
import { startServer } from "../e2e/server-process.ts";

/*
 * A sensor that dispatches without a pause, notes what was acknowledged, ignores SIGTERM and has a child in a session of
 * its own that ignores everything, on a server that is killed.
 */
const SENSOR = `
import os, signal, subprocess, time, uuid
from st2reactor.sensor.base import Sensor

class Stubborn(Sensor):
    def setup(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sh", "-c", 'trap "" TERM HUP; while :; do sleep 1; done'], start_new_session=True)
        self.note("pid %d" % os.getpid())
        self.note("pid %d" % child.pid)

    def note(self, line):
        with open(os.environ["HOME"] + "/notes", "a") as notes:
            notes.write(line + "\\n")

    def run(self):
        while True:
            number = uuid.uuid4().hex
            self.sensor_service.dispatch("stubborn.happened", {"number": number})
            self.note("acknowledged " + number)

    def cleanup(self): pass
    def add_trigger(self, trigger): pass
    def update_trigger(self, trigger): pass
    def remove_trigger(self, trigger): pass
`;

const ROUNDS = 3;
/** The wrapper gives itself five seconds once the server is gone; a busy machine takes longer. */
const GONE_MS = 20_000;

test("a killed server leaves no sensor behind, and what it acknowledged to one is on disk, once", {
  timeout: 120_000,
}, async (t) => {
  const home = mkdtempSync(join(tmpdir(), "squall-sensors-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const pack = join(home, "packs", "stubborn");
  mkdirSync(join(pack, "sensors"), { recursive: true });
  writeFileSync(
    join(pack, "pack.yaml"),
    "name: stubborn\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@example.com\n",
  );
  writeFileSync(
    join(pack, "sensors", "stubborn.yaml"),
    "class_name: Stubborn\nentry_point: stubborn.py\ntrigger_types: [{name: happened}]\n",
  );
  writeFileSync(join(pack, "sensors", "stubborn.py"), SENSOR);
  const data = join(home, "data");
  const notes = (): string[] => {
    try {
      return readFileSync(join(home, "notes"), "utf8").split("\n");
    } catch {
      return [];
    }
  };
  const noted = (what: string) =>
    notes().flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []));
  const before = process.env.HOME;
  process.env.HOME = home;
  t.after(() => (process.env.HOME = before));

  for (let round = 1; round <= ROUNDS; round++) {
    await using server = startServer({ data, args: ["--packs", join(home, "packs")] });
    await server.answers();
    const seen = noted("acknowledged").length;
    while (noted("acknowledged").length < seen + 20) await delay(10);
    server.signal("SIGKILL");
    await server.ended;
  }
  const killed = noted("pid").map(Number);
  assert.equal(killed.length, 2 * ROUNDS);
  {
    // The last start ends what is left of the round before it.
    await using server = startServer({ data, args: ["--packs", join(home, "packs")] });
    await server.answers();
    const until = performance.now() + GONE_MS;
    // What was killed may take a moment to be gone.
    while (killed.some(isAlive) && performance.now() < until) await delay(20);
    const alive = killed.filter(isAlive);
    while (noted("pid").length < 2 * ROUNDS + 2 && performance.now() < until) await delay(20);
    assert.deepEqual(alive, []);
    server.signal("SIGTERM");
    assert.deepEqual(await server.ended, { code: 0, signal: null }, server.output());
  }
  assert.deepEqual(noted("pid").map(Number).filter(isAlive), []);

  await using store = await aStore(data);
  const { items } = await store.events(DEFAULT_PROJECT, { trigger: "stubborn.happened" }, {});
  const stored = items.map(({ payload }) => String(payload.number));
  assert.equal(new Set(stored).size, stored.length, "an event is there twice");
  const missing = noted("acknowledged").filter((number) => !stored.includes(number));
  assert.deepEqual(missing, []);
  t.diagnostic(`${stored.length} events over ${ROUNDS} kills, ${noted("acknowledged").length} acknowledged`);
});

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
  } catch {
    return false;
  }
}
