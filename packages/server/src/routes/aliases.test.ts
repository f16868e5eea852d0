import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { aServer, completed, type TestServer } from "../a-server.ts";

const ACTION = { pack: "default", runner_type: "local-shell-cmd", enabled: true, entry_point: "" };

suite("ChatOps over the API", () => {
  let at: TestServer;
  before(async () => {
    at = await aServer();
    const made = await at.admin("POST", "/v1/actions", {
      ...ACTION,
      name: "deploy",
      parameters: {
        what: { type: "string", required: true },
        hosts: { type: "array", default: ["a"] },
        times: { type: "integer", default: 1 },
        by: { type: "string", default: "{{ action_context.api_user }}" },
        note: { type: "string", default: "{{ st2kv.user.note }}" },
        stage: { type: "string", default: "dev" },
        token: { type: "string", secret: true },
        cmd: { immutable: true, default: "printf '%s' \"$W\"" },
        kwarg_op: { immutable: true, default: "" },
      },
    });
    assert.equal(made.status, 201, made.text);
    for (const alias of [
      {
        name: "deploy",
        action_ref: "default.deploy",
        description: "Deploys.",
        formats: [
          {
            display: "deploy WHAT [to HOSTS]",
            representation: ["deploy {{ what }} to {{ hosts }}", "deploy {{ what }} now"],
          },
        ],
        ack: {
          format: "{{ execution.parameters.what }} is under way",
          extra: { slack: { color: "{{ actionalias.name }}" } },
        },
        result: {
          format: "{{ execution.result.nothing }}it ended: {{ execution.status }}",
          extra: { a: ["{{ execution.status }}"] },
        },
      },
      {
        name: "fixed",
        action_ref: "default.deploy",
        formats: ["fix {{ what }}"],
        immutable_parameters: { stage: "{{ st2kv.system.env }}-{{ source_channel }}" },
      },
      {
        name: "issues",
        action_ref: "core.echo",
        formats: [{ representation: ["(\\s|^)(?P<message>[A-Z]+-\\d+)(\\s|$)"], match_multiple: true }],
      },
      { name: "twice", action_ref: "core.echo", formats: ["same {{ message }}", "same {{ message=x }}"] },
      { name: "broken", action_ref: "core.echo", formats: ["echo ({{ message }}"], ack: { format: "{{ nope.nope }}" } },
      { name: "off", action_ref: "core.echo", enabled: false, formats: ["off {{ message }}"] },
      { name: "gone", action_ref: "no.such", formats: ["gone"], ack: { format: "{{ nope }}" } },
      {
        name: "vague",
        action_ref: "core.echo",
        formats: ["vague {{ message={{ st2kv.system.env }} }}"],
        ack: { format: "{{ nope.nope }}" },
      },
      { name: "quiet", action_ref: "core.noop", formats: ["quiet"], result: { enabled: false } },
    ]) {
      const answer = await at.admin("POST", "/v1/actionalias", alias);
      assert.equal(answer.status, 201, answer.text);
    }
    await at.admin("PUT", "/v1/keys/env", { name: "env", value: "prod" });
  });
  after(() => at?.[Symbol.asyncDispose]());

  const match = (command: string) => at.admin("POST", "/v1/actionalias/match", { command });
  const run = (command: string, more: object = {}) =>
    at.admin("POST", "/v1/aliasexecution/match_and_execute", { command, user: "ann", source_channel: "#ops", ...more });

  test("a command is matched with exactly one format", async () => {
    const found = await match("deploy the web to a, b");
    assert.equal(found.status, 200, found.text);
    assert.deepEqual(
      [found.json.actionalias.ref, found.json.display, found.json.representation],
      ["default.deploy", "deploy WHAT [to HOSTS]", "deploy {{ what }} to {{ hosts }}"],
    );
    const none = await match("something else");
    assert.deepEqual([none.status, none.json.faultstring], [400, "Command 'something else' matched no patterns"]);
    const many = await match("same thing");
    assert.deepEqual(
      [many.status, many.json.faultstring],
      [
        400,
        `Command 'same thing' matched more than 1 pattern: default.twice "same {{ message }}", default.twice "same {{ message=x }}"`,
      ],
    );
    assert.equal((await match("off x")).status, 400);
    // A format that is no regular expression matches nothing, and keeps nobody from the others.
    assert.equal((await match("echo (x")).json.code, "alias.no-match");
  });

  test("what was said runs, with who said it and where in its context", async () => {
    const asked = await run('deploy "the web" to a, b times=3', { notification_route: "slack" });
    assert.equal(asked.status, 201, asked.text);
    const [{ execution, actionalias, message, extra }] = asked.json.results;
    assert.deepEqual(execution.parameters, { what: "the web", hosts: ["a", "b"], times: 3, by: "ann", note: "" });
    const { api_user, user, source_channel, action_alias_ref } = execution.context;
    assert.deepEqual(
      { api_user, user, source_channel, action_alias_ref },
      {
        api_user: "ann",
        user: "admin",
        source_channel: "#ops",
        action_alias_ref: { id: actionalias.id, name: "deploy" },
      },
    );
    assert.deepEqual(execution.liveaction.notify, {
      "on-complete": { routes: ["slack"], data: { user: "ann", source_channel: "#ops", source_context: null } },
    });
    assert.equal(message, "the web is under way");
    assert.deepEqual(extra, { slack: { color: "deploy" } });
    const done = await completed(at.admin, execution.id);
    const said = await at.admin("GET", `/v1/aliasexecution/${done.id}/result`);
    assert.deepEqual(said.json, { enabled: true, message: "it ended: succeeded", extra: { a: ["succeeded"] } });
  });

  test("what was said is data: templates in it are not rendered, those of the alias are", async () => {
    const said = "{{ st2kv.system.env }}";
    const [{ execution }] = (await run(`deploy ${said} now`, { user: said, notification_route: "x" })).json.results;
    assert.equal(execution.parameters.what, said);
    assert.equal(execution.liveaction.notify["on-complete"].data.user, `{{ "${said}" }}`);
    const [vague] = (await run("vague")).json.results;
    assert.equal(vague.execution.parameters.message, "prod");
    assert.match(vague.message, /^Cannot render "format" in field "ack" for alias\. .*nope/);
  });

  test("a user whom the caller may not stand for is named, but does not open keys", async () => {
    await at.admin("PUT", "/v1/keys/note", { name: "note", value: "of the admin", scope: "st2kv.user" });
    const bot = await at.user("bot");
    const body = { command: "deploy x now", user: "admin", source_channel: "#ops" };
    const asked = await bot("POST", "/v1/aliasexecution/match_and_execute", body);
    assert.equal(asked.status, 201, asked.text);
    const { parameters, context } = asked.json.results[0].execution;
    assert.deepEqual([context.api_user, context.user, parameters.by, parameters.note], ["admin", "bot", "admin", ""]);
    const [own] = (await run("deploy x now", { user: "admin" })).json.results;
    assert.equal(own.execution.parameters.note, "of the admin");
    const all = await bot("GET", "/v1/actionalias?limit=-1");
    assert.deepEqual([all.status, all.json.length], [200, Number(all.headers.get("x-total-count"))]);
    assert.equal((await bot("GET", "/v1/actions?limit=-1")).status, 403);
    const observer = await at.user("looker", ["observer"]);
    assert.equal((await observer("POST", "/v1/aliasexecution/match_and_execute", body)).status, 403);
    assert.equal((await observer("POST", "/v1/actionalias/match", { command: "quiet" })).status, 200);
    assert.equal((await at.anybody("POST", "/v1/actionalias/match", { command: "quiet" })).status, 401);
  });

  test("parameters that an alias fixes cannot be given", async () => {
    const [{ execution }] = (await run("fix it")).json.results;
    assert.equal(execution.parameters.stage, "prod-#ops");
    const refused = await run("fix it stage=x");
    assert.deepEqual(
      [refused.status, refused.json.faultstring],
      [400, "Immutable arguments cannot be overriden: stage"],
    );
    assert.match(
      (await run("deploy x now cmd=rm")).json.faultstring,
      /^Override of immutable parameter\(s\) \['cmd'\]/,
    );
    assert.match(
      (await run("deploy x now nope=1")).json.faultstring,
      /^Additional properties are not allowed \('nope'/,
    );
  });

  test("a format that may stand several times in a command runs once for each", async () => {
    const { results } = (await run("see OPS-1 and  OPS-2")).json;
    assert.deepEqual(
      results.map((one: { execution: { parameters: unknown } }) => one.execution.parameters),
      [{ message: "OPS-1" }, { message: "OPS-2" }],
    );
  });

  test("an alias is run by its name and one of its formats, as bots do", async () => {
    const execute = (change: object) =>
      at.admin("POST", "/v1/aliasexecution", {
        name: "quiet",
        format: "quiet",
        command: "quiet",
        user: "ann",
        source_channel: "#ops",
        source_context: { id: 1 },
        notification_channel: null,
        ...change,
      });
    const fine = await execute({ notification_route: "errbot" });
    assert.equal(fine.status, 201, fine.text);
    assert.deepEqual(fine.json.execution.liveaction.notify["on-complete"].data.source_context, { id: 1 });
    assert.deepEqual((await at.admin("GET", `/v1/aliasexecution/${fine.json.execution.id}/result`)).json, {
      enabled: false,
    });
    const faults = await Promise.all([
      execute({ name: "nobody" }),
      execute({ name: "off", format: "off {{ message }}", command: "off x" }),
      execute({ format: "loud" }),
      execute({ command: "loud" }),
      execute({ name: "gone", format: "gone", command: "gone" }),
      execute({ name: "broken", format: "echo ({{ message }}", command: "echo x" }),
      execute({ source_channel: undefined }),
    ]);
    assert.deepEqual(
      faults.map(({ status, json }) => [status, json.faultstring.slice(0, 66)]),
      [
        [404, 'Unable to identify action alias with name "nobody".'],
        [400, 'Action alias with name "off" is disabled.'],
        [400, 'Format string "loud" is not available on the alias "quiet"'],
        [400, 'Command "loud" doesn\'t match format string "quiet"'],
        [404, 'Action with ref "no.such" not found'],
        [400, faults[5]?.json.faultstring.slice(0, 66)],
        [400, faults[6]?.json.faultstring.slice(0, 66)],
      ],
    );
    assert.equal(faults[5]?.json.code, "alias.format-invalid");
  });

  test("help lists what can be said", async () => {
    const help = async (query: string) => (await at.admin("GET", `/v1/actionalias/help${query}`)).json;
    assert.deepEqual(await help("?filter=^DEPLOY"), {
      available: 1,
      helpstrings: [{ pack: "default", display: "deploy WHAT [to HOSTS]", description: "Deploys." }],
    });
    const all = await help("?pack=default");
    assert.deepEqual(
      all.helpstrings.map(({ display }: { display: string }) => display),
      [
        "echo ({{ message }}",
        "deploy WHAT [to HOSTS]",
        "fix {{ what }}",
        "gone",
        "quiet",
        "same {{ message }}",
        "same {{ message=x }}",
        "vague {{ message={{ st2kv.system.env }} }}",
      ],
    );
    const page = await help("?pack=default&limit=2&offset=3");
    assert.deepEqual([page.available, page.helpstrings.length, page.helpstrings[0].display], [8, 2, "gone"]);
    assert.equal((await at.admin("GET", "/v1/actionalias/help?filter=(")).status, 400);
  });

  test("commands beyond all measure are refused", async () => {
    const long = await run(`deploy ${"x".repeat(20_000)}`);
    assert.deepEqual([long.status, long.json.code], [400, "alias.command-too-long"]);
    const many = await run("OPS-1 ".repeat(500));
    assert.deepEqual([many.status, many.json.code], [400, "alias.too-many-occurrences"]);
  });

  test("the pack chatops: a command is matched, run, and answered in the chat by the alias's own words", async () => {
    const answer = await fetch(`${at.url}/v1/stream?events=st2.announcement__chatops`, { headers: at.admin.headers });
    assert.ok(answer.body);
    const matched = await at.admin("POST", "/v1/executions", {
      action: "chatops.match",
      parameters: { text: "deploy x now" },
    });
    assert.deepEqual((await completed(at.admin, matched.json.id)).result.result, {
      alias: { name: "deploy", pack: "default", action_ref: "default.deploy" },
      representation: "deploy {{ what }} now",
    });
    const bot = await at.user("chatbot");
    const ran = await bot("POST", "/v1/executions", {
      action: "chatops.run",
      parameters: { text: "deploy x now", channel: "#ops", user: "ann" },
    });
    assert.equal(ran.status, 201, ran.text);
    assert.equal((await completed(at.admin, ran.json.id)).status, "succeeded");
    const [{ execution: first }] = (await run("vague")).json.results;
    const byHand = (id: string) =>
      at.admin("POST", "/v1/executions", {
        action: "chatops.format_execution_result",
        parameters: { execution_id: id },
      });
    const formatted = await completed(at.admin, (await byHand(first.id)).json.id);
    assert.match(formatted.result.result.message, /^Action core\.echo completed\.\nstatus : succeeded\n/);
    // And as a bot does it: the end is announced by the rule `chatops.notify`.
    const asked = await at.admin("POST", "/v1/aliasexecution", {
      name: "deploy",
      format: "deploy {{ what }} now",
      command: "deploy y now",
      user: "bob",
      source_channel: "#dev",
      source_context: { thread: "{{ 7 * 7 }}" },
      notification_route: "hubot",
    });
    assert.equal(asked.status, 201, asked.text);
    // A bot that says nothing of where the command came from is answered all the same.
    assert.equal((await run("deploy z now", { user: "eve", notification_route: "hubot" })).status, 201);
    const told = new Map<unknown, unknown>();
    let text = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (const [, data] of text.matchAll(/data: (\{.*payload.*\})\n/g)) {
        const { message, channel, user, context = null, extra } = JSON.parse(data ?? "").payload;
        told.set(user, { message, channel, context, extra });
      }
      if (told.size === 3) break;
    }
    const said = { message: "it ended: succeeded", extra: { a: ["succeeded"] } };
    assert.deepEqual(Object.fromEntries(told), {
      ann: { ...said, channel: "#ops", context: null },
      bob: { ...said, channel: "#dev", context: { thread: "{{ 7 * 7 }}" } },
      eve: { ...said, channel: "#ops", context: null },
    });
  });

  test("aliases that packs bring are matched as soon as the pack is registered", async () => {
    const pack = join(at.directory, "greetings");
    await mkdir(join(pack, "aliases"), { recursive: true });
    await mkdir(join(pack, "actions", "workflows"), { recursive: true });
    await writeFile(
      join(pack, "pack.yaml"),
      "name: greetings\ndescription: g\nversion: 1.0.0\nauthor: A\nemail: a@b.c\n",
    );
    await writeFile(
      join(pack, "aliases", "greet.yaml"),
      'name: greet\naction_ref: core.echo\nformats:\n  - "greet {{ message=everybody }}"\n',
    );
    await writeFile(join(pack, "aliases", "flow.yaml"), "name: flow\naction_ref: greetings.flow\nformats: [flow]\n");
    await writeFile(
      join(pack, "actions", "flow.yaml"),
      "name: flow\nrunner_type: orquesta\nentry_point: workflows/flow.yaml\n",
    );
    await writeFile(
      join(pack, "actions", "workflows", "flow.yaml"),
      "version: 1.0\ntasks:\n  only:\n    action: default.deploy\n    input: {what: x}\n",
    );
    const registered = await at.admin("POST", "/v1/packs/register", { paths: [pack] });
    assert.equal(registered.status, 200, registered.text);
    const [{ execution }] = (await run("greet")).json.results;
    assert.equal(execution.parameters.message, "everybody");

    // Whom a bot only names stays a name in the tasks of a workflow too.
    await at.admin("PUT", "/v1/keys/note", { name: "note", value: "of the admin", scope: "st2kv.user" });
    const bot = await at.user("flowbot");
    const taskOf = async (caller: typeof at.admin) => {
      const body = { command: "flow", user: "admin", source_channel: "#ops" };
      const asked = await caller("POST", "/v1/aliasexecution/match_and_execute", body);
      const flow = await completed(at.admin, asked.json.results[0].execution.id);
      assert.equal(flow.status, "succeeded", JSON.stringify(flow.result));
      return (await at.admin("GET", `/v1/executions/${flow.children[0]}`)).json;
    };
    const [named, vouched] = [await taskOf(bot), await taskOf(at.admin)];
    assert.deepEqual([named.context.api_user, named.parameters.by, named.parameters.note], ["admin", "admin", ""]);
    assert.equal(vouched.parameters.note, "of the admin");
    assert.equal((await at.admin("DELETE", "/v1/packs/greetings")).status, 204);
    assert.equal((await match("greet")).json.code, "alias.no-match");
  });

  test("the aliases of bundled packs are understood, and say what came of it", async () => {
    for (const [command, ref] of [
      ["pack get core", "packs.pack_get"],
      ["pack install aws, https://example.org/packs/mine.git=v1", "packs.pack_install"],
      ["pack search two words", "packs.pack_search"],
      ["pack show aws", "packs.pack_show"],
    ] as const) {
      assert.equal((await match(command)).json.actionalias?.ref, ref, command);
    }
    const [{ execution }] = (await run("pack get core")).json.results;
    const done = await completed(at.admin, execution.id);
    const { message } = (await at.admin("GET", `/v1/aliasexecution/${done.id}/result`)).json;
    assert.match(message, /^core \S+ by /);
  });
});
