import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULT_PROJECT, type JsonObject } from "@squall/model";
import { someWorkflows, taskNames } from "./some-workflows.ts";

const chain = (definition: string, parameters: JsonObject = {}) => ({ definition, parameters, runner: "action-chain" });

const BUILD = chain(
  `
vars:
  greeting: hello {{ who }}
  limit: 3
chain:
  - name: say
    ref: core.local
    parameters: {cmd: "echo '{{ greeting }}'; echo {{ st2kv.system.word }}"}
    publish: {said: "{{ say.stdout }}", codes: ["{{ say.return_code }}", 7]}
    on-success: both
    on-failure: never
  - name: both
    ref: core.local
    params: {cmd: "echo {{ __results['say'].return_code }} {{ limit }} {{ action_context.user }}", timeout: "{{ limit }}"}
    on-success: last
  - name: last
    ref: core.noop
  - name: never
    ref: core.noop
`,
  { who: { type: "string", default: "world" } },
);

test("a chain runs node after node, with inputs, variables, results and the datastore, and has StackStorm's result", async () => {
  await using w = await someWorkflows({ build: BUILD });
  await w.t.engine.keys.set(DEFAULT_PROJECT, { name: "word", value: "{{ who }}", scope: "st2kv.system", user: "" });
  const done = await w.run("build", { who: "{{ nobody }}" }).catch(() => undefined);
  assert.equal(done, undefined, "a caller's template is rendered when it is asked for");
  const { id, status, result } = await w.run("build", { who: "you" });
  assert.equal(status, "succeeded", JSON.stringify(result));
  const children = await w.children(id);
  assert.deepEqual(taskNames(children), ["say", "both", "last"]);
  const { tasks, ...rest } = result as { tasks: JsonObject[] };
  // What came out of the datastore is data.
  assert.deepEqual(rest, { published: { said: "hello you\n{{ who }}", codes: ["0", 7] } });
  const [first, second] = tasks;
  assert.equal(
    Object.keys(first ?? {}).join(" "),
    "id name execution_id liveaction_id workflow created_at updated_at state result",
  );
  assert.deepEqual(
    [first?.id, first?.name, first?.execution_id, first?.liveaction_id, first?.workflow, first?.state],
    ["say", "say", children[0]?.id, children[0]?.liveaction, null, "succeeded"],
  );
  assert.equal((second?.result as JsonObject).stdout, "0 3 admin");
  assert.equal(children[1]?.parameters.timeout, 3);
  const context = children[0]?.context as Record<string, JsonObject>;
  assert.deepEqual(
    [context.chain?.name, context.chain?.on_failure, context.parent?.execution_id],
    ["say", "never", id],
  );
  const [view] = await w.t.engine.executions.views([children[0] as never]);
  assert.equal(view?.task_execution, undefined);
});

