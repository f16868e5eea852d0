import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyHome, runSquall } from "../testing/run-squall.ts";
import { startServer } from "../testing/true-server.ts";

const DEPLOY = `version: 1.0
input: [hosts, gate]
tasks:
  prepare: {action: core.local cmd="echo ready", next: [{do: deploy}]}
  deploy:
    with: h in <% ctx(hosts) %>
    action: core.local
    input: {cmd: "test <% item(h) %> != b || test -e <% ctx(gate) %>"}
    next: [{when: <% succeeded() %>, do: report}]
  report: {action: core.noop}
output: [{hosts: <% ctx(hosts) %>}]
`;

test("a workflow with the true server: run, task tree, record, rehearse, draw, re-run from a task", async (t) => {
  const home = emptyHome();
  const { url, password } = await startServer(t, home);
  const squall = (args: string[], stdin = "") => runSquall(home, args, { url, stdin });
  assert.equal((await squall(["login", "admin", "--password-stdin"], `${password}\n`)).status, 0);
  const pack = join(home, "ops");
  mkdirSync(join(pack, "actions", "workflows"), { recursive: true });
  writeFileSync(
    join(pack, "pack.yaml"),
    "ref: ops\nname: ops\ndescription: Deploys.\nversion: 1.0.0\nauthor: Test\nemail: test@example.org\n",
  );
  writeFileSync(
    join(pack, "actions", "deploy.yaml"),
    "name: deploy\nrunner_type: orquesta\nentry_point: workflows/deploy.yaml\nparameters: {hosts: {type: array}, gate: {type: string}}\n",
  );
  writeFileSync(join(pack, "actions", "workflows", "deploy.yaml"), DEPLOY);
  assert.equal((await squall(["pack", "register", "ops"])).status, 0);

  const gate = join(home, "gate");
  const ran = await squall(["run", "ops.deploy", "hosts=a,b,c", `gate=${gate}`]);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /task deploy: Execution failed.*\n`squall execution get [0-9a-f]{24}` shows its tasks/);
  const shown = await squall(["execution", "get", "last"]);
  assert.match(
    shown.stdout,
    /^tasks:\n {2}✓ prepare +succeeded .*\n {2}✗ deploy +failed, items 2\/3 .*\n {4}✗ item 1 +failed /m,
  );

  const recorded = await squall(["workflow", "record", "last", "--out", "recorded.yaml"]);
  assert.deepEqual([recorded.status, recorded.stdout, recorded.stderr], [0, "", "wrote recorded.yaml\n"]);
  const same = await squall(["workflow", "rehearse", "recorded.yaml"]);
  assert.equal(same.status, 0, "failing as recorded is what was expected");
  assert.match(same.stdout, /the workflow failed\n[^]*as recorded: the same path and output\n$/);
  writeFileSync(
    join(home, "changed.yaml"),
    DEPLOY.replace("echo ready", "echo go").replace("succeeded()", "completed()"),
  );
  const changed = await squall(["workflow", "rehearse", "changed.yaml", "--recording", "recorded.yaml"]);
  assert.equal(changed.status, 1);
  assert.match(changed.stdout, /otherwise than recorded \(3\):\n {2}the workflow succeeded; it had failed\n/);
  assert.match(changed.stdout, /\n {2}prepare: input\.cmd is "echo go"; it had been "echo ready"\n/);
  assert.match(changed.stdout, /\n {2}report runs core\.noop and succeeded; it had not run\n/);

  const drawn = await squall(["workflow", "graph", "last"]);
  assert.match(drawn.stdout, /n1\["deploy<br>core\.local<br>items 2\/3<br>failed, \d\.\d s"\]:::failed/);
  assert.equal((await squall(["workflow", "graph", "last", "--format", "svg", "--out", "deploy.svg"])).status, 0);
  assert.match(readFileSync(join(home, "deploy.svg"), "utf8"), /^<svg [^]*✗ failed[^]*<\/svg>\n$/);
  assert.match((await squall(["workflow", "graph", "changed.yaml", "-f", "svg"])).stdout, /^<svg /);

  writeFileSync(gate, "");
  const wrong = await squall(["execution", "re-run", "last", "--tasks", "prepare", "--no-reset", "deploy"]);
  assert.deepEqual([wrong.status, /'deploy', which is not among --tasks/.test(wrong.stderr)], [2, true]);
  const again = await squall(["execution", "re-run", "last", "--tasks", "deploy", "--no-reset", "deploy"]);
  assert.equal(again.status, 0, again.stderr);
  const tree = (await squall(["execution", "get", "last"])).stdout;
  assert.match(tree, /\n {2}✓ deploy +succeeded, items 1\/1 /, "only the failed item ran again");
  const { stdout } = await squall(["execution", "list", "--json"]);
  const [, first] = JSON.parse(stdout) as { id: string }[];
  assert.equal((await squall(["execution", "re-run", first?.id ?? "", "--tasks", "deploy"])).status, 0);
  assert.match((await squall(["execution", "get", "last"])).stdout, /\n {2}✓ deploy +succeeded, items 3\/3 /);
});
