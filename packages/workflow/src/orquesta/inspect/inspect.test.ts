import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { inspectWorkflow } from "./inspect.ts";

const told = (source: unknown, contextNames: string[] = []): string[] =>
  inspectWorkflow(source, { contextNames }).map((one) => `${one.category} ${one.specPath}: ${one.message}`);

test("everything wrong is told at once, each with its place and what was probably meant", () => {
  const problems = inspectWorkflow(
    {
      version: 1,
      vars: [{ hosts: [] }],
      tasks: {
        first: {
          acton: "core.noop",
          action: "core.noop",
          next: [{ do: "secnd" }, { when: "<% ctx(hots) %>", do: "second" }],
        },
        second: { action: "core.echo", input: { message: "{{ 1 + }}" } },
      },
    },
    { locate: (path) => ({ line: path.length, column: 1 }) },
  );
  assert.deepEqual(
    problems.map(({ category, specPath, suggestion, at }) => [category, specPath, suggestion, at?.line]),
    [
      ["context", "tasks.first.next[1].when", "did you mean 'hosts'?", 5],
      ["expressions", "tasks.second.input", undefined, 3],
      ["semantics", "tasks.first.next[0].do", "did you mean 'second'?", 5],
      ["syntax", "tasks.first", "did you mean 'action' instead of 'acton'?", 2],
    ],
  );
});

test("a workflow without fault has no problems", () => {
  const source = {
    version: "1.0",
    input: ["a", { b: "<% ctx(a) %>" }],
    vars: [{ c: "<% ctx(b) %>" }],
    tasks: {
      t: {
        with: "x in <% ctx(c) %>",
        action: "core.echo message=<% item(x) %>",
        next: [{ publish: "d=<% result() %>", do: ["u", "fail"] }],
      },
      u: { action: "core.echo", input: { message: "{{ ctx('d') }} <%" } },
    },
    output: [{ d: "<% ctx(d) %>" }, { user: "<% ctx(st2).user %>" }],
  };
  assert.deepEqual(told(source, ["st2"]), []);
});

test("a join whose branches came through a split is told, one in a cycle that the split does not enter is not", () => {
  const noop = (targets: string[], more: object = {}): object => ({
    action: "core.noop",
    next: [{ do: targets }],
    ...more,
  });
  const split = {
    a: noop(["b", "c"]),
    b: noop(["s"]),
    c: noop(["s", "j"]),
    s: noop(["j"]),
    j: { action: "core.noop", join: "all" },
  };
  assert.match(told({ version: 1, tasks: split }).join("\n"), /^semantics tasks\.j: The join task "j" is unreachable/);
  assert.deepEqual(told({ version: 1, tasks: { ...split, c: noop(["s"]) } }), []);
});

test("a variable that only some branches set is told where it is used", () => {
  const tasks = {
    a: {
      action: "core.noop",
      next: [
        { when: "<% succeeded() %>", publish: [{ x: 1 }], do: "b" },
        { when: "<% failed() %>", do: "b" },
      ],
    },
    b: { action: "core.echo", input: { message: "<% ctx(x) %>" } },
  };
  assert.deepEqual(told({ version: 1, tasks }), [
    'context tasks.b.input: Variable "x" is referenced before assignment.',
  ]);
});

test("whatever a definition is made of, inspection ends with a list", () => {
  const words = fc.constantFrom(
    "version",
    "tasks",
    "input",
    "next",
    "do",
    "with",
    "join",
    "publish",
    "retry",
    "a",
    "b",
    "__proto__",
    "<% ctx(a) %>",
    "{{ x",
    "x in <% [ %>",
    "all",
    1,
    -1,
    null,
    true,
  );
  const { any } = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      words,
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(words.map(String), tie("any"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  const workflow = fc.record({
    version: fc.constant(1),
    tasks: fc.dictionary(fc.constantFrom("a", "b", "c"), any, { maxKeys: 3 }),
  });
  fc.assert(
    fc.property(fc.oneof(any, workflow), (source) => Array.isArray(inspectWorkflow(source, {}))),
    { numRuns: 300 },
  );
});

test("ways through a workflow that differ in what they set do not make inspection take forever", () => {
  const tasks: Record<string, object> = {};
  for (let i = 0; i < 200; i++) {
    tasks[`t${i}`] = {
      action: "core.noop",
      next:
        i < 199
          ? [
              { publish: [{ [`x${i}`]: 1 }], do: `t${i + 1}` },
              { publish: [{ [`y${i}`]: 1 }], do: `t${i + 1}` },
            ]
          : [],
    };
  }
  assert.deepEqual(told({ version: 1, tasks }), []);
});

test("texts made to be slow to match are not", () => {
  const slow = [
    "a".repeat(500_000),
    "a=[".repeat(100_000),
    " ".repeat(50_000),
    "a, ".repeat(50_000),
    "x in <%".repeat(50_000),
  ];
  for (const text of slow) {
    const task = { action: text, input: text, with: text, next: [{ publish: text, do: "noop" }] };
    assert.notEqual(told({ version: 1, tasks: { task } }).length, 0);
  }
});
