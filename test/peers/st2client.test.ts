// StackStorm's own client, as its makers publish it, against a Squall server: that it says and ends with what
// a StackStorm server makes it say and end with. Where it prints tables for people, their columns are looked at; what is in
// them is read from the same commands with -j.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type Ended, type Peer, type St2, startPeer } from "./st2.ts";
import { virtualenv } from "./virtualenv.ts";

const client = await virtualenv("st2client", "3.9.0");

function ends(ended: Ended, status: number, text?: RegExp): Ended {
  assert.equal(ended.status, status, ended.text);
  if (text !== undefined) assert.match(ended.text, text);
  return ended;
}

/** The columns of a table that it printed. */
function columns(ended: Ended): string[] {
  ends(ended, 0);
  const header = /^\+[-+]+\+\n\|((?! Note).*)\|$/m.exec(ended.text)?.[1] ?? assert.fail(`no table: ${ended.text}`);
  return header.split("|").map((name) => name.trim());
}

/** What the first column, `Property`, of a table of one thing names. */
function properties(ended: Ended): string[] {
  ends(ended, 0, /^\| Property +\| Value +\|$/m);
  const names = [...ended.text.matchAll(/^\| (\S+) *\|/gm)].map((found) => found[1] ?? "");
  return names.filter((name) => name !== "Property");
}

const startedId = (ended: Ended): string =>
  /st2 execution get (\w{24})/.exec(ends(ended, 0).text)?.[1] ?? assert.fail(ended.text);

interface Enforcement {
  readonly id: string;
  readonly trigger_instance_id: string;
  readonly execution_id?: string;
}

const ACTION = `name: greet
pack: default
description: Says hello.
runner_type: local-shell-cmd
enabled: true
entry_point: ""
parameters:
  who: {type: string, default: world}
  cmd: {immutable: true, default: "echo hello {{ who }}"}
`;

const RULE = `name: hook
pack: default
description: Hears a word.
enabled: true
trigger: {type: core.st2.webhook, parameters: {url: hook}}
criteria: {}
action: {ref: core.echo, parameters: {message: "{{ trigger.body.word }}"}}
`;

const skip = "missing" in client ? client.missing : false;

