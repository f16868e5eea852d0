import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyHome, runSquall } from "./testing/run-squall.ts";
import { startServer } from "./testing/true-server.ts";

test("with the true server: sign in, run, look at it, register a pack, test its rule, make it fire", async (t) => {
  const home = emptyHome(t);
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
