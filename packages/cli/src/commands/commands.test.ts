import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { emptyHome, runSquall } from "../testing/run-squall.ts";
import { anExecution, EXECUTION_ID, offerRun, sendJson, startStandIn } from "../testing/stand-in.ts";

const RULE = {
  id: "5f00000000000000000000b1",
  ref: "examples.on_alert",
  name: "on_alert",
  pack: "examples",
  enabled: true,
};

test("execution list shows the newest last, says when there are more, and gives programs the API's order and objects", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  const newer = anExecution({
    id: "5f00000000000000000000e2",
    status: "succeeded",
    end_timestamp: "2026-11-22T09:33:54Z",
  });
  standIn.on("GET /executions", (response) =>
    sendJson(response, 200, [newer, anExecution()], { "x-total-count": "9" }),
  );
  const table = await runSquall(home, ["execution", "list", "-n", "2", "--status", "running"], { url: standIn.url });
  assert.equal(
    table.stdout,
    [
      "id                        action.ref  context.user  status     start_timestamp          end_timestamp",
      "5f00000000000000000000e1  core.local  admin         running    2026-11-22 09:33:53 UTC",
      "5f00000000000000000000e2  core.local  admin         succeeded  2026-11-22 09:33:53 UTC  2026-11-22 09:33:54 UTC",
      "",
    ].join("\n"),
  );
  assert.equal(table.stderr, "2 of 9 executions; -n shows more\n");
  const query = Object.fromEntries(standIn.got("GET /executions")[0]?.query ?? []);
  assert.deepEqual(query, {
    limit: "2",
    sort_desc: "True",
    parent: "null",
    status: "running",
    include_attributes: "id,action.ref,context.user,status,start_timestamp,end_timestamp",
  });
  const json = await runSquall(home, ["execution", "list", "--json"], { url: standIn.url });
  assert.deepEqual(JSON.parse(json.stdout), [newer, anExecution()]);
  assert.equal(json.stderr, "");
});

test("an empty list says what to do next, and is an empty list to programs", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  standIn.on("GET /rules", []);
  const table = await runSquall(home, ["rule", "list"], { url: standIn.url });
  assert.deepEqual([table.status, table.stdout], [0, ""]);
  assert.match(table.stderr, /no rules: `squall rule create FILE`/);
  const json = await runSquall(home, ["rule", "list", "-j"], { url: standIn.url });
  assert.deepEqual([json.stdout, json.stderr], ["[]\n", ""]);
});

test("execution get shows everything of one in the zone asked for; re-run and cancel name what they did", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  offerRun(standIn, [["stdout", "again\n"]], { status: "succeeded", result: { stdout: "again\n", return_code: 0 } });
  const args = ["execution", "get", EXECUTION_ID, "--timezone", "Asia/Kolkata"];
  const shown = await runSquall(home, args, { url: standIn.url });
  assert.match(shown.stdout, /^status: +succeeded \(1\.0 s elapsed\)$/m);
  assert.match(shown.stdout, /^start_timestamp: +2026-11-22 15:03:53 GMT\+5:30$/m);
  assert.match(shown.stdout, /^result:\n {2}stdout: \|\n {4}again\n {2}return_code: 0$/m);
  standIn.on(`POST /executions/${EXECUTION_ID}/re_run`, (response) => sendJson(response, 201, anExecution()));
  const again = await runSquall(home, ["execution", "re-run", EXECUTION_ID, "timeout=9"], { url: standIn.url });
  assert.deepEqual([again.status, again.stdout], [0, "again\n"]);
  assert.deepEqual(standIn.got(`POST /executions/${EXECUTION_ID}/re_run`)[0]?.body, { parameters: { timeout: 9 } });
  standIn.on(`DELETE /executions/${EXECUTION_ID}`, { faultstring: "Action cannot be canceled. State = succeeded." });
  const cancel = await runSquall(home, ["execution", "cancel", EXECUTION_ID], { url: standIn.url });
  assert.equal(cancel.status, 1);
  assert.match(cancel.stderr, /State = succeeded/);
});

