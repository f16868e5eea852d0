import assert from "node:assert/strict";
import { test } from "node:test";
import { Conflict, Invalid, NotFound } from "@squall/model";
import type { Command, Program, Step } from "../program.ts";
import { type Env, orquestaProgram } from "./program.ts";
import type { State } from "./state.ts";

type Run = Extract<Command, { kind: "run" }>;

const runs = (step: Step<State>): Run[] => step.commands.filter((one) => one.kind === "run");
const names = (step: Step<State>): string[] => runs(step).map((one) => `${one.task}|${one.route}`);

function aWorkflow(tasks: object, more: object = {}): Program<State, Env> {
  return orquestaProgram({ version: 1, ...more, tasks });
}

/** Answers every action with what `answer` makes of it, until nothing runs. Oldest first. */
function drive(
  program: Program<State, Env>,
  first: Step<State>,
  answer: (run: Run) => unknown = () => ({}),
  env: Env = {},
): { step: Step<State>; order: string[] } {
  const queue = runs(first);
  const order: string[] = [];
  let step = first;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { task, route, item } = next;
    order.push(item === undefined ? task : `${task}[${item}]`);
    const result = answer(next);
    const status = result instanceof Error ? "failed" : "succeeded";
    step = program.advance(
      step.state,
      {
        kind: "task",
        task,
        route,
        ...(item === undefined ? {} : { item }),
        status,
        result: result instanceof Error ? result.message : result,
      },
      env,
    );
    queue.push(...runs(step));
  }
  return { step, order };
}

const then = (...targets: string[]): object[] => [{ when: "<% succeeded() %>", do: targets }];
const noop = (next: object[] = []): object => ({ action: "core.noop", next });

test("a sequence runs one task after the other and gives its output", () => {
  const program = aWorkflow(
    {
      a: {
        action: "core.echo",
        input: { message: "<% ctx(who) %>" },
        next: [{ publish: [{ said: "<% result().text %>" }], do: "b" }],
      },
      b: { action: "core.echo message=<% ctx(said) %>" },
    },
    { input: [{ who: "you" }], output: [{ said: "<% ctx(said) %>" }] },
  );
  const first = program.start({ who: "me" }, {});
  assert.deepEqual(first.commands, [
    { kind: "run", task: "a", route: 0, action: "core.echo", input: { message: "me" } },
  ]);
  const { step, order } = drive(program, first, ({ input }) => ({ text: `${String(input.message)}!` }));
  assert.deepEqual(order, ["a", "b"]);
  assert.equal(step.status, "succeeded");
  assert.deepEqual(step.output, { said: "me!" });
});

test("a step leaves the state it was given as it was, and gives the same again", () => {
  const program = aWorkflow({
    a: noop(then("b", "c")),
    b: noop(then("d")),
    c: noop(then("d")),
    d: { action: "core.noop", join: "all" },
  });
  let step = program.start({}, {});
  for (const task of ["a", "b", "c", "d"]) {
    const before = JSON.stringify(step.state);
    const event = { kind: "task", task, route: 0, status: "succeeded", result: { task } } as const;
    const next = program.advance(step.state, event, {});
    assert.equal(JSON.stringify(step.state), before);
    assert.deepEqual(program.advance(step.state, event, {}), next);
    assert.deepEqual(program.advance(JSON.parse(before) as State, event, {}), next, "as well from stored JSON");
    step = next;
  }
  assert.equal(step.status, "succeeded");
});

test("inputs and results are data: expressions in them are evaluated only when the workflow's owner asks for it", () => {
  const program = aWorkflow(
    { a: { action: "core.echo", input: { message: "<% ctx(text) %>" } } },
    { input: ["text"], vars: [{ secret: "s3cret" }] },
  );
  const attack = { text: "<% ctx(secret) %> {{ ctx('secret') }}" };
  assert.deepEqual(runs(program.start(attack, {}))[0]?.input, { message: attack.text });
  assert.deepEqual(runs(program.start({ text: "<% 1 + 1 %>" }, { reevaluate: true }))[0]?.input, { message: 2 });
});

