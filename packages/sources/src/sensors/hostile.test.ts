import { Unavailable } from "@squall/model";
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { passive, someSensors } from "./a-sensor.ts";

const LIMIT = { timeout: 60_000 };
const STAY = "\nwhile True: time.sleep(60)";

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
  } catch {
    return false;
  }
}

test("an event that was refused, or is no JSON, is logged and counted, and the sensor goes on", LIMIT, async (t) => {
  const at = someSensors(t, { limits: { eventBytes: 100_000 } });
  const run = [
    "dispatch = self.sensor_service.dispatch",
    'dispatch("p.unknown", {})',
    'dispatch("p.t", {"x": object()})',
    'dispatch("p.t", {"x": b"\\xff\\xfe"})',
    "loop = []",
    "loop.append(loop)",
    'dispatch("p.t", {"x": loop})',
    'dispatch("p.t", "text")',
    "dispatch(7, {})",
    'dispatch("p.t", {"x": "y" * 200_000})',
    "import datetime",
    'dispatch("p.t", {"at": datetime.datetime(2020, 1, 2), "nan": float("nan"), "set": {1}, "bytes": b"b", "pair": (1, 2)})',
  ].join("\n");
  at.source.place("default", "p", [at.instance(passive({ run: run + STAY }))]);
  await at.source.start();
  await at.until(() => at.source.get("default", "p.S")?.events === 1);
  assert.deepEqual(at.events[0]?.payload, { at: "2020-01-02T00:00:00", nan: null, set: [1], bytes: "b", pair: [1, 2] });
  const status = await at.state("p.S", "running");
  assert.equal(status.refused, 7);
  const log = await at.logOf("p.S");
  for (const reason of [
    /p\.unknown was not dispatched: there is no such trigger/,
    /payload\.x is a object, which JSON cannot express/,
    /payload\.x holds bytes that are not UTF-8/,
    /contains itself/,
    /the payload is a string; it has to be a dict/,
    /the trigger is a int/,
    /it has 200\d\d\d bytes as JSON; 100000 is the most/,
  ]) {
    assert.match(log, reason);
  }
});

test("a flood is slowed down to the rate, and nothing of it is lost", LIMIT, async (t) => {
  const at = someSensors(t, { limits: { eventsPerSecond: 50, eventBurst: 20 } });
  const run = 'for i in range(100000): self.sensor_service.dispatch("p.t", {"i": i})';
  at.source.place("default", "p", [at.instance(passive({ run }))]);
  await at.source.start();
  const slowed = await at.until(() => at.source.get("default", "p.S")?.throttled && at.source.get("default", "p.S"));
  assert.match(slowed.reason ?? "", /slowed down: more than 50 events a second/);
  await at.until(() => at.events.length >= 30);
  assert.deepEqual(
    at.events.slice(0, 30).map((one) => one.payload.i),
    Array.from({ length: 30 }, (_, i) => i),
  );
  assert.match(await at.logOf("p.S"), /more than 50 events a second, which is the limit/);
  await at.source.stop("default", "p.S", "enough");
  assert.equal(at.source.get("default", "p.S")?.throttled, false);
});

test("an event that cannot be taken now waits, and is taken once", LIMIT, async (t) => {
  let tries = 0;
  const at = someSensors(t, {
    async emit() {
      if (++tries <= 2) throw new Unavailable("store.unavailable", { message: "the disk is full" });
    },
  });
  const run = 'self.sensor_service.dispatch("p.t", {})\nprint("came back")';
  at.source.place("default", "p", [at.instance(passive({ run: run + STAY }))]);
  await at.source.start();
  await at.until(() => at.events.length === 1);
  assert.equal(tries, 3);
  assert.match(await at.logOf("p.S"), /an event waits: the disk is full/);
});

test("200 MB of any bytes leave a log of bounded size, and the sensor runs on", LIMIT, async (t) => {
  const at = someSensors(t, { limits: { logBytes: 512 * 1024 } });
  const run = [
    'sys.stdout.buffer.write(b"\\x00\\xff\\x1b[2Jbinary\\n")',
    "sys.stdout.flush()",
    "piece = bytes(range(256)) * 4096",
    "for i in range(200): os.write(1, piece)",
    'self.sensor_service.dispatch("p.t", {})',
  ].join("\n");
  at.source.place("default", "p", [at.instance(passive({ run: run + STAY }))]);
  await at.source.start();
  await at.until(() => at.events.length === 1);
  await at.state("p.S", "running");
  await at.source.stop("default", "p.S", "done");
  const log = await at.logOf("p.S");
  assert.match(log, /bytes of output were left out/);
  // oxlint-disable-next-line no-control-regex -- that none is left is the point
  assert.doesNotMatch(log, /[\u0000-\u0008\u001b]/);
  const files = readdirSync(join(at.directory, "logs"));
  const bytes = files.reduce((sum, file) => sum + statSync(join(at.directory, "logs", file)).size, 0);
  assert.ok(bytes <= 512 * 1024, `${bytes} bytes`);
});

