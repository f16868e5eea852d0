import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startNats, type TestNats, whyNoNats } from "@squall/bus";
import { startPostgres, type TestPostgres, whyNoPostgres } from "@squall/store";
import { aPerson, until } from "../e2e/person.ts";
import { type ServerProcess, startServer } from "../e2e/server-process.ts";

const why = whyNoPostgres() ?? (await whyNoNats());

interface Answer {
  readonly status: number;
  readonly text: string;
  // Answers are looked into at many depths; a test that expects another shape fails either way.
  // oxlint-disable-next-line no-explicit-any -- see above
  readonly json: any;
}

const SENSOR = `
import os
from st2reactor.sensor.base import PollingSensor

class Ticker(PollingSensor):
    def setup(self):
        print("ticker of process", os.getpid(), "with", os.environ["ST2_AUTH_TOKEN"], flush=True)

    def poll(self):
        self.sensor_service.dispatch("probe.tick", {"pid": os.getpid()})

    def cleanup(self): pass
    def add_trigger(self, trigger): pass
    def update_trigger(self, trigger): pass
    def remove_trigger(self, trigger): pass
`;

/** Asks who calls, with the address and the token that every action is given. */
const CALLER = `
import os, urllib.request
request = urllib.request.Request(os.environ["ST2_ACTION_API_URL"].rstrip("/") + "/user", headers={"X-Auth-Token": os.environ["ST2_ACTION_AUTH_TOKEN"]})
print(os.environ["ST2_ACTION_API_URL"], urllib.request.urlopen(request).read().decode())
`;

const PROBE: Readonly<Record<string, string>> = {
  "pack.yaml": "name: probe\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@example.com\n",
  "sensors/ticker.py": SENSOR,
  "sensors/ticker.yaml":
    "class_name: Ticker\nentry_point: ticker.py\npoll_interval: 4\ntrigger_types:\n  - name: tick\n    payload_schema: {type: object}\n",
  "actions/caller.yaml": "name: caller\nrunner_type: local-shell-script\nentry_point: caller.py\nenabled: true\n",
  "actions/caller.py": `#!/usr/bin/env python3\n${CALLER}`,
};