test("a key that is not at hand stops the step without a trace, and the step can be taken again", () => {
  const program = aWorkflow({ a: { action: "core.echo", input: { message: "<% st2kv('system.name') %>" } } });
  const env: Env = { context: { st2: { user: "stanley" } } };
  class Missing extends Error {}
  const missing = (): never => {
    throw new Missing();
  };
  assert.throws(() => program.start({}, { ...env, readKey: missing }), Missing);
  const step = program.start({}, { ...env, readKey: ({ scope, name }) => ({ value: `${scope} ${name}` }) });
  assert.deepEqual(runs(step)[0]?.input, { message: "system name" });
});

test("items run as many at once as their concurrency allows, and their results are in order", () => {
  const program = aWorkflow(
    {
      each: {
        with: { items: "n in <% ctx(list) %>", concurrency: 2 },
        action: "core.echo",
        input: { message: "<% item(n) %>" },
        next: [{ publish: [{ all: "<% result() %>" }], do: "noop" }],
      },
    },
    { vars: [{ list: [10, 20, 30, 40, 50] }], output: [{ all: "<% ctx(all) %>" }] },
  );
  let step = program.start({}, {});
  assert.deepEqual(
    runs(step).map((one) => one.item),
    [0, 1],
  );
  const done = (item: number): void => {
    step = program.advance(
      step.state,
      { kind: "task", task: "each", route: 0, item, status: "succeeded", result: item * 10 + 10 },
      {},
    );
  };
  done(1);
  assert.deepEqual(
    runs(step).map((one) => one.item),
    [2],
  );
  for (const item of [0, 2, 3, 4]) done(item);
  assert.equal(step.status, "succeeded");
  assert.deepEqual(step.output, { all: [10, 20, 30, 40, 50] });
});

test("no items are a task that succeeds with an empty list", () => {
  const program = aWorkflow(
    { each: { with: "<% [] %>", action: "core.noop", next: [{ publish: [{ all: "<% result() %>" }], do: "noop" }] } },
    { output: [{ all: "<% ctx(all) %>" }] },
  );
  const step = program.start({}, {});
  assert.equal(step.status, "succeeded");
  assert.deepEqual(step.output, { all: [] });
});

test("a task that is retried waits and runs again until its count is used up", () => {
  const program = aWorkflow({ a: { action: "core.noop", retry: { count: 2, delay: 3 } } });
  const { step, order } = drive(program, program.start({}, {}), ({ delay }) => new Error(String(delay)));
  assert.deepEqual(order, ["a", "a", "a"]);
  assert.equal(step.status, "failed");
  assert.deepEqual(
    step.errors.map((error) => error.result),
    ["undefined", "3"],
  );
});

test("a paused workflow hands out nothing until it is resumed", () => {
  const program = aWorkflow({ a: noop(then("b")), b: noop() });
  let step = program.start({}, {});
  step = program.advance(step.state, { kind: "pause" }, {});
  assert.equal(step.status, "pausing");
  assert.deepEqual(step.commands, [{ kind: "pause" }]);
  step = program.advance(step.state, { kind: "task", task: "a", route: 0, status: "succeeded" }, {});
  assert.equal(step.status, "paused");
  assert.deepEqual(names(step), []);
  step = program.advance(step.state, { kind: "resume" }, {});
  assert.deepEqual(names(step), ["b|0"]);
});

test("an inquiry pauses its workflow once nothing else runs, and its answer goes on", () => {
  const program = aWorkflow({ ask: { action: "core.ask", next: then("b") }, other: noop(), b: noop() });
  let step = program.start({}, {});
  step = program.advance(step.state, { kind: "task", task: "ask", route: 0, status: "pending" }, {});
  assert.equal(step.status, "pausing");
  step = program.advance(step.state, { kind: "task", task: "other", route: 0, status: "succeeded" }, {});
  assert.equal(step.status, "paused");
  step = program.advance(step.state, { kind: "resume" }, {});
  step = program.advance(
    step.state,
    { kind: "task", task: "ask", route: 0, status: "succeeded", result: { response: {} } },
    {},
  );
  assert.deepEqual(names(step), ["b|0"]);
});

