import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyHome, runSquall } from "./testing/run-squall.ts";
import { startServer } from "./testing/true-server.ts";

test("with the true server: sign in, run, look at it, register a pack, test its rule, make it fire", async (t) => {
  const home = emptyHome();
  const { url, password } = await startServer(t, home);
  const squall = (args: string[], stdin = "") => runSquall(home, args, { url, stdin });
  const json = async (args: string[]): Promise<unknown> => {
    const ended = await squall([...args, "--json"]);
    assert.equal(ended.status, 0, ended.stderr);
    return JSON.parse(ended.stdout);
  };

  assert.match((await squall(["whoami"])).stderr, /squall login/);
  assert.equal((await squall(["login", "admin", "--password-stdin"], "wrong\n")).status, 1);
  assert.equal((await squall(["login", "admin", "--password-stdin"], `${password}\n`)).status, 0);

  const ran = await squall(["run", "core.local", "--", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual([ran.status, ran.stdout], [3, "out\n"]);
  assert.match(ran.stderr, /^err\n.*core\.local failed \(exit status 3\)/s);
  assert.equal((await squall(["run", "core.local", "cmd=sleep 30", "timeout=1"])).status, 124);
  const executions = (await json(["execution", "list", "--action", "core.local"])) as { id: string; status: string }[];
  assert.deepEqual(
    executions.map(({ status }) => status),
    ["timeout", "failed"],
  );
  assert.equal((await squall(["execution", "tail", executions[1]?.id ?? ""])).stdout, "out\n");

  // Nobody present can run it: it waits, and says for what.
  const away = (await json(["run", "--async", "--where", "site=edge", "core.noop"])) as { id: string };
  assert.match(
    (await squall(["execution", "get", away.id])).stdout,
    /waits for a worker with site=edge.*--labels site=edge/,
  );
  assert.equal((await squall(["execution", "cancel", away.id])).status, 0);

  const pack = join(home, "greeter");
  for (const folder of ["", "actions", "rules"]) mkdirSync(join(pack, folder));
  writeFileSync(
    join(pack, "pack.yaml"),
    "ref: greeter\nname: greeter\ndescription: Greets.\nversion: 1.0.0\nauthor: Test\nemail: test@example.org\n",
  );
  writeFileSync(
    join(pack, "actions", "greet.yaml"),
    'name: greet\nrunner_type: local-shell-cmd\nparameters:\n  who: {type: string, required: true}\n  cmd: {default: "echo hello {{ who }}", immutable: true}\n',
  );
  writeFileSync(
    join(pack, "rules", "on_visit.yaml"),
    'name: on_visit\nenabled: true\ntrigger: {type: core.st2.webhook, parameters: {url: visit}}\ncriteria: {trigger.body.name: {type: exists, pattern: true}}\naction: {ref: greeter.greet, parameters: {who: "{{ trigger.body.name }}"}}\n',
  );
  writeFileSync(join(pack, "actions", "bad.yaml"), "name: bad\nrunner_type: no-such-runner\n");
  writeFileSync(join(home, "visit.json"), '{"name": "ada"}');
  const registered = await squall(["pack", "register", "greeter"]);
  assert.equal(registered.status, 1);
  assert.match(registered.stdout, /^registered greeter: 1 action, 1 rule$/m);
  assert.match(registered.stderr, /^greeter\/actions\/bad\.yaml:2:\d+: runner_type: /m);

  const matched = await squall(["rule", "test", "greeter.on_visit", "--body", "visit.json"]);
  assert.equal(matched.status, 0);
  assert.match(matched.stdout, /✓ trigger\.body\.name .*\n\ngreeter\.on_visit matches\n.*\n {2}who: ada\n/);
  assert.equal((await squall(["webhook", "send", "visit", "visit.json"])).status, 0);
  const [fired] = (await json(["rule-enforcement", "list", "--rule", "greeter.on_visit"])) as {
    execution_id: string;
  }[];
  assert.equal((await squall(["execution", "tail", fired?.execution_id ?? ""])).stdout, "hello ada\n");
  assert.equal(
    (await squall(["user", "create", "ada", "--role", "observer", "--password-stdin"], "a long one\n")).status,
    0,
  );
  assert.equal((await squall(["user", "password", "ada", "--password-stdin"], "a longer one\n")).status, 0);
  assert.match((await squall(["user", "list"])).stdout, /^ada +observer/m);
  assert.equal((await squall(["auth", "ada", "--password-stdin"], "a longer one\n")).status, 0);
  assert.equal((await squall(["auth", "ada", "--password-stdin"], "a long one\n")).status, 1);

  assert.equal((await squall(["pack", "remove", "greeter"])).status, 0);
  assert.match((await squall(["run", "greeter.greet", "who=x"])).stderr, /there is no action 'greeter\.greet'/);

  const asked = await squall(["run", "core.ask"]);
  assert.equal(asked.status, 1, "a question is no success: nothing is to be done after it yet");
  const question = /^… core\.ask waits for an answer .*\n {2}squall inquiry respond (\w+) /m.exec(asked.stderr)?.[1];
  assert.ok(question, asked.stderr);
  assert.match((await squall(["inquiry", "list"])).stdout, new RegExp(question));
  const blind = await squall(["inquiry", "respond", question]);
  assert.deepEqual([blind.status, blind.stdout], [2, ""]);
  assert.match(blind.stderr, /--response '\{"continue":true\}'/);
  const wrong = await squall(["inquiry", "respond", question, "-r", '{"continue": 5}']);
  assert.match(wrong.stderr, /did not pass schema validation: 5 is not of type 'boolean'/);
  assert.equal((await squall(["inquiry", "respond", question, "-r", '{"continue": true}'])).status, 0);
  assert.equal((await squall(["execution", "get", question, "-k", "response.continue"])).stdout, "true\n");
  assert.match((await squall(["inquiry", "get", question])).stderr, /has already been responded to/);

  mkdirSync(join(pack, "actions", "workflows"));
  writeFileSync(
    join(pack, "actions", "bad.yaml"),
    "name: asks\nrunner_type: action-chain\nentry_point: workflows/asks.yaml\n",
  );
  writeFileSync(join(pack, "actions", "workflows", "asks.yaml"), "chain: [{name: ask, ref: core.ask}]\n");
  assert.equal((await squall(["pack", "register", "greeter"])).status, 0);
  const rests = await squall(["run", "greeter.asks"]);
  const inside = /^… greeter\.asks is paused .*\n {2}squall inquiry respond (\w+) /m.exec(rests.stderr)?.[1];
  assert.ok(inside, rests.stderr);
  assert.equal((await squall(["inquiry", "respond", inside, "-r", '{"continue": true}'])).status, 0);
  const [answered] = (await json(["execution", "list", "--action", "greeter.asks"])) as { id: string }[];
  assert.equal((await squall(["execution", "tail", answered?.id ?? ""])).status, 0);
  assert.equal((await squall(["execution", "get", answered?.id ?? "", "-k", "tasks.0.state"])).stdout, "succeeded\n");

  const flow = join(home, "flow.yaml");
  writeFileSync(
    flow,
    "version: 1.0\ntasks:\n  one:\n    action: core.noop\n    next:\n      - do: two\n  two:\n    action: core.nop\n",
  );
  const inspected = await squall(["workflow", "inspect", flow]);
  assert.equal(inspected.status, 1);
  assert.match(inspected.stdout, /flow\.yaml:8:5: content: tasks\.two\.action: .*did you mean 'core\.noop'\?/);
  writeFileSync(
    flow,
    "version: 1.0\ntasks:\n  one:\n    action: core.noop\n    next:\n      - when: <% failed() %>\n        do: two\n  two:\n    action: core.noop\n",
  );
  writeFileSync(join(home, "mocks.yaml"), "one: {status: failed}\n");
  const rehearsed = await squall(["workflow", "rehearse", flow, "--mocks", join(home, "mocks.yaml")]);
  assert.deepEqual(
    [rehearsed.status, rehearsed.stdout.split("\n").slice(0, 3)],
    [0, ["✗ one  core.noop  failed", "✓ two  core.noop  succeeded", "the workflow succeeded"]],
  );
  const drawn = await squall(["workflow", "graph", flow]);
  assert.match(drawn.stdout, /^flowchart TD\n {2}n0\["one<br>core\.noop"\]\n/);
  assert.match(drawn.stdout, /n0 -->\|"failed"\| n1/);
});

test("with the true server: a sensor is listed, looked at, followed, stopped, started and switched off", async (t) => {
  const home = emptyHome();
  const { url, password } = await startServer(t, home);
  const squall = (args: string[], stdin = "") => runSquall(home, args, { url, stdin });
  const says = async (args: string[]): Promise<string> => {
    const ended = await squall(args);
    assert.equal(ended.status, 0, ended.stderr);
    return ended.stdout;
  };
  await squall(["login", "admin", "--password-stdin"], `${password}\n`);
  const pack = join(home, "clock");
  mkdirSync(join(pack, "sensors"), { recursive: true });
  writeFileSync(
    join(pack, "pack.yaml"),
    "name: clock\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@example.com\n",
  );
  writeFileSync(
    join(pack, "sensors", "clock.yaml"),
    "class_name: Clock\nentry_point: clock.py\ndescription: It ticks.\n",
  );
  writeFileSync(
    join(pack, "sensors", "clock.py"),
    `import time
from st2reactor.sensor.base import Sensor
class Clock(Sensor):
    def setup(self): pass
    def run(self):
        for number in range(1000000):
            print("tick", number)
            time.sleep(0.2)
    def cleanup(self): pass
    def add_trigger(self, trigger): pass
    def update_trigger(self, trigger): pass
    def remove_trigger(self, trigger): pass
`,
  );
  await says(["pack", "register", pack]);
  while (!/clock\.Clock +running/.test(await says(["sensor", "list"])));
  assert.match(await says(["sensor", "get", "clock.Clock"]), /description: +It ticks\./);
  assert.match((await squall(["sensor", "get", "clock.Clok"])).stderr, /did you mean 'clock\.Clock'\?/);

  let followed = "";
  const following = await runSquall(home, ["sensor", "logs", "clock.Clock", "-f", "-n", "1"], {
    url,
    onStart: (child) =>
      child.stdout?.on("data", (chunk: Buffer) => {
        followed += chunk.toString();
        if ((followed.match(/tick/g) ?? []).length >= 4) child.kill("SIGINT");
      }),
  });
  const ticks = [...following.stdout.matchAll(/tick (\d+)/g)].map((match) => Number(match[1]));
  assert.deepEqual(
    ticks,
    Array.from({ length: ticks.length }, (_, at) => (ticks[0] ?? 0) + at),
  );

  assert.match(await says(["sensor", "stop", "clock.Clock"]), /stopped clock\.Clock/);
  assert.match(await says(["sensor", "list"]), /clock\.Clock +stopped .*stopped by admin/);
  await says(["sensor", "restart", "clock.Clock"]);
  await says(["sensor", "disable", "clock.Clock"]);
  while (!/clock\.Clock +disabled/.test(await says(["sensor", "list"])));
  assert.match((await squall(["sensor", "start", "clock.Clock"])).stderr, /is disabled; enable it first/);
  await says(["sensor", "enable", "clock.Clock"]);
});