test("execution get shows where it runs and how soon only of what says so", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  const get = ["execution", "get", EXECUTION_ID];
  standIn.on(`GET /executions/${EXECUTION_ID}`, anExecution({ where: { site: "edge" }, priority: 5 }));
  const { stdout } = await runSquall(home, get, { url: standIn.url });
  assert.match(stdout, /^where:\n? *site: edge\npriority: +5$/m);
  standIn.on(`GET /executions/${EXECUTION_ID}`, anExecution());
  assert.doesNotMatch((await runSquall(home, get, { url: standIn.url })).stdout, /^(where|priority)/m);
});

test("resources are created and updated from files, deleted by id, enabled as whole objects without ref", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  writeFileSync(join(home, "rule.yaml"), "name: on_alert\npack: examples\nenabled: true\n");
  standIn.on("POST /rules", (response, { body }) => sendJson(response, 201, { ...RULE, ...body }));
  standIn.on("GET /rules/examples.on_alert", RULE);
  standIn.on(`PUT /rules/${RULE.id}`, (response, { body }) => sendJson(response, 200, { ...body, ref: RULE.ref }));
  standIn.on(`DELETE /rules/${RULE.id}`, (response) => response.writeHead(204).end());
  const run = (...args: string[]) => runSquall(home, ["rule", ...args], { url: standIn.url });
  assert.equal((await run("create", "rule.yaml")).stdout, "created rule examples.on_alert\n");
  assert.equal((await run("update", "examples.on_alert", "rule.yaml")).stdout, "updated rule examples.on_alert\n");
  assert.equal((await run("disable", "examples.on_alert")).stdout, "disabled rule examples.on_alert\n");
  const { ref: _, ...whole } = RULE;
  assert.deepEqual(
    standIn.got(`PUT /rules/${RULE.id}`).map(({ body }) => body),
    [
      { name: "on_alert", pack: "examples", enabled: true, id: RULE.id },
      { ...whole, enabled: false },
    ],
  );
  assert.equal((await run("delete", "examples.on_alert")).stdout, "deleted rule examples.on_alert\n");
});

test("a resource that is not there is told with its nearest neighbour", async (t) => {
  const standIn = await startStandIn(t);
  standIn.on("GET /rules", [RULE]);
  const ended = await runSquall(emptyHome(), ["rule", "get", "examples.on_alart"], { url: standIn.url });
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, /there is no rule 'examples.on_alart'\n.*did you mean 'examples.on_alert'\?/);
});

test("rule test says for each criterion what was found and ends with 1 when the rule does not match", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  writeFileSync(join(home, "alert.json"), '{"severity": "info"}');
  writeFileSync(join(home, "rule.yaml"), "name: r\n");
  const criteria = [
    {
      key: "trigger.severity",
      criterion: { type: "eq", pattern: "page" },
      value: "info",
      pattern: "page",
      held: false,
    },
    { key: "trigger.id", criterion: { type: "exists", pattern: true }, value: 7, pattern: true, held: true },
  ];
  standIn.on("POST /rules/examples.on_alert/test", { matched: false, criteria });
  standIn.on("POST /rules/test", { matched: true, criteria: [], parameters: { cmd: "date" } });
  const no = await runSquall(home, ["rule", "test", "examples.on_alert", "--payload", "alert.json"], {
    url: standIn.url,
  });
  assert.equal(no.status, 1);
  assert.equal(
    no.stdout,
    '✗ trigger.severity  eq "page"   value "info"   does not hold\n✓ trigger.id        exists true   value 7\n\nexamples.on_alert does not match\n',
  );
  assert.deepEqual(standIn.got("POST /rules/examples.on_alert/test")[0]?.body, { payload: { severity: "info" } });
  const yes = await runSquall(home, ["rule", "test", "rule.yaml", "--event", "5f01"], { url: standIn.url });
  assert.equal(yes.status, 0);
  assert.match(yes.stdout, /rule\.yaml matches\nit would run its action with\n {2}cmd: date\n/);
  assert.deepEqual(standIn.got("POST /rules/test")[0]?.body, { rule: { name: "r" }, trigger_instance: "5f01" });
  assert.equal((await runSquall(home, ["rule", "test", "examples.on_alert"], { url: standIn.url })).status, 2);
});

