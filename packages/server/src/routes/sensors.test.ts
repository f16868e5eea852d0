import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DEFAULT_PROJECT, microsNow } from "@squall/model";
import { aStore } from "@squall/store";
import { type Answer, aServer, type Caller, callerOf, type TestServer } from "../a-server.ts";

const POLLING = `
from st2reactor.sensor.base import PollingSensor
import json, os, urllib.request, urllib.error

class Counter(PollingSensor):
    def setup(self):
        self.logger = self.sensor_service.get_logger(__name__)
        self.triggers = {}
        self.polls = 0

    def poll(self):
        count = int(self.sensor_service.get_value("count") or 0) + 1
        self.sensor_service.set_value("count", count)
        self.logger.info("poll %d of %s, interval %s", count, self.config.get("region"), self.get_poll_interval())
        self.sensor_service.dispatch("counting.counted", {"count": count, "region": self.config.get("region")})
        for trigger in list(self.triggers.values()):
            self.sensor_service.dispatch(trigger, {"count": count})

    def cleanup(self):
        pass

    def add_trigger(self, trigger):
        self.logger.info("add %s %s", trigger["type"], trigger["parameters"].get("above"))
        if trigger["parameters"]:
            self.triggers[trigger["id"]] = trigger

    def update_trigger(self, trigger):
        pass

    def remove_trigger(self, trigger):
        self.logger.info("remove %s", trigger["parameters"].get("above"))
        self.triggers.pop(trigger["id"], None)
`;

const PROBE = `
from st2reactor.sensor.base import Sensor
import os, time, urllib.request, urllib.error

class Probe(Sensor):
    """Says what its token opens."""

    def setup(self):
        pass

    def ask(self, method, path):
        url = os.environ["ST2_API_URL"] + path
        request = urllib.request.Request(url, method=method, headers={"X-Auth-Token": os.environ["ST2_AUTH_TOKEN"]})
        try:
            with urllib.request.urlopen(request) as response:
                return response.status
        except urllib.error.HTTPError as e:
            return e.code

    def run(self):
        self.sensor_service.set_value("secret", "hidden", encrypt=True)
        print("decrypted", self.sensor_service.get_value("secret", decrypt=True))
        print("user", self.sensor_service.get_user_info()["username"])
        for method, path in [("GET", "/executions"), ("GET", "/rules"), ("POST", "/executions"), ("GET", "/users"),
                             ("POST", "/packs/register"), ("GET", "/apikeys"), ("GET", "/sensors"), ("GET", "/keys?scope=all"),
                             ("GET", "/keys?scope=user&user=admin")]:
            print("answer", method, path, self.ask(method, path))
        print("pid", os.getpid(), "token", os.environ["ST2_AUTH_TOKEN"])
        while True:
            time.sleep(60)

    def cleanup(self): pass
    def add_trigger(self, trigger): pass
    def update_trigger(self, trigger): pass
    def remove_trigger(self, trigger): pass
`;

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const manifest = (name: string) => `name: ${name}\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@example.com\n`;

const COUNTING = {
  "packs/counting/pack.yaml": manifest("counting"),
  "packs/counting/config.schema.yaml": "region: {type: string}\ntoken: {type: string, secret: true}\n",
  "packs/counting/sensors/counter.py": POLLING,
  "packs/counting/sensors/counter.yaml": `class_name: Counter
entry_point: counter.py
poll_interval: 4
trigger_types:
  - name: counted
    payload_schema:
      type: object
      properties: {count: {type: integer}, region: {type: [string, "null"]}}
      additionalProperties: false
  - name: above
    parameters_schema:
      type: object
      properties: {above: {type: integer}}
`,
  "packs/counting/rules/counted.yaml": `name: counted
enabled: true
trigger: {type: counting.counted}
action: {ref: core.noop}
`,
};