test("a canceled workflow ends when what runs has ended", () => {
  const program = aWorkflow({ a: noop(then("b")), b: noop() });
  let step = program.advance(program.start({}, {}).state, { kind: "cancel" }, {});
  assert.equal(step.status, "canceling");
  assert.deepEqual(step.commands, [{ kind: "cancel" }]);
  step = program.advance(step.state, { kind: "task", task: "a", route: 0, status: "canceled" }, {});
  assert.equal(step.status, "canceled");
  assert.throws(() => program.advance(step.state, { kind: "resume" }, {}), Conflict);
});

test("a re-run goes on from what failed; with items only those that failed, or all", () => {
  const program = aWorkflow(
    {
      a: noop(then("each")),
      each: {
        with: "<% [1, 2, 3] %>",
        action: "core.noop",
        next: [{ when: "<% succeeded() %>", publish: [{ all: "<% result() %>" }], do: "noop" }],
      },
    },
    { output: [{ all: "<% ctx().get(all) %>" }] },
  );
  const { step: failed } = drive(program, program.start({}, {}), ({ item }) =>
    item === 1 ? new Error("no") : (item ?? "a"),
  );
  assert.equal(failed.status, "failed");
  const again = program.advance(failed.state, { kind: "rerun" }, {});
  const { step, order } = drive(program, again, ({ item }) => `again ${item}`);
  assert.deepEqual(order, ["each[1]"]);
  assert.equal(step.status, "succeeded");
  assert.deepEqual(step.output, { all: [0, "again 1", 2] });
  assert.deepEqual(step.errors, []);
  const all = program.advance(
    failed.state,
    { kind: "rerun", tasks: [{ task: "each", route: 0, resetItems: true }] },
    {},
  );
  assert.deepEqual(drive(program, all).order, ["each[0]", "each[1]", "each[2]"]);
  assert.throws(
    () => program.advance(failed.state, { kind: "rerun", tasks: [{ task: "nope", route: 0 }] }, {}),
    Conflict,
  );
});

test("an event that makes no sense is refused and changes nothing", () => {
  const program = aWorkflow({ a: noop(then("b")), b: noop() });
  const { state } = program.start({}, {});
  const event = { kind: "task", route: 0, status: "succeeded" } as const;
  assert.throws(() => program.advance(state, { ...event, task: "nope" }, {}), NotFound);
  assert.throws(() => program.advance(state, { ...event, task: "b" }, {}), Conflict);
  assert.throws(() => program.advance(state, { ...event, task: "a", item: 3 }, {}), Invalid);
});

test("tasks without action that lead to each other forever are stopped with a word on it", () => {
  const program = aWorkflow({ start: { next: [{ do: "a" }] }, a: { next: [{ do: "b" }] }, b: { next: [{ do: "a" }] } });
  const step = program.start({}, {});
  assert.equal(step.status, "failed");
  assert.match(step.errors[0]?.message ?? "", /WorkflowCycleError/);
});

test("names of JavaScript's own are names like any other", () => {
  const program = aWorkflow(
    {
      constructor: {
        action: "core.echo",
        input: JSON.parse('{"__proto__": "<% ctx(toString) %>"}') as object,
        next: then("hasOwnProperty"),
      },
      hasOwnProperty: noop(),
    },
    { input: [{ toString: "text" }] },
  );
  const first = program.start({}, {});
  assert.equal(JSON.stringify(runs(first)[0]?.input), '{"__proto__":"text"}');
  assert.deepEqual(drive(program, first).order, ["constructor", "hasOwnProperty"]);
});

test("what cannot be understood is refused, whatever it is", () => {
  for (const source of [
    null,
    5,
    "x",
    [],
    {},
    { tasks: [] },
    { tasks: { a: null } },
    { tasks: { a: { next: 5 } } },
    { tasks: { a: { with: 5 } } },
    { tasks: { a: { join: "x" } } },
    { tasks: { a: { next: [{ publish: [5] }] } } },
  ]) {
    assert.throws(() => orquestaProgram(source).start({}, {}), Invalid, JSON.stringify(source));
    assert.notEqual(orquestaProgram(source).inspect().length, 0, JSON.stringify(source));
  }
});