test("pack register sends the absolute folder and prints each problem as compilers do", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  mkdirSync(join(home, "my_pack"));
  const problem = {
    message: "unknown field",
    at: { file: join(home, "my_pack/rules/a.yaml"), line: 3, column: 5, field: "enabeld" },
  };
  standIn.on("POST /packs/register", { actions: 2, rules: 1, sensors: 0, packs: ["my_pack"], problems: [problem] });
  const ended = await runSquall(home, ["pack", "register", "my_pack"], { url: standIn.url });
  assert.equal(ended.status, 1);
  assert.equal(ended.stdout, "registered my_pack: 2 actions, 1 rule\n");
  assert.match(ended.stderr, /^my_pack\/rules\/a\.yaml:3:5: enabeld: unknown field$/m);
  assert.deepEqual(standIn.got("POST /packs/register")[0]?.body, {
    paths: [join(home, "my_pack")],
    fail_on_failure: false,
  });
  const missing = await runSquall(home, ["pack", "register", "no_pack"], { url: standIn.url });
  assert.deepEqual([missing.status, missing.stderr], [1, "squall: there is no folder no_pack\n"]);
});

test("pack register --watch registers again what changes, and survives a server that fails meanwhile", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  mkdirSync(join(home, "my_pack"));
  let registrations = 0;
  standIn.on("POST /packs/register", (response) => {
    registrations += 1;
    if (registrations === 2) sendJson(response, 500, { faultstring: "Internal Server Error" });
    else sendJson(response, 200, { actions: registrations, packs: ["my_pack"] });
  });
  const steps = ["watching my_pack", "Internal Server Error", "changed: my_pack/c.yaml"];
  let at = 0;
  const ended = await runSquall(home, ["pack", "register", "--watch", "my_pack"], {
    url: standIn.url,
    onStderr(text) {
      if (at >= steps.length || !text.includes(steps[at] ?? "")) return;
      at += 1;
      if (at < steps.length) writeFileSync(join(home, "my_pack", at === 1 ? "b.yaml" : "c.yaml"), String(at));
    },
    onStart(child) {
      child.stdout?.on("data", (chunk: string) => {
        if (chunk.includes("3 actions")) child.kill("SIGINT");
      });
    },
  });
  assert.equal(ended.status, 0);
  assert.equal(ended.stdout, "registered my_pack: 1 action\nregistered my_pack: 3 actions\n");
  assert.match(ended.stderr, /changed: my_pack\/b\.yaml\n.*squall: Internal Server Error/s);
});

test("a webhook gets the file's bytes with the headers given", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  writeFileSync(join(home, "push.json"), '{ "spaces":  "stay" }\n');
  standIn.on("POST /webhooks/git/hub", (response) => sendJson(response, 202, {}));
  const args = ["webhook", "send", "git/hub", "push.json", "-H", "X-GitHub-Event: push"];
  const ended = await runSquall(home, args, { url: standIn.url });
  assert.equal(ended.status, 0);
  const [seen] = standIn.got("POST /webhooks/git/hub");
  assert.equal(seen?.text, '{ "spaces":  "stay" }\n');
  assert.equal(seen?.headers["x-github-event"], "push");
});

test("keys are set from the command line or stdin, loaded from files, and deleted by prefix", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  const keys = new Map<string, string>();
  const put = (name: string) => standIn.on(`PUT /keys/${name}`, (response, { body }) => sendJson(response, 200, body));
  put("a");
  put("b");
  const run = (args: string[], stdin = "") => runSquall(home, ["key", ...args], { url: standIn.url, stdin });
  await run(["set", "a", "1", "--ttl", "60"]);
  await run(["set", "a", "--encrypt"], "from stdin\n");
  assert.deepEqual(
    standIn.got("PUT /keys/a").map(({ body }) => body),
    [
      { name: "a", value: "1", scope: "system", ttl: 60 },
      { name: "a", value: "from stdin", scope: "system", secret: true },
    ],
  );
  writeFileSync(join(home, "keys.yaml"), "- {name: a, value: x}\n- {name: b, value: [1]}\n");
  const refused = await run(["load", "keys.yaml"]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /keys\.yaml: entry 2: the value of 'b' is no text/);
  assert.equal(standIn.got("PUT /keys/a").length, 2, "nothing is set when an entry is wrong");
  assert.equal((await run(["load", "keys.yaml", "-c"])).status, 0);
  assert.equal(standIn.got("PUT /keys/b")[0]?.body.value, "[1]");
  for (const name of ["x.1", "x.2", "y"]) keys.set(name, "");
  standIn.on("GET /keys", (response) =>
    sendJson(
      response,
      200,
      [...keys.keys()].map((name) => ({ name, value: "" })),
    ),
  );
  for (const name of ["x.1", "x.2", "y"]) {
    standIn.on(`DELETE /keys/${name}`, (response) => {
      keys.delete(name);
      response.writeHead(204).end();
    });
  }
  assert.equal((await run(["delete_by_prefix", "-p", "x."])).stdout, "deleted key x.1\ndeleted key x.2\n");
  assert.deepEqual([...keys.keys()], ["y"]);
});

