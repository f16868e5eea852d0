import assert from "node:assert/strict";
import { test } from "node:test";
import { Conflict } from "@squall/model";
import type { Step } from "../program.ts";
import { orquestaProgram } from "./program.ts";
import type { State } from "./state.ts";

const env = { now: () => 1_000_000 };
const then = (target: string, when: string) => ({ when: `<% ${when} %>`, do: target });
const aWorkflow = (tasks: object, more: object = {}) => orquestaProgram({ version: 1, tasks, ...more });
const noop = (next: object[] = []) => ({ action: "core.noop", next });
const kinds = (step: Step<State>) => step.commands.map((one) => ("task" in one ? `${one.kind} ${one.task}` : one.kind));

test("a task that is not done in its time has failed, and what runs of it is to be ended", () => {
  const slow = {
    action: "core.local",
    timeout: "<% ctx(limit) %>",
    delay: 5,
    retry: { count: 3 },
    next: [then("after", "failed()"), then("never", "succeeded()")],
  };
  const program = aWorkflow(
    { slow, after: noop(), never: noop() },
    { input: [{ limit: 20 }], output: [{ status: "<% task_status(slow) %>" }] },
  );
  let step = program.start({}, env);
  const timer = { task: "slow", route: 0, run: 0, due: 1_000_000 + 25_000 };
  assert.deepEqual(step.commands[1], { kind: "timer", ...timer });
  assert.deepEqual(program.timers(step.state), [timer]);
  // A retry runs under the same limit.
  step = program.advance(step.state, { kind: "task", task: "slow", route: 0, status: "failed" }, env);
  assert.deepEqual(kinds(step), ["run slow"]);
  assert.deepEqual(program.timers(step.state), [timer]);
  step = program.advance(step.state, { kind: "timeout", task: "slow", route: 0, run: 0 }, env);
  assert.deepEqual(kinds(step), ["stop slow", "run after"]);
  assert.deepEqual(program.timers(step.state), []);
  assert.match(step.errors.at(-1)?.message ?? "", /^Task "slow" did not end within its timeout of 20 seconds\.$/);
  step = program.advance(step.state, { kind: "task", task: "after", route: 0, status: "succeeded" }, env);
  assert.deepEqual([step.status, step.output], ["succeeded", { status: "timeout" }]);
});

test("a task that ends in time lets go of its timer, and cannot time out any more", () => {
  const program = aWorkflow({ quick: { ...noop(), timeout: 3 }, other: noop() });
  let step = program.start({}, env);
  step = program.advance(step.state, { kind: "task", task: "quick", route: 0, status: "succeeded" }, env);
  assert.deepEqual(step.commands, [{ kind: "timer", task: "quick", route: 0, run: 1 }]);
  for (const [task, run] of [
    ["quick", 1],
    ["other", 0],
    ["nobody", 0],
  ] as const) {
    assert.throws(() => program.advance(step.state, { kind: "timeout", task, route: 0, run }, env), Conflict);
  }
});

test("the limit is of all items; a re-run begins those that were not done, under a new limit", () => {
  const each = { with: { items: "<% [1, 2, 3] %>", concurrency: 2 }, action: "core.noop", timeout: 10 };
  const program = aWorkflow({ each });
  const item = (at: number) => ({ kind: "task", task: "each", route: 0, item: at, status: "succeeded" }) as const;
  let step = program.start({}, env);
  assert.deepEqual(kinds(step), ["run each", "run each", "timer each"]);
  step = program.advance(step.state, item(0), env);
  assert.deepEqual(kinds(step), ["run each"]);
  step = program.advance(step.state, { kind: "timeout", task: "each", route: 0, run: 0 }, env);
  assert.deepEqual([step.status, kinds(step)], ["failed", ["stop each"]]);
  step = program.advance(step.state, { kind: "rerun" }, env);
  assert.deepEqual(kinds(step), ["run each", "run each", "timer each"]);
  step = program.advance(step.state, item(1), env);
  step = program.advance(step.state, item(2), env);
  assert.equal(step.status, "succeeded");
});

test("each round of a cycle has a limit of its own", () => {
  const program = aWorkflow(
    {
      start: noop([then("loop", "true")]),
      loop: { ...noop([then("loop", "ctx(n) < 2")]), timeout: 4 },
    },
    { vars: [{ n: 0 }] },
  );
  let step = program.advance(
    program.start({}, env).state,
    { kind: "task", task: "start", route: 0, status: "succeeded" },
    env,
  );
  const [first] = program.timers(step.state);
  step = program.advance(step.state, { kind: "task", task: "loop", route: 0, status: "succeeded" }, env);
  const [second] = program.timers(step.state);
  assert.ok(first && second && first.run !== second.run);
  assert.deepEqual(kinds(step), ["timer loop", "run loop", "timer loop"]);
  assert.throws(
    () => program.advance(step.state, { kind: "timeout", task: "loop", route: 0, run: first.run }, env),
    Conflict,
  );
});

test("a question that is not answered in its task's time fails the task, and the workflow goes on or fails", () => {
  for (const [next, status] of [
    [[then("after", "failed()")], "running"],
    [[], "failed"],
  ] as const) {
    const program = aWorkflow({ ask: { action: "core.ask", timeout: 60, next }, after: noop() });
    let step = program.start({}, env);
    step = program.advance(step.state, { kind: "task", task: "ask", route: 0, status: "pending" }, env);
    if (next.length === 0) {
      step = program.advance(step.state, { kind: "task", task: "after", route: 0, status: "succeeded" }, env);
    }
    assert.equal(step.status, "paused");
    const [timer] = program.timers(step.state);
    step = program.advance(step.state, { kind: "timeout", task: "ask", route: 0, run: timer?.run ?? -1 }, env);
    assert.equal(step.status, status);
  }
});

test("a question that fails in a paused workflow fails the workflow, answered or held", () => {
  for (const held of [false, true]) {
    const program = aWorkflow({ ask: { action: "core.ask" } });
    let step = program.start({}, env);
    step = program.advance(step.state, { kind: "task", task: "ask", route: 0, status: "pending" }, env);
    if (held) step = program.advance(step.state, { kind: "pause" }, env);
    step = program.advance(step.state, { kind: "task", task: "ask", route: 0, status: "timeout" }, env);
    assert.equal(step.status, "failed", `held: ${held}`);
  }
});

test("a limit that is no whole number fails the workflow; nothing and 0 are no limit; inspection reports what it can see", () => {
  for (const timeout of ["<% 1.5 %>", "<% -1 %>", "<% 'soon' %>"]) {
    const step = aWorkflow({ a: { ...noop(), timeout } }).start({}, env);
    assert.equal(step.status, "failed");
    assert.match(step.errors[0]?.message ?? "", /task timeout is not a whole number of seconds/);
  }
  for (const timeout of [0, null, "<% null %>"]) {
    assert.deepEqual(kinds(aWorkflow({ a: { ...noop(), timeout } }).start({}, env)), ["run a"]);
  }
  const problems = aWorkflow({ a: { ...noop(), timeout: -1 }, b: { ...noop(), timeout: "<% ctx(none) %>" } }).inspect();
  assert.deepEqual(
    problems.map(({ category, specPath }) => [category, specPath]),
    [
      ["context", "tasks.b.timeout"],
      ["syntax", "tasks.a.timeout"],
    ],
  );
});