describe("processes that share a database and a bus", { skip: why ?? false, timeout: 300_000 }, () => {
  let folder: string;
  let postgres: TestPostgres;
  let nats: TestNats;
  let store: string;
  const started: ServerProcess[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "squall-processes-"));
    for (const [name, text] of Object.entries(PROBE)) {
      const file = join(folder, "packs", "probe", name);
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, text, { mode: 0o755 });
    }
    for (const name of ["key", "other-key"]) {
      await writeFile(join(folder, name), `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
    }
    [postgres, nats] = await Promise.all([startPostgres(["fsync=off"]), startNats({ jetstream: true })]);
    store = await postgres.newDatabase();
  });
  after(async () => {
    await Promise.all(started.map((one) => one[Symbol.asyncDispose]()));
    await nats?.[Symbol.asyncDispose]();
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function start(name: string, roles: string, args: readonly string[] = [], key = "key"): ServerProcess {
    const server = startServer({
      data: join(folder, name),
      args: ["--roles", roles, "--key-file", join(folder, key), "--pack-index", "none", ...args],
      env: { SQUALL_STORE: store, SQUALL_BUS: nats.url },
    });
    started.push(server);
    return server;
  }
  async function ask(url: string, how: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const [method = "GET", path = ""] = how.split(" ");
    const response = await fetch(url + path, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
    return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
  }
  const signIn = async (url: string, password: string): Promise<Record<string, string>> => {
    const basic = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
    const { json } = await ask(url, "POST /v1/tokens", undefined, { Authorization: basic });
    return { "X-Auth-Token": json.token };
  };
  const eventually = (what: string, look: () => Promise<boolean>) =>
    until(what, async () => ((await look()) ? true : undefined));

  let one: ServerProcess;
  let other: ServerProcess;
  let urls: readonly [string, string];
  let admin: Record<string, string>;
  let password: string;

  test("two that start at once on an empty database make one administrator and register packs once", async () => {
    const packs = ["--packs", join(folder, "packs")];
    [one, other] = [start("one", "api", packs), start("other", "api", packs)];
    urls = [await one.answers(), await other.answers()];
    await Promise.all([one, other].map((server) => server.printed(/execution list/)));
    const passwords = [one, other].flatMap((server) => /password {2}(\S+)/.exec(server.output())?.[1] ?? []);
    assert.equal(passwords.length, 1, `${one.output()}\n${other.output()}`);
    password = passwords[0] ?? "";
    assert.equal(one.stderr() + other.stderr(), "");
    admin = await signIn(urls[0], password);
    for (const url of urls) {
      const { json } = await ask(url, "GET /v1/packs", undefined, admin);
      const refs = json.map(({ ref }: { ref: string }) => ref);
      assert.ok(refs.includes("core") && refs.includes("probe"), refs.join());
      assert.equal(new Set(refs).size, refs.length);
    }
  });

  test("a token and an API key of one are good at the other, and refused there as soon as they are revoked", async () => {
    const [here, there] = urls;
    const token = await signIn(here, password);
    assert.equal((await ask(there, "GET /v1/user", undefined, token)).json.username, "admin");
    await ask(here, "DELETE /v1/tokens/current", undefined, token);
    const made = await ask(there, "POST /v1/apikeys", {}, admin);
    const key = { "St2-Api-Key": made.json.key };
    assert.equal((await ask(here, "GET /v1/user", undefined, key)).status, 200);
    assert.equal((await ask(here, `DELETE /v1/apikeys/${made.json.id}`, undefined, admin)).status, 204);
    await eventually(
      "the token is refused",
      async () => (await ask(there, "GET /v1/user", undefined, token)).status === 401,
    );
    await eventually(
      "the key is refused",
      async () => (await ask(there, "GET /v1/user", undefined, key)).status === 401,
    );
  });

  test("with nobody to run it an execution waits, and a worker that comes runs it; its output streams from an API", async () => {
    const asked = await ask(
      urls[0],
      "POST /v1/executions",
      { action: "core.local", parameters: { cmd: "echo far away" } },
      admin,
    );
    assert.equal(asked.status, 201, asked.text);
    const stream = fetch(
      `${urls[1]}/v1/stream?events=st2.execution.output__create&events=st2.execution__update&end_event=st2.execution__update&end_execution_id=${asked.json.id}`,
      { headers: admin },
    );
    const worker = start("worker", "worker", ["--labels", "site=edge", "--port", "none"]);
    start("engine", "engine", ["--port", "none"]);
    await worker.printed(/Squall works, as worker \(site=edge\)/);
    const told = await (await stream).text();
    assert.match(told, /event: st2\.execution\.output__create\ndata: .*far away/);
    assert.match(told, /event: st2\.execution__update\ndata: .*"succeeded"/);
    assert.match((await ask(urls[1], `GET /v1/executions/${asked.json.id}/output`, undefined, admin)).text, /far away/);
  });

  /** The execution once it ended. */
  const settled = (id: string, at = urls[0]) =>
    until(`execution ${id} ends`, async () => {
      const { json } = await ask(at, `GET /v1/executions/${id}`, undefined, admin);
      return ["succeeded", "failed", "abandoned", "canceled", "timeout"].includes(json.status) ? json : undefined;
    });

  test("an action in a worker without an API finds one, through the address of a member", async () => {
    const { json } = await ask(urls[0], "POST /v1/executions", { action: "probe.caller" }, admin);
    const done = await settled(json.id);
    assert.equal(done.status, "succeeded", JSON.stringify(done.result));
    assert.ok(
      urls.some((url) => done.result.stdout.startsWith(url)),
      done.result.stdout,
    );
    assert.match(done.result.stdout, /"username": ?"admin"/);
  });

  test("a rule that is made at one API acts on a webhook of the other", async () => {
    const rule = await ask(
      urls[0],
      "POST /v1/rules",
      {
        name: "hooked",
        pack: "default",
        enabled: true,
        trigger: { type: "core.st2.webhook", parameters: { url: "hooked" } },
        action: { ref: "core.local", parameters: { cmd: "echo {{trigger.body.word}}" } },
      },
      admin,
    );
    assert.equal(rule.status, 201, rule.text);
    assert.equal((await ask(urls[1], "GET /v1/rules/default.hooked", undefined, admin)).status, 200);
    const hook = await ask(urls[1], "POST /v1/webhooks/hooked", { word: "through" }, admin);
    assert.equal(hook.status, 202, hook.text);
    const run = await until("the rule acts", async () => {
      const { json } = await ask(urls[1], "GET /v1/executions?rule=default.hooked", undefined, admin);
      return json[0];
    });
    assert.match((await settled(run.id, urls[1])).result.stdout, /through/);
  });

  test("a sensor is seen, stopped and started at an API, and moves when its process is killed", async () => {
    const sources = start("sources", "sources", ["--port", "none"]);
    const sensor = async (at: string) => (await ask(at, "GET /v1/sensors/probe.Ticker", undefined, admin)).json;
    const inState = async (state: string) => {
      let found: Answer["json"];
      try {
        return await until(`the sensor is ${state}`, async () => {
          found = await sensor(urls[0]);
          return found?.state === state ? found : undefined;
        });
      } catch (error) {
        throw new Error(`${String(error)}; it is ${JSON.stringify(found)}`, { cause: error });
      }
    };
    const { pid } = await inState("running");
    assert.equal((await sensor(urls[1])).pid, pid);
    const { json } = await ask(urls[1], "GET /v1/sensors", undefined, admin);
    assert.deepEqual(
      json.filter(({ pack }: { pack: string }) => pack === "probe").map(({ id }: { id: string }) => id),
      ["probe.Ticker"],
    );
    await eventually("its log is read", async () =>
      (await ask(urls[1], "GET /v1/sensors/probe.Ticker/log", undefined, admin)).text.includes(
        `ticker of process ${pid}`,
      ),
    );
    const { text } = await ask(urls[1], "GET /v1/sensors/probe.Ticker/log", undefined, admin);
    const own = { "X-Auth-Token": /with (\S+)/.exec(text)?.[1] ?? "" };
    for (const url of urls) assert.equal((await ask(url, "GET /v1/keys", undefined, own)).status, 200);
    assert.equal((await ask(urls[1], "POST /v1/sensors/probe.Ticker/stop", {}, admin)).status, 200);
    await inState("stopped");
    for (const url of urls) {
      await eventually("its credentials are worth nothing", async () => {
        return (await ask(url, "GET /v1/keys", undefined, own)).status === 401;
      });
    }
    assert.equal((await ask(urls[0], "POST /v1/sensors/probe.Ticker/start", {}, admin)).status, 200);
    await inState("running");

    const second = start("sources-2", "sources", ["--port", "none"]);
    await second.printed(/Squall works, as sources/);
    const holder = async (): Promise<{ pid: number } | undefined> => {
      const { json: cluster } = await ask(urls[0], "GET /v1/cluster", undefined, admin);
      return cluster.members.find(({ sensors }: { sensors: number }) => sensors > 0);
    };
    const held = await until("somebody has it", holder);
    const victim = held.pid === sources.pid ? sources : second;
    victim.signal("SIGKILL");
    await victim.ended;
    const heir = await until("the other one has it", async () => {
      const now = await holder();
      return now && now.pid !== victim.pid ? now : undefined;
    });
    assert.equal(heir.pid, victim === sources ? second.pid : sources.pid);
    const moved = await inState("running");
    await eventually("its new process says so", async () =>
      (await ask(urls[1], "GET /v1/sensors/probe.Ticker/log", undefined, admin)).text.includes(
        `ticker of process ${moved.pid}`,
      ),
    );
  });

  test("squall cluster status names the members and what each does", async () => {
    await using person = await aPerson();
    const environment = { SQUALL_URL: urls[1], ST2_AUTH_TOKEN: admin["X-Auth-Token"] ?? "" };
    const { stdout, stderr, status } = await person.types("bin/squall cluster status", environment);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /worker .*site=edge/);
    assert.match(stdout, /engine .* 64 /);
    assert.match(stdout, /0 executions wait/);
    assert.ok(!/No member has|bus does not answer/.test(stdout), stdout);
  });

  test("a process with the key of another installation is refused, and one that wants the database for itself", async () => {
    const stranger = start("stranger", "worker", [], "other-key");
    assert.equal((await stranger.ended).code, 1);
    assert.match(
      stranger.stderr(),
      /^squall server: the store belongs to an installation with another encryption key[^\n]*\n$/,
    );
    const alone = startServer({ data: join(folder, "alone"), env: { SQUALL_STORE: store } });
    started.push(alone);
    assert.equal((await alone.ended).code, 1);
    assert.match(alone.stderr(), /^squall server: [^\n]*in use by members of a cluster \([^\n]*--bus/);
  });

  test("without the bus all goes on, slower and said; without the database nothing is ready until it is back", async () => {
    await nats.kill();
    const health = await until("the bus is missed", async () => {
      const { json } = await ask(urls[0], "GET /health");
      return json.parts.bus?.ok === false ? json : undefined;
    });
    assert.equal(health.ok, true);
    assert.equal((await ask(urls[0], "GET /health/ready")).status, 200);
    const { json } = await ask(
      urls[0],
      "POST /v1/executions",
      { action: "core.local", parameters: { cmd: "true" } },
      admin,
    );
    assert.equal((await settled(json.id, urls[1])).status, "succeeded");
    await nats.start();
    await eventually("the bus is back", async () => (await ask(urls[0], "GET /health")).json.parts.bus.ok);

    await postgres.kill();
    const away = await ask(urls[0], "GET /health/ready");
    assert.deepEqual([away.status, away.json.words], [503, "the store cannot be reached"]);
    assert.equal((await ask(urls[0], "GET /health/live")).status, 200);
    await postgres.start();
    await eventually("it is ready again", async () => (await ask(urls[0], "GET /health/ready")).status === 200);
    const later = await ask(
      urls[1],
      "POST /v1/executions",
      { action: "core.local", parameters: { cmd: "true" } },
      admin,
    );
    assert.equal(later.status, 201, later.text);
    assert.equal((await settled(later.json.id)).status, "succeeded");
  });

  test("a process that is told to stop says so, lets what runs finish, and is no member any more", async () => {
    const worker = start("last", "worker", ["--labels", "site=last", "--drain", "60"]);
    const url = await worker.answers();
    const gate = join(folder, "gate");
    const { json } = await ask(
      urls[0],
      "POST /v1/executions",
      {
        action: "core.local",
        parameters: { cmd: `echo begun; while [ ! -e ${gate} ]; do sleep 0.1; done; echo finished` },
        where: { site: "last" },
      },
      admin,
    );
    await eventually("it has begun", async () =>
      (await ask(urls[0], `GET /v1/executions/${json.id}/output?output_type=stdout`, undefined, admin)).text.includes(
        "begun",
      ),
    );
    worker.signal("SIGTERM");
    await eventually("it is not ready", async () => (await ask(url, "GET /health/ready")).status === 503);
    assert.match((await ask(url, "GET /health/ready")).json.words, /stopping/);
    await writeFile(gate, "");
    const done = await settled(json.id);
    assert.deepEqual([done.status, done.result.stdout], ["succeeded", "begun\nfinished"]);
    assert.equal((await worker.ended).code, 0);
    const { json: cluster } = await ask(urls[0], "GET /v1/cluster", undefined, admin);
    assert.ok(!cluster.members.some(({ pid }: { pid: number }) => pid === worker.pid));
  });
});