/** Asks again until it holds: what it waits for happens in another process. */
async function until<T>(ask: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function sensorOnce(ask: Caller, id: string, ...states: string[]): Promise<Answer["json"]> {
  return until(async () => {
    const { json } = await ask("GET", `/v1/sensors/${id}`);
    return states.includes(json.state) && json;
  });
}

describe("sensors of a real server", { timeout: 120_000 }, () => {
  let at: TestServer;
  let folder: string;

  before(async () => {
    at = await aServer();
    folder = await writeFiles(await mkdtemp(join(tmpdir(), "squall-packs-")), COUNTING);
  });
  after(async () => {
    await at[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const register = async (pack: string) => {
    const answer = await at.admin("POST", "/v1/packs/register", { paths: [join(folder, "packs", pack)] });
    assert.equal(answer.status, 200, answer.text);
  };
  const log = async (id: string) => (await at.admin("GET", `/v1/sensors/${id}/log`)).text;

  test("registering a pack starts its sensor, whose events run rules and whose keys are its own", async () => {
    await register("counting");
    await sensorOnce(at.admin, "counting.Counter", "running");
    const executions = await until(async () => {
      const { json } = await at.admin("GET", "/v1/executions?action=core.noop");
      return json.length > 0 && json;
    });
    assert.equal(executions[0].context.rule.ref, "counting.counted");
    const key = await at.admin("GET", "/v1/keys/counting.Counter:count");
    assert.ok(Number(key.json.value) >= 1);
    const { json } = await at.admin("GET", "/v1/sensors?pack=counting");
    assert.deepEqual(
      json.map((one: Answer["json"]) => one.id),
      ["counting.Counter"],
    );
    assert.equal(json[0].poll_interval, 4);
    assert.match(await log("counting.Counter"), /poll 1 of None, interval 4/);
  });

  test("triggers come and go with rules, and the sensor dispatches them", async () => {
    const rule = await at.admin("POST", "/v1/rules", {
      name: "above_three",
      pack: "counting",
      enabled: true,
      trigger: { type: "counting.above", parameters: { above: 3 } },
      criteria: {},
      action: { ref: "core.noop", parameters: {} },
    });
    assert.equal(rule.status, 201, rule.text);
    await until(async () => /add counting.above 3/.test(await log("counting.Counter")));
    await until(
      async () => (await at.admin("GET", `/v1/ruleenforcements?rule_ref=counting.above_three`)).json.length > 0,
    );
    await at.admin("DELETE", `/v1/rules/${rule.json.id}`);
    await until(async () => /remove 3/.test(await log("counting.Counter")));
  });

  test("a new configuration restarts it, with instances of its own where it declares some", async () => {
    const before = (await at.admin("GET", "/v1/sensors/counting.Counter")).json.pid;
    await at.admin("PUT", "/v1/configs/counting", { region: "eu" });
    await until(async () => / of eu, /.test(await log("counting.Counter")));
    assert.notEqual((await sensorOnce(at.admin, "counting.Counter", "running")).pid, before);

    const config = {
      region: "none",
      token: "base secret",
      _instances: {
        Counter: {
          eu: { config: { region: "eu-1", token: "inner secret" } },
          us: { config: { region: "us-1" }, poll_interval: 60 },
        },
      },
    };
    const put = await at.admin("PUT", "/v1/configs/counting", config);
    assert.equal(put.status, 200, put.text);
    assert.ok(!put.text.includes("secret"), put.text);
    await sensorOnce(at.admin, "counting.Counter@eu", "running");
    await sensorOnce(at.admin, "counting.Counter@us", "running");
    const ids = (await at.admin("GET", "/v1/sensors?pack=counting")).json.map((one: Answer["json"]) => one.id);
    assert.deepEqual(ids, ["counting.Counter@eu", "counting.Counter@us"]);
    await until(async () => / of us-1, interval 60/.test(await log("counting.Counter@us")));
    await until(async () => (await at.admin("GET", "/v1/keys/counting.Counter@us:count")).status === 200);
    assert.match((await at.admin("GET", "/v1/sensors/counting.Counter")).text, /its instances are counting.Counter@eu/);

    const wrong = await at.admin("PUT", "/v1/configs/counting", {
      _instances: { Counter: { "e u": {}, x: { config: { region: 5 } } } },
    });
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /'e u' has others/);
    assert.match(wrong.text, /_instances.Counter.x.config.region/);
    await at.admin("PUT", "/v1/configs/counting", { region: "eu" });
    await sensorOnce(at.admin, "counting.Counter", "running");
  });

  test("new code is taken up when the pack is registered again, and the same code disturbs nothing", async () => {
    const before = await sensorOnce(at.admin, "counting.Counter", "running");
    await register("counting");
    assert.equal((await at.admin("GET", "/v1/sensors/counting.Counter")).json.pid, before.pid);
    await writeFiles(folder, { "packs/counting/sensors/counter.py": POLLING.replace("poll %d of", "new poll %d of") });
    await register("counting");
    await until(async () => /new poll/.test(await log("counting.Counter")));
  });

  test("it is stopped, started, restarted, disabled and enabled while the server runs", async () => {
    const path = "/v1/sensors/counting.Counter";
    const stopped = (await at.admin("POST", `${path}/stop`)).json;
    assert.equal(stopped.state, "stopped");
    assert.equal(stopped.reason, "stopped by admin");
    assert.equal(stopped.pid, undefined);
    assert.equal((await at.admin("POST", `${path}/start`)).json.state, "starting");
    const first = await sensorOnce(at.admin, "counting.Counter", "running");
    await at.admin("POST", `${path}/restart`);
    const second = await sensorOnce(at.admin, "counting.Counter", "running");
    assert.notEqual(second.pid, first.pid);

    const type = (await at.admin("GET", "/v1/sensortypes/counting.Counter")).json;
    await at.admin("PUT", `/v1/sensortypes/${type.id}`, { ...type, enabled: false });
    await sensorOnce(at.admin, "counting.Counter", "disabled");
    const refused = await at.admin("POST", `${path}/start`);
    assert.equal(refused.status, 409);
    assert.equal(refused.json.code, "sensor.disabled");
    await at.admin("PUT", `/v1/sensortypes/${type.id}`, { ...type, enabled: true });
    await sensorOnce(at.admin, "counting.Counter", "running");
  });

  test("observers look, and touch nothing; nobody in particular does not even look", async () => {
    const observer = await at.user("olga", ["observer"]);
    assert.equal((await observer("GET", "/v1/sensors")).status, 200);
    assert.equal((await observer("GET", "/v1/sensors/counting.Counter/log")).status, 200);
    for (const verb of ["start", "stop", "restart"]) {
      assert.equal((await observer("POST", `/v1/sensors/counting.Counter/${verb}`)).status, 403);
      assert.equal((await at.anybody("POST", `/v1/sensors/counting.Counter/${verb}`)).status, 401);
    }
    assert.equal((await at.admin("POST", "/v1/sensors/counting.Nothing/stop")).status, 404);
  });

  test("its log can be followed: an answer waits for what comes after a position", async () => {
    const first = await at.admin("GET", "/v1/sensors/counting.Counter/log?lines=2");
    assert.equal(first.text.trimEnd().split("\n").length, 2);
    const position = first.headers.get("x-log-position");
    const next = at.admin("GET", `/v1/sensors/counting.Counter/log?after=${position}&wait=20`);
    const more = await next;
    assert.ok(Number(more.headers.get("x-log-position")) > Number(position));
    assert.ok(!more.text.includes(first.text.trimEnd().split("\n")[1] ?? "?"));
  });

  test("its credentials open what a user may, but for credentials and code, and nothing once it has ended", async () => {
    await writeFiles(folder, {
      "packs/probing/pack.yaml": manifest("probing"),
      "packs/probing/sensors/probe.py": PROBE,
      "packs/probing/sensors/probe.yaml": "class_name: Probe\nentry_point: probe.py\n",
    });
    await register("probing");
    const text = await until(async () => {
      const printed = await log("probing.Probe");
      return /pid/.test(printed) && printed;
    });
    assert.match(text, /decrypted hidden/);
    assert.match(text, /user sensors_container/);
    const answers = Object.fromEntries(
      [...text.matchAll(/answer (\S+ \S+) (\d+)/g)].map(([, what, status]) => [what, Number(status)]),
    );
    assert.deepEqual(answers, {
      "GET /executions": 200,
      "GET /rules": 200,
      "POST /executions": 400,
      "GET /users": 403,
      "POST /packs/register": 403,
      "GET /apikeys": 403,
      "GET /sensors": 200,
      "GET /keys?scope=all": 200,
      "GET /keys?scope=user&user=admin": 403,
    });
    const token = /token (\S+)/.exec(text)?.[1] ?? "";
    const sensor = callerOf(at.url, { "X-Auth-Token": token });
    assert.equal((await sensor("GET", "/v1/keys")).status, 200);
    await at.admin("POST", "/v1/sensors/probing.Probe/stop");
    // In a cluster any member answers, and reads who holds what again after a while.
    await until(async () => (await sensor("GET", "/v1/keys")).status === 401);
  });

  test("rules listen to their processes", async () => {
    const rule = await at.admin("POST", "/v1/rules", {
      name: "sensor_ended",
      pack: "default",
      enabled: true,
      trigger: { type: "core.st2.sensor.process_exit" },
      criteria: { "trigger.exit_code": { type: "equals", pattern: 143 } },
      action: { ref: "core.noop", parameters: {} },
    });
    assert.equal(rule.status, 201, rule.text);
    await at.admin("POST", "/v1/sensors/counting.Counter/restart");
    const [found] = await until(async () => {
      const { json } = await at.admin("GET", "/v1/triggerinstances?trigger=core.st2.sensor.process_exit");
      return json.length > 0 && json;
    });
    assert.equal(found.payload.id, "Counter");
    await until(async () => (await at.admin("GET", "/v1/ruleenforcements?rule_ref=default.sensor_ended")).json.length);
    await sensorOnce(at.admin, "counting.Counter", "running");
  });

  test("health counts them, and a pack's removal ends its sensors", async () => {
    const { json } = await at.anybody("GET", "/v1/health");
    assert.equal(json.parts.sensors.running, 1);
    assert.equal(json.parts.sensors.stopped, 1);
    await at.admin("POST", "/v1/packs/uninstall", { packs: ["counting", "probing"] });
    const left = async (pack: string) => (await at.admin("GET", `/v1/sensors?pack=${pack}`)).json.length;
    await until(async () => (await left("counting")) + (await left("probing")) === 0);
  });
});

const LAST_WORDS = `
from st2reactor.sensor.base import Sensor
import time

class Last(Sensor):
    def setup(self): pass
    def run(self): time.sleep(600)
    def cleanup(self):
        self.sensor_service.set_value("said", "goodbye")
        self.sensor_service.dispatch("lasting.left", {})
    def add_trigger(self, trigger): pass
    def update_trigger(self, trigger): pass
    def remove_trigger(self, trigger): pass
`;

test("a stop of the server lets sensors clean up, with the API and events at hand, and keeps nobody waiting", async () => {
  const folder = await writeFiles(await mkdtemp(join(tmpdir(), "squall-packs-")), {
    "packs/lasting/pack.yaml": manifest("lasting"),
    "packs/lasting/sensors/last.py": LAST_WORDS,
    "packs/lasting/sensors/last.yaml": "class_name: Last\nentry_point: last.py\ntrigger_types: [{name: left}]\n",
  });
  {
    await using at = await aServer();
    await at.admin("POST", "/v1/packs/register", { paths: [join(folder, "packs", "lasting")] });
    await sensorOnce(at.admin, "lasting.Last", "running");
    const position = (await at.admin("GET", "/v1/sensors/lasting.Last/log")).headers.get("x-log-position");
    const followed = at.admin("GET", `/v1/sensors/lasting.Last/log?after=${position}&wait=30`);
    await at.server.stop(0);
    assert.equal((await followed).status, 200);
    await using store = await aStore(at.directory);
    const key = await store.key(DEFAULT_PROJECT, "st2kv.system", "", "lasting.Last:said", microsNow());
    assert.equal(key?.value, "goodbye");
    assert.equal((await store.events(DEFAULT_PROJECT, { trigger: "lasting.left" }, {})).items.length, 1);
  }
  await rm(folder, { recursive: true, force: true });
});
