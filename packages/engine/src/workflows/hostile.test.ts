import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DEFAULT_PROJECT, type JsonObject, SquallError } from "@squall/model";
import fc from "fast-check";
import { anEngine, type TestEngine } from "../an-engine.ts";

const NAMES = ["a", "b", "c", "noop", "fail", "continue", "retry", "__proto__", "constructor", "toString", "ä ö", ""];
const TEXTS = [
  "<% ctx().x %>",
  "<% result() %>",
  "<% item(i) %>",
  "<% task(a) %>",
  "<% task_status(b) %>",
  "<% ctx(x).y.z[0] %>",
  "{{ ctx('x') }}",
  "{{ ctx().x | from_json }}",
  "{% for i in range(9) %}{{ i }}{% endfor %}",
  "<% range(0, 100000000).toList() %>",
  "<% 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$') %>",
  "<% st2kv('system.x') %>",
  "<% 1 / 0 %>",
  "<% (((",
  "{{ {{",
  "<% null.foo() %>",
  "i in <% [1, 2] %>",
  "x, y in <% ctx(x) %>",
  "core.noop",
  "core.local cmd='x'",
  "core.nowhere",
];
const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ maxLength: 20 }));
const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("a", "b", "c") }, fc.constantFrom(...NAMES));
const anything = fc.oneof({ weight: 5, arbitrary: text }, fc.anything({ maxDepth: 2 }), fc.integer());
const few = <T>(what: fc.Arbitrary<T>) => fc.array(what, { maxLength: 3 });
const transition = fc.record(
  {
    when: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("<% succeeded() %>", "<% failed() %>") }, anything),
    publish: fc.oneof(few(fc.dictionary(name, anything, { maxKeys: 2 })), text),
    do: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("a", "b", "c") }, name, few(name), anything),
  },
  { requiredKeys: [] },
);
const task = fc.record(
  {
    action: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("core.noop", "core.echo message='x'") }, anything),
    input: fc.oneof(fc.dictionary(name, anything, { maxKeys: 2 }), anything),
    with: fc.oneof(text, fc.record({ items: anything, concurrency: anything }, { requiredKeys: [] })),
    join: fc.oneof(fc.constantFrom("all", 0, 1, 99, -1), anything),
    delay: anything,
    retry: fc.record({ when: anything, count: anything, delay: anything }, { requiredKeys: [] }),
    next: fc.oneof({ weight: 5, arbitrary: few(transition) }, anything),
  },
  { requiredKeys: [] },
);
const definition = fc.record(
  {
    version: fc.constant(1),
    description: anything,
    input: fc.oneof(few(fc.oneof(name, fc.dictionary(name, anything, { maxKeys: 1 }))), anything),
    vars: few(fc.dictionary(name, anything, { maxKeys: 1 })),
    tasks: fc.oneof({ weight: 9, arbitrary: fc.dictionary(name, task, { minKeys: 1, maxKeys: 5 }) }, anything),
    output: few(fc.dictionary(name, anything, { maxKeys: 1 })),
    compat: fc.constantFrom("reevaluate", undefined),
  },
  { requiredKeys: ["version", "tasks"] },
);
const mock = fc.record(
  {
    status: fc.constantFrom("succeeded", "failed", "timeout", "canceled"),
    result: anything,
    item: fc.nat(3),
    order: fc.nat(9),
  },
  { requiredKeys: [] },
);

describe("whatever is given as a workflow", () => {
  let t: TestEngine;
  before(async () => {
    t = await anEngine({ start: false });
  });
  after(() => t[Symbol.asyncDispose]());

  /** What it answers, or why it refuses; anything else that is thrown fails the test. */
  const refusedOr = <T>(ask: () => T): T | undefined => {
    try {
      return ask();
    } catch (thrown) {
      if (thrown instanceof SquallError && thrown.status < 500) return undefined;
      throw thrown;
    }
  };
  const json = (value: unknown) =>
    JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? String(one) : one)) ?? "null";

  test("inspection, graph and rehearsal answer or refuse, and end", () => {
    const { inspect, graph, rehearse } = t.engine.workflows;
    fc.assert(
      fc.property(definition, fc.dictionary(name, fc.oneof(mock, few(mock)), { maxKeys: 3 }), (given, mocks) => {
        const source = json(given);
        inspect(DEFAULT_PROJECT, source);
        refusedOr(() => graph(source));
        const inputs = { x: { y: "<% 1 %>" } } as JsonObject;
        refusedOr(() => rehearse(DEFAULT_PROJECT, { definition: source, inputs, mocks }));
      }),
      { numRuns: 400 },
    );
  });

  test("any text at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (source) => {
        t.engine.workflows.inspect(DEFAULT_PROJECT, source);
        refusedOr(() => t.engine.workflows.graph(source));
      }),
    );
  });

  const rehearsed = (source: string) =>
    refusedOr(() => t.engine.workflows.rehearse(DEFAULT_PROJECT, { definition: source }));
  const one = (cell: string) =>
    `version: 1.0\ntasks:\n  a:\n    action: core.noop\n    next: [{publish: [{x: ${JSON.stringify(cell)}}], do: noop}]\n`;

  for (const [what, source, expected] of [
    [
      "a regular expression that backtracks for ever",
      one("<% matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '^(a+)+$') %>"),
      /succeeded|failed/,
    ],
    ["a range without end", one("<% range(0, 100000000000).toList() %>"), /failed/],
    [
      "a text that doubles",
      one("{% set s = 'x' * 1000 %}{% for i in range(100000) %}{% set s = s ~ s %}{% endfor %}{{ s }}"),
      /failed|succeeded/,
    ],
    [
      "a cycle without actions",
      "version: 1.0\ntasks:\n  a: {next: [{do: b}]}\n  b: {next: [{do: c}]}\n  c: {next: [{do: b}]}\n",
      /failed/,
    ],
    [
      "a cycle with actions",
      "version: 1.0\ntasks:\n  a: {action: core.noop, next: [{do: b}]}\n  b: {action: core.noop, next: [{do: b}]}\n",
      undefined,
    ],
    ["deep brackets", one(`<% ${"(".repeat(5000)}1${")".repeat(5000)} %>`), undefined],
    ["deep maps", `version: 1.0\ntasks: {a: ${"{a: ".repeat(3000)}1${"}".repeat(3000)}}`, undefined],
    [
      "aliases that multiply",
      `version: 1.0\nx0: &x0 [1, 2]\n${Array.from({ length: 30 }, (_, n) => `x${n + 1}: &x${n + 1} [*x${n}, *x${n}]`).join("\n")}\ntasks: {a: {action: core.noop}}\n`,
      undefined,
    ],
    ["ten megabytes", `version: 1.0\ntasks:\n  a: {action: core.noop}\n# ${"x".repeat(10 << 20)}`, undefined],
    [
      "ten megabytes of tasks",
      `version: 1.0\ntasks:\n${Array.from({ length: 200_000 }, (_, n) => `  t${n}: {action: core.noop, next: [{do: t${n + 1}}]}`).join("\n")}\n`,
      undefined,
    ],
  ] as const) {
    test(`${what} is answered or refused, and ends`, () => {
      t.engine.workflows.inspect(DEFAULT_PROJECT, source);
      const done = rehearsed(source);
      if (expected) assert.match(done?.status ?? "refused", expected);
      refusedOr(() => t.engine.workflows.graph(source));
    });
  }
});