test("a chain has the status of its last node; failures lead on, and what was published can be left out", async () => {
  await using w = await someWorkflows({
    handled: chain(
      "chain: [{name: a, ref: core.local, parameters: {cmd: exit 3}, on-failure: b}, {name: b, ref: core.noop}]",
    ),
    unhandled: chain(
      "chain: [{name: a, ref: core.local, parameters: {cmd: exit 3}, on-success: b}, {name: b, ref: core.noop}]",
    ),
    late: chain("chain: [{name: a, ref: core.local, parameters: {cmd: sleep 9, timeout: 1}}]"),
    wrong: chain(
      "chain: [{name: a, ref: core.local, on-failure: b}, {name: b, ref: core.local, parameters: {cmd: 'echo {{ a.error }}'}}]",
    ),
  });
  const statuses: unknown[] = [];
  for (const name of ["handled", "unhandled", "late", "wrong"]) {
    const { status, result } = await w.run(name, { display_published: false });
    assert.equal(result?.published, undefined);
    statuses.push([
      status,
      ...(result?.tasks as JsonObject[]).map((task) => `${String(task.id)} ${String(task.state)}`),
    ]);
    if (name !== "wrong") continue;
    const [first, second] = result?.tasks as { result: JsonObject; execution_id: unknown }[];
    assert.match(String(first?.result.error), /^Failed running task "a"\. 'cmd' is a required property/);
    // The shell takes the quotes away.
    const said = String(first?.result.error).replaceAll(/["']/g, "");
    assert.deepEqual([first?.execution_id, second?.result.stdout], [null, said]);
  }
  assert.deepEqual(statuses, [
    ["succeeded", "a failed", "b succeeded"],
    ["failed", "a failed"],
    ["timeout", "a timeout"],
    ["succeeded", "a failed", "b succeeded"],
  ]);
});

test("what is wrong with a chain itself fails it and says so, after what ran before", async () => {
  const node = "{name: a, ref: core.noop, on-success: b}";
  await using w = await someWorkflows({
    action: chain(`chain: [${node}, {name: b, ref: no.where}]`),
    parameter: chain(`chain: [${node}, {name: b, ref: core.local, parameters: {cmd: "{{ nothing }}"}}]`),
    publish: chain("chain: [{name: a, ref: core.noop, publish: {x: '{{ a.none }}'}}]"),
    vars: chain("{vars: {x: '{{ nothing }}'}, chain: [{name: a, ref: core.noop}]}"),
    node: chain("chain: [{name: a, ref: core.noop, on-success: c}]"),
    other: chain("version: 1.0\ntasks: {a: {action: core.noop}}"),
  });
  const outcome = async (name: string) => {
    const { status, result } = await w.run(name);
    assert.equal(status, "failed");
    return [(result?.tasks as JsonObject[]).map((task) => task.id).join(), String(result?.error)] as const;
  };
  assert.deepEqual(await outcome("action"), [
    "a",
    `Failed to run task "b". Action with reference "no.where" doesn't exist.`,
  ]);
  const [ran, why] = await outcome("parameter");
  assert.match(
    `${ran} ${why}`,
    /^a Failed to run task "b"\. Parameter rendering failed\. Failed rendering value for action parameter "cmd" in task "b" \(template string=\{\{ nothing \}\}\): .*nothing/,
  );
  assert.match((await outcome("publish"))[1], /^Failed rendering value for publish parameter "x" in task "a"/);
  assert.match((await outcome("vars"))[1], /^Failed initializing ``vars`` in chain\./);
  assert.deepEqual(await outcome("node"), [
    "",
    'Unable to find node with name "c" referenced in "on-success" in task "a".',
  ]);
  assert.match((await outcome("other"))[1], /'chain' is a required property/);
});

test("a chain pauses after what runs, waits for questions, resumes, and is canceled with what runs", async () => {
  await using w = await someWorkflows({
    asks: chain(
      "chain: [{name: ask, ref: core.ask, publish: {go: '{{ ask.response.continue }}'}, on-success: b}, {name: b, ref: core.noop}]",
    ),
    waits: chain(
      "chain: [{name: a, ref: core.local, parameters: {cmd: 'while [ ! -e {{ file }} ]; do sleep 0.05; done'}, on-success: b}, {name: b, ref: core.noop}]",
      { file: { type: "string" } },
    ),
    above: chain("chain: [{name: sub, ref: flows.asks, on-success: b}, {name: b, ref: core.noop}]"),
    above_orquesta: "version: 1.0\ntasks: {sub: {action: flows.asks, next: [{do: b}]}, b: {action: core.noop}}",
  });
  const { executions, inquiries } = w.t.engine;
  const { id } = await w.request("asks");
  await w.reaches(id, "paused");
  await inquiries.respond(w.t.admin, (await w.reaches(id, "pending", "ask")).id, { continue: true });
  const answered = await w.settled(id);
  assert.deepEqual([answered.status, answered.result?.published], ["succeeded", { go: "True" }]);

  for (const name of ["above", "above_orquesta"]) {
    const above = await w.request(name);
    await w.reaches(above.id, "paused");
    const sub = await w.reaches(above.id, "paused", "sub");
    await inquiries.respond(w.t.admin, (await w.reaches(sub.id, "pending", "ask")).id, { continue: true });
    assert.equal((await w.settled(above.id)).status, "succeeded");
    assert.deepEqual(taskNames(await w.children(above.id)), ["sub", "b"]);
  }

  const waiting = await w.request("waits", { file: `${w.folder}/go` });
  await w.reaches(waiting.id, "running", "a");
  assert.equal((await executions.setStatus(w.t.admin, waiting.id, "pausing")).status, "pausing");
  await w.touch("go");
  await w.reaches(waiting.id, "paused");
  await w.reopen();
  assert.equal((await w.children(waiting.id)).length, 1);
  await w.t.engine.executions.setStatus(w.t.admin, waiting.id, "resuming");
  assert.equal((await w.settled(waiting.id)).status, "succeeded");

  const canceled = await w.request("waits", { file: `${w.folder}/never` });
  await w.reaches(canceled.id, "running", "a");
  await w.t.engine.executions.cancel(w.t.admin, canceled.id);
  const ended = await w.settled(canceled.id);
  assert.equal(ended.status, "canceled");
  assert.deepEqual(
    (ended.result?.tasks as JsonObject[]).map((task) => task.state),
    ["canceled"],
  );
});

test("chains are inspected, rehearsed and drawn as workflows are", async () => {
  await using w = await someWorkflows({ build: BUILD });
  const { workflows } = w.t.engine;
  const bad = `
chain:
  - name: a
    ref: core.local
    parameter: {cmd: x}
    on-success: c
  - name: bb
    ref: core.nop
    parameters: {cmd: "{{ 1 + }}"}
  - {name: bb, ref: core.noop, parameters: {x: 1}, params: {x: 1}}
default: aa
`;
  const found = workflows.inspect(DEFAULT_PROJECT, bad);
  assert.deepEqual(
    found.map((one) => `${one.type} ${one.line} ${one.spec_path} ${one.suggestion ?? ""}`.trim()),
    [
      "content 3 chain[0].parameters",
      "content 10 chain[2].params",
      "content 8 chain[1].ref did you mean 'core.noop'?",
      "expression 9 chain[1].parameters.cmd",
      "semantic 10 chain[2].name",
      "semantic 6 chain[0].on-success did you mean 'a'?",
      "semantic 10 chain[2].params 'params' is the old name: keep 'parameters'",
      "semantic 11 default did you mean 'a'?",
      "syntax 3 chain[0] did you mean 'parameters' instead of 'parameter'?",
    ],
  );
  assert.deepEqual(workflows.inspect(DEFAULT_PROJECT, BUILD.definition), []);
  const rehearsed = workflows.rehearse(DEFAULT_PROJECT, {
    definition: BUILD.definition,
    inputs: { who: "me" },
    keys: { "system.word": "w" },
    mocks: { say: { status: "failed", result: { stdout: "out", return_code: 1 } } },
  });
  assert.deepEqual(
    [rehearsed.status, rehearsed.path.map((one) => one.task), rehearsed.output],
    ["succeeded", ["say", "never"], { said: "out", codes: ["1", 7] }],
  );
  assert.deepEqual(rehearsed.path[0]?.input, { cmd: "echo 'hello me'; echo w" });
  assert.equal(workflows.graph(BUILD.definition).edges.length, 3);
  const { id } = await w.run("build");
  const drawn = await workflows.graphOf((await w.t.store.execution(DEFAULT_PROJECT, id)) as never);
  assert.deepEqual(
    drawn.edges.map((one) => [one.from, one.to, one.when, one.taken]),
    [
      ["say", "both", "on-success", true],
      ["say", "never", "on-failure", false],
      ["both", "last", "on-success", true],
    ],
  );
});

test("a workflow's own input called timeout is its input, and no limit", async () => {
  const definition =
    "version: 1.0\ninput: [{timeout: 5}]\ntasks: {a: {action: core.noop}}\noutput: [{t: <% ctx(timeout) %>}]";
  await using w = await someWorkflows({
    own: { definition, parameters: { timeout: { type: "integer", default: 1 } } },
    none: { definition },
  });
  assert.deepEqual((await w.run("own", { timeout: 7 })).result, { output: { t: 7 } });
  assert.deepEqual((await w.run("own")).result, { output: { t: 1 } });
  assert.deepEqual((await w.run("none")).result, { output: { t: 5 } });
});

test("a chain's templates see the pack's configuration as it was when the chain began, also over a restart", async () => {
  const definition = `
chain:
  - {name: ask, ref: core.ask, on-success: say}
  - {name: say, ref: core.local, parameters: {cmd: "echo {{ config_context.region }}"}}
`;
  await using w = await someWorkflows({ configured: chain(definition) });
  await w.configure({ region: { type: "string", default: "north" } });
  const { id } = await w.request("configured");
  await w.reaches(id, "paused");
  await w.configure({ region: { type: "string", default: "south" } });
  await w.reopen();
  const question = await w.reaches(id, "pending", "ask");
  await w.t.engine.inquiries.respond(w.t.admin, question.id, { continue: true });
  const [, said] = (await w.settled(id)).result?.tasks as { result: JsonObject }[];
  assert.equal(said?.result.stdout, "north");
});

test("nodes notify as they say, else as their chain does; skipped ones do not", async () => {
  const definition = `
chain:
  - {name: own, ref: core.noop, notify: {on-complete: {message: own, routes: [x]}}, on-success: chains}
  - {name: chains, ref: core.noop, on-success: none}
  - {name: none, ref: core.noop}
`;
  await using w = await someWorkflows({ notifies: chain(definition) });
  const notify = { "on-success": { message: "chain", routes: ["y"] } };
  const { id } = await w.run("notifies", { skip_notify: ["none"] }, { notify });
  const own = { "on-complete": { message: "own", routes: ["x"] } };
  assert.deepEqual(
    (await w.children(id)).map((one) => one.notify),
    [own, notify, undefined],
  );
});

test("whatever the text of a chain is, inspection answers", async () => {
  await using w = await someWorkflows({});
  const { definition } = BUILD;
  const place = fc.nat(definition.length);
  const junk = fc.oneof(
    fc.constantFrom("{{", "}}", ": ", "- ", "\n", "  ", "[", "}", "&a", "*a", "<<", "!!x", "\t", "{% if"),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(place, place, junk), { maxLength: 5 }), (edits) => {
      let text = definition;
      for (const [from, to, put] of edits) text = text.slice(0, from) + put + text.slice(Math.min(to, from + 20));
      const found = w.t.engine.workflows.inspect(DEFAULT_PROJECT, text);
      assert.ok(found.every((one) => typeof one.message === "string"));
    }),
    { numRuns: 300 },
  );
});