test("login keeps the token for its server only, readable by nobody else; commands use it; logout ends it", async (t) => {
  const standIn = await startStandIn(t);
  const other = await startStandIn(t);
  const home = emptyHome();
  let basic: string | undefined;
  standIn.on("POST /auth/tokens", (response, { headers }) => {
    basic = headers.authorization;
    sendJson(response, 201, { id: "1", user: "admin", token: "T0KEN", expiry: "2026-11-23T09:00:00Z" });
  });
  for (const server of [standIn, other]) {
    server.on("GET /user", { username: "admin", authentication: { method: "authentication token" } });
  }
  const args = ["login", "admin", "--password-stdin"];
  const login = await runSquall(home, args, { url: standIn.url, stdin: "pa:ss wörd\n" });
  assert.equal(login.stdout, `signed in to ${standIn.url} as admin until 2026-11-23 09:00:00 UTC\n`);
  assert.equal(Buffer.from(basic?.slice("Basic ".length) ?? "", "base64").toString(), "admin:pa:ss wörd");
  const file = join(home, ".config/squall/credentials.json");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await runSquall(home, ["whoami"], { url: `${standIn.url}/v1` });
  await runSquall(home, ["whoami"], { url: other.url });
  await runSquall(home, ["whoami"], { url: standIn.url, env: { SQUALL_API_KEY: "K" } });
  const sent = [...standIn.got("GET /user"), ...other.got("GET /user")].map(({ headers }) => [
    headers["x-auth-token"],
    headers["st2-api-key"],
  ]);
  assert.deepEqual(sent, [
    ["T0KEN", undefined],
    [undefined, "K"],
    [undefined, undefined],
  ]);
  standIn.on("DELETE /auth/tokens/current", (response) => response.writeHead(204).end());
  const logout = await runSquall(home, ["logout"], { url: standIn.url });
  assert.equal(logout.stdout, `signed out of ${standIn.url}\n`);
  assert.equal(standIn.got("DELETE /auth/tokens/current")[0]?.headers["x-auth-token"], "T0KEN");
  assert.throws(() => statSync(file), { code: "ENOENT" });
});

test("no login, a login that no longer holds and no server are told with what to do", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  standIn.on("GET /actions", (response) =>
    sendJson(response, 401, { faultstring: "Unauthorized - One of Token or API key required." }),
  );
  const none = await runSquall(home, ["action", "list"], { url: standIn.url });
  assert.equal(none.status, 1);
  assert.match(none.stderr, /sign in with `squall login`/);
  const old = await runSquall(home, ["action", "list"], { url: standIn.url, env: { ST2_AUTH_TOKEN: "old" } });
  assert.match(old.stderr, /sign in again/);
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  const away = await runSquall(home, ["action", "list"], { url: `http://127.0.0.1:${port}` });
  assert.equal(away.status, 1);
  assert.match(away.stderr, /no Squall answers at .*\n.*`squall server`/);
});

test("what cannot be understood ends with 2 and says what was meant", async () => {
  const home = emptyHome();
  for (const [args, words] of [
    [["exection", "list"], "Did you mean execution?"],
    [["execution", "lsit"], "Did you mean list?"],
    [["execution", "list", "--statsu", "x"], "Did you mean --status?"],
    [["execution", "get"], "missing required argument 'execution-id'"],
    [["execution", "list", "-n", "0"], "a whole number of at least 1"],
    [["execution", "list", "--timezone", "Mars"], "'Mars' is no time zone"],
    [["rule"], "Usage: squall rule"],
    [[], "Usage: squall"],
  ] as const) {
    const ended = await runSquall(home, args);
    assert.equal(ended.status, 2, args.join(" "));
    assert(ended.stderr.includes(words), `${args.join(" ")}: ${ended.stderr}`);
    assert.equal(ended.stdout, "");
  }
});
