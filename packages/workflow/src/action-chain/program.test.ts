import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Conflict, SquallError } from "@squall/model";
import type { Step, WorkflowEvent } from "../program.ts";
import { chainProgram } from "./program.ts";
import type { ChainState } from "./state.ts";

const node = (name: string, more: object = {}) => ({ name, ref: `a.${name}`, ...more });
const told = (task: string, route: number, status: string, more: object = {}): WorkflowEvent =>
  ({ kind: "task", task, route, status, ...more }) as WorkflowEvent;
const asked = (step: Step<ChainState>) =>
  step.commands.map((one) => ("task" in one ? `${one.task}|${"route" in one ? one.route : ""}` : one.kind));

test("a chain begins with its default, else with the first node that no other leads to, else with the first", () => {
  const start = (chain: object[], more: object = {}) => asked(chainProgram({ chain, ...more }).start({}, {}));
  const [a, b] = [node("a", { "on-success": "b" }), node("b", { "on-failure": "a" })];
  assert.deepEqual(start([a, node("b")], { default: "b" }), ["b|0"]);
  assert.deepEqual(start([node("b"), node("c", { "on-success": "b" })]), ["c|0"]);
  assert.deepEqual(start([b, a]), ["b|0"]);
});

test("nodes that lead back run again, each time as a run of its own, and see the latest result", () => {
  const program = chainProgram({
    chain: [node("a", { "on-success": "b" }), node("b", { parameters: { n: "{{ a.n }}" }, "on-failure": "a" })],
  });
  const results = new Map([
    [0, { n: 1 }],
    [2, { n: 2 }],
  ]);
  const env = { recordOf: (_name: string, route: number) => ({ result: results.get(route) }) };
  let step = program.start({}, env);
  const inputs: unknown[] = [];
  for (const [task, status] of [
    ["a", "succeeded"],
    ["b", "failed"],
    ["a", "succeeded"],
  ] as const) {
    const route = step.state.runs.flat().length - 1;
    step = program.advance(step.state, told(task, route, status, { result: results.get(route) ?? {} }), env);
    for (const one of step.commands) if (one.kind === "run" && one.task === "b") inputs.push(one.input);
  }
  assert.deepEqual([asked(step), inputs], [["b|3"], [{ n: "1" }, { n: "2" }]]);
});

test("what was told before, or of nodes that never ran, is refused; the state given stays as it was", () => {
  const program = chainProgram({ chain: [node("a", { "on-success": "b" }), node("b")] });
  const first = program.start({}, {});
  const before = JSON.stringify(first.state);
  const second = program.advance(first.state, told("a", 0, "succeeded"), {});
  assert.equal(JSON.stringify(first.state), before);
  for (const event of [
    told("a", 0, "succeeded"),
    told("b", 5, "failed"),
    told("x", 1, "failed"),
    { kind: "resume" } as const,
  ]) {
    assert.throws(() => program.advance(second.state, event, {}), Conflict);
  }
  const done = program.advance(second.state, told("b", 1, "succeeded"), {});
  assert.equal(done.status, "succeeded");
  assert.throws(() => program.advance(done.state, { kind: "cancel" }, {}), Conflict);
});

test("results are data: a template in one is not rendered again", () => {
  const program = chainProgram({
    chain: [
      node("a", { publish: { x: "{{ a.out }}" }, "on-success": "b" }),
      node("b", { parameters: { y: "{{ x }}" } }),
    ],
  });
  const env = { recordOf: () => ({ result: { out: "{{ 1 + 1 }}" } }) };
  const step = program.advance(
    program.start({}, env).state,
    told("a", 0, "succeeded", { result: { out: "{{ 1 + 1 }}" } }),
    env,
  );
  assert.deepEqual(
    step.commands.map((one) => (one.kind === "run" ? one.input : one)),
    [{ y: "{{ 1 + 1 }}" }],
  );
});

test("whatever a chain's document is, inspection and running end in problems or errors that were foreseen", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(
        null,
        true,
        1,
        "",
        "a",
        "b",
        "{{ a }}",
        "{{ a",
        "{% for x in y %}",
        "__proto__",
        "{{ __results }}",
      ),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "name", "ref", "on-success", "publish", "__proto__", "{{ a }}"), tie("any"), {
        maxKeys: 4,
      }),
    ),
  })).any;
  const aNode = fc.record(
    {
      name: fc.oneof(fc.constantFrom("a", "b"), value),
      ref: fc.oneof(fc.constantFrom("x.y"), value),
      parameters: value,
      params: value,
      publish: value,
      "on-success": fc.oneof(fc.constantFrom("a", "b", "c"), value),
      "on-failure": value,
      notify: value,
    },
    { requiredKeys: [] },
  );
  const document = fc.oneof(
    value,
    fc.record(
      { chain: fc.oneof(value, fc.array(aNode, { maxLength: 4 })), default: value, vars: value },
      { requiredKeys: ["chain"] },
    ),
  );
  const statuses = fc.array(
    fc.constantFrom("succeeded", "failed", "pending", "paused", "canceled", "timeout", "running"),
    { maxLength: 6 },
  );
  const property = fc.property(document, statuses, (source, events) => {
    const program = chainProgram(source);
    program.inspect();
    try {
      let step = program.start({ b: 1 }, {});
      for (const status of events) {
        const run = step.state.runs.flat().at(-1);
        if (run === undefined) break;
        step = program.advance(
          step.state,
          told(run.name, step.state.runs.flat().length - 1, status, { result: { a: 1 } }),
          {},
        );
        assert.deepEqual(JSON.parse(JSON.stringify(step.state)), step.state);
      }
    } catch (thrown) {
      if (!(thrown instanceof SquallError)) throw thrown;
    }
  });
  fc.assert(property, { numRuns: 1000 });
});

test("a chain without problems can be started", () => {
  const names = fc.constantFrom("a", "b", "c", "d");
  const chains = fc.uniqueArray(
    fc.record(
      { name: names, ref: fc.constant("x.y"), "on-success": names, "on-failure": names },
      { requiredKeys: ["name", "ref"] },
    ),
    { selector: (one) => one.name, minLength: 1 },
  );
  fc.assert(
    fc.property(chains, (chain) => {
      const program = chainProgram({ chain });
      if (program.inspect().length > 0) assert.throws(() => program.start({}, {}), SquallError);
      else assert.equal(program.start({}, {}).status, "running");
    }),
    { numRuns: 300 },
  );
});
