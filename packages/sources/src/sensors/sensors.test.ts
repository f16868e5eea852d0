import type { Trigger } from "@squall/model";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { passive, someSensors } from "./a-sensor.ts";

const LIMIT = { timeout: 60_000 };
const POLLING = `from st2reactor.sensor.base import PollingSensor
class S(PollingSensor):
    def setup(self): pass
    def poll(self): self.sensor_service.dispatch("p.t", {"interval": self.get_poll_interval()})
    def cleanup(self): pass
    def add_trigger(self, trigger): pass
    def update_trigger(self, trigger): pass
    def remove_trigger(self, trigger): pass
`;

function aTrigger(id: string, parameters: Record<string, unknown> = {}, change: Partial<Trigger> = {}): Trigger {
  return { id, uid: `trigger:p:${id}`, ref: `p.${id}`, name: id, pack: "p", type: "p.t", parameters, ...change };
}

test(
  "a passive sensor is set up, dispatches with its configuration, and cleans up when it is stopped",
  LIMIT,
  async (t) => {
    const at = someSensors(t);
    const run =
      'self.sensor_service.dispatch("p.t", {"says": self.config["greeting"]}, trace_tag="tag")\nwhile True: time.sleep(60)';
    at.source.place("default", "p", [at.instance(passive({ run, cleanup: 'print("cleaned up")' }))]);
    await at.source.start();
    await at.until(() => at.source.get("default", "p.S")?.events === 1);
    assert.deepEqual(at.events, [{ sensor: "p.S", trigger: "p.t", payload: { says: "hello" }, traceTag: "tag" }]);
    assert.ok((await at.state("p.S", "running")).pid);

    assert.equal(await at.source.stop("default", "p.S", "stopped by ann"), true);
    const stopped = at.source.get("default", "p.S");
    assert.equal(stopped?.state, "stopped");
    assert.equal(stopped?.reason, "stopped by ann");
    assert.equal(stopped?.lastExit?.code, 143);
    const log = await at.logOf("p.S");
    assert.match(log, /Z squall started as process \d+\n/);
    assert.match(log, /Z out {4}cleaned up\n/);
    assert.deepEqual(
      at.news.map((one) => one.kind),
      ["spawn", "exit"],
    );
  },
);

test("a polling sensor polls with the interval of its metadata; a new one restarts it", LIMIT, async (t) => {
  const at = someSensors(t);
  const instance = at.instance(POLLING, { pollInterval: 42 });
  at.source.place("default", "p", [instance]);
  await at.source.start();
  await at.until(() => at.events.length === 1);
  at.source.place("default", "p", [{ ...instance, pollInterval: 43, version: "2" }]);
  await at.until(() => at.events.length === 2);
  assert.deepEqual(
    at.events.map((one) => one.payload.interval),
    [42, 43],
  );
});

test("triggers that are there are added before run(), those that come, change and go are told", LIMIT, async (t) => {
  const at = someSensors(t);
  at.source.add("default", aTrigger("one"));
  at.source.add("default", aTrigger("other", {}, { type: "q.t" }));
  at.source.place("default", "p", [
    at.instance(passive({ run: 'self.log.info("running")\nwhile True: time.sleep(60)' })),
  ]);
  await at.source.start();
  await at.state("p.S", "running");
  at.source.add("default", aTrigger("two"));
  at.source.add("default", aTrigger("two"));
  at.source.add("default", aTrigger("two", {}, { description: "changed" }));
  at.source.remove("default", "one");
  const told = async () => [...(await at.logOf("p.S")).matchAll(/test: (.*)/g)].map((match) => match[1]);
  let lines = await told();
  while (!lines.includes("remove p.one")) lines = await told();
  assert.deepEqual(new Set(lines), new Set(["add p.one", "running", "add p.two", "update p.two", "remove p.one"]));
  assert.equal(lines.length, 5);
  assert.equal(lines[0], "add p.one");
});

test("what fails is tried again for ever, with its reason shown, and recovers by itself", LIMIT, async (t) => {
  const at = someSensors(t, { limits: { graceMs: 500 } });
  const instance = at.instance("import nothing_of_this_name\n");
  at.source.place("default", "p", [instance]);
  await at.source.start();
  const failed = await at.state("p.S", "failed");
  assert.match(failed.reason ?? "", /ModuleNotFoundError: No module named 'nothing_of_this_name' \(in import\)/);
  assert.ok((failed.nextAttempt ?? 0) > failed.since);
  assert.match(await at.logOf("p.S"), /err {4}ModuleNotFoundError/);
  await at.until(() => (at.source.get("default", "p.S")?.restarts ?? 0) >= 1);
  writeFileSync(instance.file, passive({}));
  await at.state("p.S", "running");
});