suite("st2, the client of StackStorm", { skip, concurrency: 2, timeout: 180_000 }, () => {
  let peer: Peer;
  let st2: St2;
  before(async () => {
    if ("missing" in client) return;
    peer = await startPeer(client.bin);
    st2 = peer.st2;
  });
  after(() => peer?.[Symbol.asyncDispose]());

  test("auth, login, whoami: by password, by what login wrote down, by API key", async () => {
    const home = peer.folder("somebody");
    const somebody = peer.anybody(home);
    const wrong = await somebody(["auth", "admin", "-p", "wrong"]);
    ends(wrong, 1, /^ERROR: 401 Client Error: Unauthorized\nMESSAGE: Invalid or missing credentials for url: /m);
    ends(await somebody(["login", "admin", "-p", "wrong"]), 1, /^ERROR: Failed to log in as admin: 401 /m);
    assert.deepEqual(properties(await somebody(["auth", "admin", "-p", peer.password])), ["user", "token", "expiry"]);
    const { user, token, expiry } = (await somebody(["auth", "admin", "-p", peer.password, "-l", "60", "-j"])).json;
    assert.match(`${user} ${token} ${expiry}`, /^admin [0-9a-f]{32} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    ends(
      await somebody(["auth", "admin", "-p", peer.password, "-l", "99999999"]),
      1,
      /400 .*\n.*TTL specified 99999999 /,
    );
    ends(await somebody(["action", "list"]), 1, /401 .*\n.*One of Token or API key required/);
    ends(await somebody(["action", "list", "-t", "no-such"]), 1, /401 .*\n.*Invalid or missing credentials/);

    ends(await somebody(["login", "admin", "-p", peer.password, "-w"]), 0, /^Logged in as admin$/m);
    ends(await somebody(["whoami"]), 0, /"admin"[^]*authentication token[^]*expire time: .*Z\n[^]*Roles: admin/);
    const key = (await st2(["apikey", "create", "-k"])).text.trim();
    ends(await peer.anybody(peer.folder("other"))(["whoami"], { ST2_API_KEY: key }), 0, /method: API key\n/);
  });

  test("run: what it prints, and the exit status of what ran", async () => {
    const [fine, failed, background, noAction, noParameter, extra, help] = await Promise.all([
      st2(["run", "core.local", "cmd=echo hello"]),
      st2(["run", "core.local", "echo out; echo err >&2; exit 3", "-j"]),
      st2(["run", "-a", "core.local", "true"]),
      st2(["run", "nope.nope"]),
      st2(["run", "core.local"]),
      st2(["run", "core.local", "cmd=true", "wrong=1"]),
      st2(["run", "core.local", "-h"]),
    ]);
    ends(
      fine,
      0,
      /^action\.ref: core\.local\ncontext\.user: admin\nparameters: \n {2}cmd: echo hello\nstatus: succeeded\n/m,
    );
    assert.match(fine.text, /^result: \n {2}failed: false\n {2}return_code: 0\n {2}stderr: ''\n {2}stdout: hello\n/m);
    const { status, result } = ends(failed, 1).json;
    assert.deepEqual([status, result.return_code, result.stdout, result.stderr], ["failed", 3, "out", "err"]);
    startedId(background);
    ends(noAction, 1, /^ERROR: Resource with id or reference "nope\.nope" doesn't exist\.$/m);
    ends(noParameter, 1, /^ERROR: 400 Client Error: Bad Request\nMESSAGE: 'cmd' is a required property for url: /m);
    ends(extra, 1, /^MESSAGE: Additional properties are not allowed \('wrong' was unexpected\) for url: /m);
    ends(help, 0, /^Required Parameters:\n {4}cmd\n[^]*^Optional Parameters:\n {4}cwd\n/m);
    ends(await st2(["run", "core.local", "echo key", "-k", "stdout"]), 0, /^key$/m);
    ends(await st2(["run", "core.noop", "--delay", "60000"]), 0, /^status: delayed$/m);
  });

  test("run --tail shows all output, from its first line, also of what ended before the client listened", async () => {
    const slow = st2(["run", "core.local", "echo one; sleep 1; echo two", "--tail"]);
    const quick = st2(["run", "core.local", "echo quick", "--tail"]);
    ends(await slow, 0, /^Tailing execution "\w+"\none\ntwo\n\nExecution \w+ has completed \(status=succeeded\)\.\n/);
    ends(await quick, 0, /^Tailing execution "\w+"\nquick\n\nExecution \w+ has completed/);
  });

  test("execution list, get, tail", async () => {
    const id = startedId(await st2(["run", "-a", "core.echo", "message=once"]));
    ends(await st2(["execution", "tail", id]), 0, /^once\n\nExecution \w+ has completed \(status=succeeded\)\.$/m);
    const list = ["execution", "list", "--action", "core.echo"];
    const [table, json, yaml, chosen, none, got, bare, key, last, unknown] = await Promise.all([
      st2([...list, "-n", "1"]),
      st2([...list, "-n", "1", "-j"]),
      st2([...list, "-n", "1", "-y"]),
      st2([...list, "-a", "id", "status", "-w", "30"]),
      st2([...list, "-tg", "2030-01-01T00:00:00.000Z"]),
      st2(["execution", "get", id]),
      st2(["execution", "get", id, "-x", "-j"]),
      st2(["execution", "get", id, "-k", "stdout"]),
      st2(["execution", "get", "last"]),
      st2(["execution", "get", "nope"]),
    ]);
    const shown = ["id", "action.ref", "context.user", "status", "start_timestamp", "end_timestamp"];
    assert.deepEqual(columns(table), shown);
    assert.match(table.text, /succeeded \(\d+s elapsed\)/);
    assert.equal(json.json[0].action.ref, "core.echo");
    ends(yaml, 0, /^- {3}action:\n {8}ref: core\.echo$/m);
    assert.deepEqual(columns(chosen), ["id", "status"]);
    assert.deepEqual(columns(none), shown);
    for (const name of ["id", "action.ref", "context.user", "parameters", "status", "log", "result"]) {
      ends(got, 0, new RegExp(`^${name.replace(".", "\\.")}: `, "m"));
    }
    assert.equal(bare.json.result, undefined);
    ends(key, 0, /^once$/m);
    ends(last, 0, /^status: /m);
    ends(unknown, 1, /^ERROR: Resource nope not found\.$/m);
    await st2(["run", "-a", "core.echo", "message=twice"]);
    ends(await st2([...list, "-n", "1"]), 0, /Note: Only one action execution is displayed\. Use -n\/--last flag/);
  });

  test("execution cancel, pause, re-run", async () => {
    const id = startedId(await st2(["run", "-a", "core.local", "cmd=sleep 60"]));
    ends(
      await st2(["execution", "pause", id]),
      1,
      /400 .*\n.*Failed updating execution\. The pause operation is not supported/,
    );
    ends(await st2(["execution", "cancel", id]), 0, /^action execution with id \w+ canceled\.$/m);
    ends(await st2(["execution", "tail", id]), 0, /has completed \(status=canceled\)/);
    const [again, late, rerun, unknown] = await Promise.all([
      st2(["execution", "cancel", id]),
      st2(["execution", "pause", id]),
      st2(["execution", "re-run", id, "cmd=echo again", "--tail"]),
      st2(["execution", "re-run", "nope"]),
    ]);
    ends(again, 0, /^Action cannot be canceled\. State = canceled\.$/m);
    ends(late, 1, /^MESSAGE: Execution is already in completed state\. for url: /m);
    ends(rerun, 0, /^Tailing execution "\w+"\nagain\n\nExecution \w+ has completed \(status=succeeded\)/);
    ends(unknown, 1, /^ERROR: Action execution with id "nope" cannot be found\.$/m);
  });

  test("action list, get, create, update, disable, enable, execute, clone, delete", async () => {
    const file = peer.file("action.yaml", ACTION);
    assert.deepEqual(columns(await st2(["action", "list", "-p", "core"])), ["ref", "pack", "description"]);
    ends(await st2(["action", "list", "-p", "nosuch"]), 0, /^No matching items found$/m);
    ends(await st2(["action", "get", "core.nope"]), 1, /^ERROR: Resource core\.nope not found\.$/m);
    assert.equal((await st2(["action", "create", file, "-j"])).json.ref, "default.greet");
    const twice = await st2(["action", "create", file]);
    ends(twice, 2, /^ERROR: 409 Client Error: Conflict\nMESSAGE: Tried to save duplicate unique keys /m);
    const wrong = peer.file("wrong.yaml", ACTION.replace("greet", "odd").replace("local-shell-cmd", "no-such"));
    ends(await st2(["action", "create", wrong]), 2, /^ERROR: 400 .*\n.*no-such/m);
    const changed = peer.file("changed.yaml", ACTION.replace("Says hello", "Greets"));
    assert.equal((await st2(["action", "update", "default.greet", changed, "-j"])).json.description, "Greets.");
    ends(await st2(["action", "disable", "default.greet"]), 0, /^\| enabled +\| False /m);
    ends(await st2(["run", "default.greet"]), 1, /400 .*\n.*Action "default\.greet" is disabled/);
    ends(await st2(["action", "enable", "default.greet"]), 0, /^\| enabled +\| True /m);
    const id = startedId(await st2(["action", "execute", "default.greet", "who=you"]));
    ends(await st2(["execution", "tail", id]), 0, /^hello you$/m);
    ends(await st2(["action", "clone", "default.greet", "default", "other"]), 0, /^\| ref +\| default\.other /m);
    ends(await st2(["action", "clone", "default.greet", "default", "other", "-f"]), 0, /^\| ref +\| default\.other /m);
    ends(await st2(["action", "clone", "default.greet", "nopack", "x"]), 0, /400 .*\n.*"nopack" doesn't exist/);
    ends(await st2(["action", "delete", "default.other", "-r"]), 0, /"default\.other" has been successfully deleted/);
    ends(await st2(["action", "delete", "core.local"]), 1, /system level packs/);
  });

  test("rules, webhooks, events and enforcements", async () => {
    const file = peer.file("rule.yaml", RULE);
    assert.equal((await st2(["rule", "create", file, "-j"])).json.ref, "default.hook");
    const unknown = peer.file("unknown.yaml", RULE.replace("core.st2.webhook", "core.nope").replace("hook\n", "h2\n"));
    const [twice, wrong, list, iftt, byTrigger, disabled, nope, hooks, hook, noHook] = await Promise.all([
      st2(["rule", "create", file]),
      st2(["rule", "create", unknown]),
      st2(["rule", "list", "-p", "default", "-n", "5"]),
      st2(["rule", "list", "--iftt"]),
      st2(["rule", "list", "-g", "core.st2.webhook", "-c", "core.echo", "-j"]),
      st2(["rule", "list", "--disabled"]),
      st2(["rule", "delete", "nope"]),
      st2(["webhook", "list"]),
      st2(["webhook", "get", "hook", "-j"]),
      st2(["webhook", "get", "nope"]),
    ]);
    ends(twice, 2, /^ERROR: 409 .*\nMESSAGE: Tried to save duplicate unique keys /m);
    ends(wrong, 2, /^MESSAGE: Trigger "core\.nope" defined in the rule does not exist in system /m);
    assert.deepEqual(columns(list), ["ref", "pack", "description", "enabled"]);
    assert.deepEqual(columns(iftt), ["ref", "trigger.ref", "action.ref", "enabled"]);
    assert.deepEqual(
      byTrigger.json.map((rule: { ref: string }) => rule.ref),
      ["default.hook"],
    );
    // The one that watches a page.
    assert.deepEqual(columns(disabled), ["ref", "pack", "description", "enabled"]);
    ends(nope, 2, /^Rule "nope" is not found\.$/m);
    assert.deepEqual(columns(hooks), ["url", "type", "description"]);
    assert.match(hooks.text, /^\| hook +\| core\.st2\.webhook /m);
    assert.deepEqual(hook.json.parameters, { url: "hook" });
    ends(noHook, 1, /^ERROR: Resource nope not found\.$/m);

    const send = (body: object) =>
      fetch(`${peer.url}/v1/webhooks/hook`, {
        method: "POST",
        headers: { "X-Auth-Token": peer.token, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
    assert.deepEqual([(await send({ word: "hey" })).status, (await send({})).status], [202, 202]);
    const enforcements = ["rule-enforcement", "list", "--rule", "default.hook"];
    const both = (await st2([...enforcements, "-j"])).json as Enforcement[];
    const worked = both.find((one) => one.execution_id) ?? assert.fail("nothing was started");
    const failed = both.find((one) => !one.execution_id) ?? assert.fail("nothing was refused");
    const [table, why, event, events, none] = await Promise.all([
      st2(enforcements),
      st2(["rule-enforcement", "get", failed.id, "-j"]),
      st2(["trigger-instance", "get", worked.trigger_instance_id, "-j"]),
      st2(["trigger-instance", "list", "-n", "1", "--status", "processed"]),
      st2(["trigger-instance", "list", "-tg", "2030-01-01T00:00:00Z", "-j"]),
    ]);
    assert.deepEqual(columns(table), ["id", "rule.ref", "trigger_instance_id", "execution_id", "enforced_at"]);
    assert.match(why.json.failure_reason, /word/);
    assert.deepEqual([event.json.status, event.json.payload.body], ["processed", { word: "hey" }]);
    assert.deepEqual(columns(events), ["id", "trigger", "occurrence_time", "status"]);
    assert.match(events.text, /Note: Only one triggerinstance is displayed\./);
    assert.deepEqual(none.json, []);
    ends(await st2(["execution", "tail", worked.execution_id ?? ""]), 0, /^hey$/m);
    const emitted = await st2(["trigger-instance", "re-emit", worked.trigger_instance_id]);
    ends(emitted, 0, /^Trigger instance \w+ successfully re-sent\.$/m);
    assert.equal((await st2([...enforcements, "-j"])).json.length, 3);
    ends(await st2(["trigger-instance", "re-emit", "nope"]), 1, /^ERROR: 404 Client Error: Not Found$/m);

    const changed = peer.file("changed-rule.yaml", RULE.replace("a word", "words"));
    assert.equal((await st2(["rule", "update", "default.hook", changed, "-j"])).json.description, "Hears words.");
    ends(await st2(["rule", "disable", "default.hook"]), 0, /^\| enabled +\| False /m);
    ends(await st2(["rule", "enable", "default.hook"]), 0, /^\| enabled +\| True /m);
    assert.deepEqual((await st2(["rule", "get", "default.hook", "-j"])).json.trigger.parameters, { url: "hook" });
    ends(await st2(["rule", "delete", "default.hook"]), 0, /successfully deleted/);
    ends(await st2(["webhook", "get", "hook"]), 1);
  });

  test("trigger types and timers", async () => {
    const text = "name: bell\npack: default\ndescription: Rings.\npayload_schema: {type: object}\n";
    const file = peer.file("trigger.yaml", text);
    ends(await st2(["trigger", "create", file]), 0, /^\| ref +\| default\.bell /m);
    ends(await st2(["trigger", "create", file]), 2, /^ERROR: 409 /m);
    const changed = peer.file("changed-trigger.yaml", text.replace("Rings", "Rang"));
    ends(await st2(["trigger", "update", "default.bell", changed]), 0, /^\| description +\| Rang\. /m);
    const [list, got, every, some, timers, crons, wrong, unknown] = await Promise.all([
      st2(["trigger", "list", "-p", "default"]),
      st2(["trigger", "get", "default.bell", "-j"]),
      st2(["trigger", "getspecs"]),
      st2(["trigger", "getspecs", "core.st2.CronTimer"]),
      st2(["timer", "list"]),
      st2(["timer", "list", "-ty", "core.st2.CronTimer", "-j"]),
      st2(["timer", "list", "-ty", "nope"]),
      st2(["timer", "get", "nope"]),
    ]);
    assert.deepEqual(columns(list), ["ref", "pack", "description"]);
    assert.deepEqual(got.json.payload_schema, { type: "object" });
    ends(every, 0, /core\.st2\.webhook/);
    ends(some, 0, /core\.st2\.CronTimer/);
    assert.deepEqual(columns(timers), ["id", "uid", "pack", "name", "type", "parameters"]);
    const [cron] = crons.json;
    assert.deepEqual((await st2(["timer", "get", cron.id, "-j"])).json.parameters, cron.parameters);
    ends(wrong, 1, /^ERROR: 400 .*\nMESSAGE: Timer type "nope" not supported/m);
    ends(unknown, 1, /^ERROR: Resource nope not found\.$/m);
    ends(await st2(["trigger", "delete", "default.bell"]), 0, /successfully deleted/);
    ends(await st2(["trigger", "delete", "default.bell"]), 2, /^Trigger "default\.bell" is not found\.$/m);
  });

  test("keys: set, get, list, load, delete", async () => {
    const set = await st2(["key", "set", "plain", "one", "-l", "300"]);
    assert.deepEqual(properties(set), ["name", "value", "scope", "expire_timestamp"]);
    ends(await st2(["key", "set", "secret", "hush", "-e"]), 0);
    ends(await st2(["key", "set", "own", "mine", "-s", "user"]), 0, /st2kv\.user/);
    const items = JSON.stringify([
      { name: "load.a", value: "text" },
      { name: "load.b", value: { x: 1 } },
    ]);
    const file = peer.file("keys.json", items);
    ends(await st2(["key", "load", file]), 1, /^ERROR: Item 'load\.b' has a value that is not a string\./m);
    assert.deepEqual(columns(await st2(["key", "load", file, "-c"])), [
      "name",
      "value",
      "secret",
      "scope",
      "user",
      "ttl",
    ]);
    const [got, hidden, shown, list, own, loaded, unknown, wrong] = await Promise.all([
      st2(["key", "get", "plain"]),
      st2(["key", "get", "secret", "-j"]),
      st2(["key", "get", "secret", "-d", "-j"]),
      st2(["key", "list"]),
      st2(["key", "list", "-s", "user", "-j"]),
      st2(["key", "list", "--prefix", "load.", "-j"]),
      st2(["key", "get", "nope"]),
      st2(["key", "set", "x", "v", "-s", "nope"]),
    ]);
    assert.deepEqual(properties(got), ["name", "value", "secret", "encrypted", "scope", "expire_timestamp"]);
    assert.ok(hidden.json.encrypted && !hidden.text.includes("hush"), hidden.text);
    assert.deepEqual([shown.json.value, shown.json.encrypted], ["hush", false]);
    assert.deepEqual(columns(list), ["name", "value", "secret", "encrypted", "scope", "user", "expire_timestamp"]);
    assert.deepEqual(
      own.json.map((key: { value: string; user: string }) => [key.value, key.user]),
      [["mine", "admin"]],
    );
    assert.deepEqual(loaded.json.map((key: { value: string }) => key.value).sort(), ["text", '{"x": 1}'].sort());
    ends(unknown, 1, /^ERROR: Resource nope not found\.$/m);
    ends(wrong, 1, /^ERROR: 400 .*\nMESSAGE: Scope "nope" is not valid\./m);
    ends(await st2(["key", "delete", "plain"]), 0, /successfully deleted/);
    ends(await st2(["key", "delete", "plain"]), 2, /^Key Value Pair "plain" is not found\.$/m);
    ends(await st2(["key", "delete_by_prefix", "-p", "load."]), 0, /^Deleted 2 keys$/m);
  });

  test("API keys: create, list, get, disable, enable, delete, load", async () => {
    const made = (await st2(["apikey", "create", "-m", '{"used_by": "ci"}', "-j"])).json;
    const byKey = (words: string[]) => peer.anybody(peer.folder("by-key"))(words, { ST2_API_KEY: made.key });
    ends(await byKey(["pack", "list"]), 0);
    assert.deepEqual(columns(await st2(["apikey", "list"])), ["id", "user", "metadata"]);
    assert.deepEqual((await st2(["apikey", "get", made.id, "-j"])).json.metadata, { used_by: "ci" });
    const noted = (await st2(["apikey", "list", "-d", "-j", "--show-secrets"])).json;
    const file = peer.file("api-keys.json", JSON.stringify(noted.filter((key: { id: string }) => key.id === made.id)));
    ends(await st2(["apikey", "disable", made.id]), 0, /^\| enabled +\| False /m);
    ends(await byKey(["pack", "list"]), 1, /^ERROR: 401 .*\nMESSAGE: Unauthorized - API key is disabled\./m);
    ends(await st2(["apikey", "enable", made.id]), 0);
    ends(await st2(["apikey", "delete", made.id]), 0, /successfully deleted/);
    ends(await byKey(["pack", "list"]), 1, /401/);
    assert.deepEqual(columns(await st2(["apikey", "load", file])), ["id", "user", "metadata"]);
    ends(await byKey(["pack", "list"]), 0);
    ends(await st2(["apikey", "get", "nope"]), 1, /^ERROR: Resource nope not found\.$/m);
  });

  test("action aliases: matched, run, and their results as the chat would read them", async () => {
    const file = peer.file(
      "alias.yaml",
      `name: greet
pack: default
description: Greets.
action_ref: core.echo
formats: ["please greet {{ message=everybody }}"]
ack: {format: "greeting {{ execution.parameters.message }}"}
result: {format: "{{ execution.status }}: {{ execution.result.stdout }}"}
`,
    );
    ends(await st2(["action-alias", "create", file, "-j"]), 0);
    const [listed, got, matched, none, executed, tested] = await Promise.all([
      st2(["action-alias", "list"]),
      st2(["action-alias", "get", "default.greet", "-j"]),
      st2(["action-alias", "match", "please greet ann", "-j"]),
      st2(["action-alias", "match", "please leave"]),
      st2(["action-alias", "execute", "please greet ann"]),
      st2(["action-alias", "test", "please greet 'ann and bob'"]),
    ]);
    assert.deepEqual(columns(listed), ["ref", "pack", "description", "enabled"]);
    assert.equal(got.json.action_ref, "core.echo");
    ends(matched, 0, /"name": "greet"/);
    ends(
      none,
      1,
      /^ERROR: 400 Client Error: Bad Request\nMESSAGE: Command 'please leave' matched no patterns for url: /m,
    );
    startedId(ends(executed, 0, /^Matching Action-alias: 'default\.greet'$/m));
    ends(tested, 0, /^Formatted ChatOps result message$[^]*^=+\nsucceeded: ann and bob\n=+$/m);
    ends(await st2(["action-alias", "delete", "default.greet"]), 0);
  });

  test("packs, and what only packs bring: policies, aliases, runners, sensors", async () => {
    const runner = await st2(["runner", "disable", "http-request"]);
    const results = await Promise.all([
      st2(["pack", "list"]),
      st2(["pack", "get", "core"]),
      st2(["pack", "get", "nope"]),
      st2(["pack", "register", "examples", "--types", "actions", "rules", "-j"]),
      st2(["pack", "register", "nope"]),
      st2(["policy-type", "list"]),
      st2(["policy-type", "get", "action.concurrency", "-j"]),
      st2(["policy", "list"]),
      st2(["action-alias", "list"]),
      st2(["sensor", "list"]),
      st2(["runner", "list"]),
      st2(["runner", "get", "local-shell-cmd", "-j"]),
    ]);
    const [list, got, nope, registered, unknown, types, type, policies, aliases, sensors, runners, local] = results;
    assert.deepEqual(columns(list), ["ref", "name", "description", "version", "author"]);
    assert.deepEqual(
      properties(got).slice(0, 6),
      ["name", "version", "author", "email", "keywords", "description"].slice(0, 6),
    );
    ends(nope, 1, /^ERROR: Resource nope not found\.$/m);
    assert.deepEqual([registered.json.rules, registered.json.sensors], [4, undefined]);
    ends(unknown, 2, /^ERROR: 404 .*\nMESSAGE: Pack "nope" not found/m);
    assert.deepEqual(columns(types), ["id", "resource_type", "name", "description"]);
    assert.equal(type.json.name, "concurrency");
    assert.deepEqual(columns(aliases), ["ref", "pack", "description", "enabled"]);
    ends(policies, 0, /^No matching items found$/m);
    assert.deepEqual(columns(sensors), ["ref", "pack", "description", "enabled"]);
    assert.deepEqual(columns(runners), ["id", "name", "description"]);
    assert.equal(local.json.runner_parameters.timeout.default, 60);
    ends(runner, 0, /^\| enabled +\| False /m);
    const refused = await st2(["run", "core.http", "url=http://127.0.0.1/", "-j"]);
    assert.match(ends(refused, 1).json.result.error, /Runner "http-request" has been disabled/);
    ends(await st2(["runner", "enable", "http-request"]), 0, /^\| enabled +\| True /m);
  });

  test("pack search, show, install, get, config, remove: from an index and from a URL, with a dependency", async () => {
    const repository = (ref: string, more: string) => {
      const folder = peer.folder(`stackstorm-${ref}`);
      const manifest = `name: ${ref}\ndescription: A pack.\nversion: 1.0.0\nauthor: Test\nemail: t@example.org\n${more}`;
      writeFileSync(join(folder, "pack.yaml"), manifest);
      writeFileSync(join(folder, "config.schema.yaml"), "greeting: {type: string, default: Hello}\n");
      const identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"];
      for (const words of [
        ["init", "-q"],
        ["add", "-A"],
        [...identity, "commit", "-qm", "1"],
        ["tag", "v1.0.0"],
      ]) {
        execFileSync("git", ["-C", folder, ...words]);
      }
      return `file://${folder}`;
    };
    const about = {
      name: "wanted",
      version: "1.0.0",
      author: "Test",
      description: "Is wanted.",
      email: "t@example.org",
    };
    const url = repository("wanted", "dependencies: [needed=1.0.0]\n");
    const needed = { ...about, ref: "needed", name: "needed", repo_url: repository("needed", "") };
    const content = { actions: { count: 2, resources: ["a", "b"] } };
    peer.offer({ wanted: { ...about, ref: "wanted", repo_url: url, keywords: ["topic"], content }, needed });

    assert.deepEqual(columns(await st2(["pack", "search", "TOPIC"])), ["name", "description", "version", "author"]);
    ends(await st2(["pack", "search", "nothing like it"]), 0, /^No matching items found$/m);
    assert.equal((await st2(["pack", "show", "wanted", "-j"])).json.repo_url, url);
    ends(await st2(["pack", "show", "nope"]), 0, /^No matching items found$/m);

    const installed = ends(await st2(["pack", "install", "wanted"]), 0);
    assert.match(installed.text, /following content will be registered:\n\n[^]*actions +\| +2\n/);
    assert.match(installed.text, /\[ *succeeded *\] download_pack[^]*\[ *running *\] register_pack/);
    assert.deepEqual(columns(installed), ["ref", "name", "description", "version", "author"]);
    assert.deepEqual((await st2(["pack", "get", "needed", "-j"])).json.version, "1.0.0");
    const again = ends(await st2(["pack", "install", `${url}=1.0.0`, "--skip-dependencies"]), 0);
    assert.deepEqual(properties(again), ["ref", "name", "description", "version", "author"]);
    const failed = ends(await st2(["pack", "install", `${url}=9.9.9`]), 1, /\[ *failed *\] download_pack/);
    assert.match(failed.text, /is not a valid version, hash, tag or branch/);
    ends(await st2(["pack", "install", "nope"]), 1, /No record of the "nope" pack in the index/);

    ends(await st2(["pack", "remove", "wanted", "needed"]), 0, /\[ *running *\] delete_packs/);
    ends(await st2(["pack", "get", "wanted"]), 1, /not found/);
  });

  test("the addresses behind a proxy of StackStorm's, /api, /auth and /stream, serve it as well", async () => {
    const { url } = peer;
    const proxied = {
      ST2_API_URL: `${url}/api/v1`,
      ST2_AUTH_URL: `${url}/auth/v1`,
      ST2_STREAM_URL: `${url}/stream/v1`,
    };
    ends(await st2(["auth", "admin", "-p", peer.password, "-t"], proxied), 0, /^[0-9a-f]{32}$/m);
    ends(await st2(["run", "core.local", "sleep 1; echo through", "--tail"], proxied), 0, /^through$/m);
  });

  test("inquiry list, get, respond", async () => {
    const asked = await st2(["run", "core.ask", "route=ops", "ttl=10", "-j"]);
    const { id, status } = asked.json;
    assert.equal(status, "pending");
    assert.deepEqual(columns(await st2(["inquiry", "list"])), ["id", "roles", "users", "route", "ttl"]);
    const [first] = (await st2(["inquiry", "list", "-j"])).json;
    assert.deepEqual([first.id, first.route, first.ttl], [id, "ops", 10]);
    assert.deepEqual(properties(await st2(["inquiry", "get", id])), ["id", "roles", "users", "route", "ttl", "schema"]);
    ends(await st2(["inquiry", "respond", id, "-r", '{"continue": 5}']), 1, /400 [^]*did not pass schema validation/);
    ends(
      await st2(["inquiry", "respond", id, "-r", '{"continue": true}']),
      0,
      /^Response accepted for inquiry \w{24}\.$/m,
    );
    // The client says this of whatever is not to be had.
    ends(await st2(["inquiry", "get", id]), 1, /^Inquiry "\w{24}" is not found\.$/m);
    assert.deepEqual((await st2(["inquiry", "list", "-j"])).json, []);
    assert.equal((await st2(["execution", "get", id, "-j"])).json.result.response.continue, true);
  });
});