test("one that ignores SIGTERM is killed with all its children after the grace", LIMIT, async (t) => {
  const at = someSensors(t, { limits: { graceMs: 300 } });
  const run = [
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "child = subprocess.Popen(['sh', '-c', 'trap \"\" TERM; sleep 300'], start_new_session=True)",
    'self.sensor_service.dispatch("p.t", {"child": child.pid})',
  ].join("\n");
  at.source.place("default", "p", [at.instance(passive({ run: run + STAY }))]);
  await at.source.start();
  await at.until(() => at.events.length === 1);
  const { pid = 0 } = await at.state("p.S", "running");
  const child = Number(at.events[0]?.payload.child);
  assert.ok(isAlive(child));
  await at.source.stop("default", "p.S", "stopped");
  assert.equal(isAlive(pid), false);
  assert.equal(isAlive(child), false);
  assert.equal(at.source.get("default", "p.S")?.lastExit?.code, -9);
});

test("children of one that dies die with it", LIMIT, async (t) => {
  const at = someSensors(t, { limits: { graceMs: 300 } });
  const run =
    'child = subprocess.Popen(["sleep", "300"])\nself.sensor_service.dispatch("p.t", {"child": child.pid})\nos._exit(1)';
  at.source.place("default", "p", [at.instance(passive({ run }))]);
  await at.source.start();
  await at.state("p.S", "backing-off");
  assert.equal(isAlive(Number(at.events[0]?.payload.child)), false);
});

test(
  "threads that it leaves behind do not keep a stopped one, and a fork that dispatches hangs nobody",
  LIMIT,
  async (t) => {
    const at = someSensors(t);
    const run = [
      "threading.Thread(target=lambda: time.sleep(300)).start()",
      "if os.fork() == 0:",
      "    try:",
      '        self.sensor_service.dispatch("p.t", {"from": "child"})',
      "    finally:",
      "        os._exit(0)",
      "os.wait()",
      'self.sensor_service.dispatch("p.t", {"from": "parent"})',
    ].join("\n");
    at.source.place("default", "p", [at.instance(passive({ run }))]);
    await at.source.start();
    await at.until(() => at.events.length === 1);
    assert.deepEqual(at.events[0]?.payload, { from: "parent" });
    // run() has returned, but a thread of it goes on: as any Python program, it runs.
    assert.equal((await at.state("p.S", "running")).state, "running");
    await at.source.stop("default", "p.S", "stopped");
    assert.equal(at.source.get("default", "p.S")?.lastExit?.code, 143);
  },
);

test("nonsense on the channel is dropped, and a message without end ends the process", LIMIT, async (t) => {
  const at = someSensors(t, { limits: { eventBytes: 100_000 } });
  const run = [
    'os.write(3, b"no json\\n[]\\n{\\"kind\\": \\"what\\"}\\n")',
    'self.sensor_service.dispatch("p.t", {})',
    "import socket",
    "line = socket.socket(fileno=os.dup(3))",
    'line.sendall(b"x" * 200_000)',
  ].join("\n");
  at.source.place("default", "p", [at.instance(passive({ run: run + STAY }))]);
  await at.source.start();
  const status = await at.state("p.S", "backing-off");
  assert.match(status.reason ?? "", /it sent a message of more than \d+ bytes on its channel/);
  assert.equal(at.events.length, 1);
  const log = await at.logOf("p.S");
  assert.match(log, /7 bytes that are not JSON/);
  assert.match(log, /JSON that is no object/);
  assert.match(log, /a message that nobody knows: what/);
});

test("an id cannot leave the folder of logs", LIMIT, async (t) => {
  const at = someSensors(t);
  const instance = at.instance("raise SystemExit(1)\n", { id: "p.../../../evil", className: "S" });
  at.source.place("default", "p", [instance]);
  await at.source.start();
  await at.state(instance.id, "failed");
  await at.logOf(instance.id);
  assert.deepEqual(readdirSync(join(at.directory, "logs")), ["p...%2F..%2F..%2Fevil.log"]);
});

test("after all of it no process, descriptor or log of a removed sensor is left", LIMIT, async (t) => {
  const at = someSensors(t, { limits: { graceMs: 300 } });
  const before = readdirSync("/proc/self/fd").length;
  const run = 'subprocess.Popen(["sleep", "300"])\nself.sensor_service.dispatch("p.t", {})';
  const instance = at.instance(passive({ run: run + STAY }));
  at.source.place("default", "p", [instance]);
  await at.source.start();
  for (let round = 1; round <= 5; round++) {
    await at.until(() => at.events.length === round);
    await at.source.restart("default", "p.S");
  }
  const log = join(at.directory, "logs", "p.S.log");
  await at.logOf("p.S");
  assert.ok(existsSync(log));
  const pids = at.news.flatMap((one) => (one.kind === "spawn" ? [one.pid] : []));
  at.source.place("default", "p", []);
  await at.until(() => !existsSync(log));
  assert.deepEqual(pids.filter(isAlive), []);
  assert.ok(
    readdirSync("/proc/self/fd").length <= before,
    `${readdirSync("/proc/self/fd").length} descriptors, ${before} before`,
  );
  const marked = readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, "latin1").includes(at.directory);
    } catch {
      return false;
    }
  });
  assert.deepEqual(marked, []);
});