for (const [what, code, reason] of [
  [
    "a class that is not there",
    "class Other: pass\n",
    /has no class S, which the sensor's metadata names; it defines Other/,
  ],
  [
    "a class that lacks methods",
    "from st2reactor.sensor.base import Sensor\nclass S(Sensor): pass\n",
    /lacks add_trigger, cleanup/,
  ],
  ["a file that is no Python", "def (\n", /SyntaxError/],
  [
    "an error in setup",
    passive({ setup: 'raise ValueError("no such host")' }),
    /ValueError: no such host \(in setup\)/,
  ],
  ["an end during import", "import os\nos._exit(0)\n", /it ended with exit status 0 before it was set up/],
  ["a crash during import", "import os\nos.abort()\n", /it ended by SIGABRT before it was set up/],
] as const) {
  test(`${what} is a failure that says so`, LIMIT, async (t) => {
    const at = someSensors(t);
    at.source.place("default", "p", [at.instance(code)]);
    await at.source.start();
    assert.match((await at.state("p.S", "failed")).lastError?.message ?? "", reason);
  });
}

for (const [what, run, reason] of [
  ["that raises", 'raise RuntimeError("lost the connection")', /RuntimeError: lost the connection \(in run\)/],
  ["that exits with a status", "sys.exit(3)", /it ended with exit status 3/],
  ["that calls os._exit", "os._exit(7)", /it ended with exit status 7/],
  ["that is killed", "os.kill(os.getpid(), signal.SIGKILL)", /it ended by SIGKILL/],
] as const) {
  test(`a run() ${what} is backed off from and started again`, LIMIT, async (t) => {
    const at = someSensors(t);
    at.source.place("default", "p", [at.instance(passive({ run }))]);
    await at.source.start();
    assert.match((await at.state("p.S", "backing-off")).reason ?? "", reason);
    await at.until(() => at.news.filter((one) => one.kind === "spawn").length === 2);
  });
}

test("a run() that returns is stopped, not restarted; a command starts it again", LIMIT, async (t) => {
  const at = someSensors(t);
  at.source.place("default", "p", [at.instance(passive({ run: "pass", cleanup: 'print("bye")' }))]);
  await at.source.start();
  const stopped = await at.state("p.S", "stopped");
  assert.equal(stopped.reason, "ended by itself");
  assert.match(await at.logOf("p.S"), /bye/);
  await at.source.begin("default", "p.S");
  await at.until(() => at.news.filter((one) => one.kind === "spawn").length === 2);
});

test("a Python that is broken is a failure with its own words in the log", LIMIT, async (t) => {
  const at = someSensors(t, { python: "/bin/false" });
  at.source.place("default", "p", [at.instance(passive({}))]);
  await at.source.start();
  assert.match((await at.state("p.S", "failed")).reason ?? "", /it ended with exit status 1 before it was set up/);
});

test("missing Python is a failure that says so", LIMIT, async (t) => {
  const at = someSensors(t, { python: "/nowhere/python3" });
  at.source.place("default", "p", [at.instance(passive({}))]);
  await at.source.start();
  assert.match((await at.state("p.S", "failed")).reason ?? "", /cannot start \/nowhere\/python3.*does not exist/);
  assert.deepEqual(at.news, []);
});

test("disabling ends it, enabling starts it, and a stop by hand outlives a change of its content", LIMIT, async (t) => {
  const at = someSensors(t);
  const instance = at.instance(passive({}));
  at.source.place("default", "p", [instance]);
  await at.source.start();
  await at.state("p.S", "running");
  at.source.place("default", "p", [{ ...instance, enabled: false }]);
  assert.equal((await at.state("p.S", "disabled")).pid, undefined);
  at.source.place("default", "p", [instance]);
  await at.state("p.S", "running");
  await at.source.stop("default", "p.S", "stopped by ann");
  at.source.place("default", "p", [{ ...instance, version: "2" }]);
  assert.equal(at.source.get("default", "p.S")?.state, "stopped");
  await at.source.restart("default", "p.S");
  await at.state("p.S", "running");
  at.source.place("default", "p", []);
  assert.equal(at.source.get("default", "p.S"), undefined);
});

test(
  "requirements that cannot be had are a failure with pip's words, and its progress is in the log",
  LIMIT,
  async (t) => {
    const at = someSensors(t);
    const instance = at.instance(passive({}));
    writeFileSync(join(instance.packPath, "requirements.txt"), "nothing-of-this-name==1.0\n");
    at.source.place("default", "p", [instance]);
    await at.source.start();
    const failed = await at.state("p.S", "failed");
    assert.match(failed.reason ?? "", /nothing-of-this-name/);
    assert.match(await at.logOf("p.S"), /squall .*virtualenv/);
    // Without them it is the system's Python again.
    writeFileSync(join(instance.packPath, "requirements.txt"), "# nothing\n");
    await at.source.begin("default", "p.S");
    await at.state("p.S", "running");
  },
);
