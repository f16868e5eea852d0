import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkExpressions,
  ExpressionError,
  evaluateExpressions,
  evaluateList,
  routeSeenFrom,
  usedVariables,
} from "./index.ts";

const variables = {
  x: 1,
  name: "Stan",
  list: [1, 2],
  map: { k: "v", n: null },
  attack: "<% ctx(secret) %>{{ ctx('secret') }}",
  secret: "s",
  __private: 1,
};
const evaluate = (value: unknown, functions = {}): unknown => evaluateExpressions(value, variables, functions);

test("a text that is one expression keeps its type, any other becomes text as Python prints it", () => {
  assert.deepEqual(evaluate("<% ctx(list) %>"), [1, 2]);
  assert.deepEqual(evaluate("{{ ctx().map }}"), { k: "v", n: null });
  assert.equal(evaluate(" <% ctx(list) %>"), " [1, 2]");
  assert.equal(evaluate("m={{ ctx().map }} <"), "m={'k': 'v', 'n': None} <");
  assert.equal(evaluate("m=<% ctx().map %> and <% true %>"), "m={'k': 'v', 'n': None} and True");
  assert.deepEqual(evaluate({ "<% ctx(name) %>": ["{{ ctx('x') + 1 }}", 5, null] }), { Stan: [2, 5, null] });
});

test("texts in data are not evaluated, unless that is asked for", () => {
  assert.equal(evaluate("<% ctx(attack) %>"), variables.attack);
  assert.equal(evaluate("{{ ctx('attack') }}!"), `${variables.attack}!`);
  assert.equal(evaluate("{% if true %}{{ ctx('attack') }}{% endif %}"), variables.attack);
  assert.equal(evaluateExpressions("<% ctx(a) %>", { a: "<% ctx(b) %>", b: 2 }, { reevaluate: true }), 2);
  assert.throws(
    () => evaluateExpressions("<% ctx(a) %>", { a: "<% ctx(a) %>" }, { reevaluate: true }),
    ExpressionError,
  );
});

test("private variables are neither listed nor given", () => {
  assert.deepEqual(Object.keys(evaluate("<% ctx() %>") as object), Object.keys(variables).slice(0, -1));
  assert.throws(() => evaluate("<% ctx(__private) %>"), ExpressionError);
  assert.throws(() => evaluate("{{ ctx('__private') }}"), ExpressionError);
});

test("tasks, items and keys are asked of the caller, in both languages", () => {
  const functions = {
    task: { id: "t", route: 2, result: { ok: true } },
    item: { host: "h" },
    statusOf: (task: string, route: number) => (task === "t" && route === 2 ? "succeeded" : undefined),
    readKey: ({ name, scope, decrypt }: { name: string; scope: string; decrypt: boolean }) =>
      name === "none" ? undefined : { value: `${scope}:${name}:${decrypt}` },
  };
  const all = { ...variables, st2: { user: "stanley" } };
  for (const [yaql, jinja, expected] of [
    ["succeeded()", "succeeded()", true],
    ["result().ok", "result().ok", true],
    ["item(host)", "item('host')", "h"],
    ["task_status(t)", "task_status('t')", "succeeded"],
    ["task_status(u)", "task_status('u')", "null"],
    ["st2kv('system.a', decrypt => true)", "st2kv('system.a', decrypt=true)", "system:a:true"],
    ["st2kv(b)", "st2kv('b')", "user:b:false"],
    ["st2kv(none, default => null)", "st2kv('none', default=none)", null],
    [
      "zip([1], [2, 3], pad => 0)",
      "zip([1], [2, 3], pad=0)",
      [
        [1, 2],
        [0, 3],
      ],
    ],
    ["regex_replace('abc', b, x)", "regex_replace('abc', 'b', 'x')", "axc"],
  ] as const) {
    assert.deepEqual(evaluateExpressions(`<% ${yaql} %>`, all, functions), expected, yaql);
    assert.deepEqual(evaluateExpressions(`{{ ${jinja} }}`, all, functions), expected, jinja);
  }
});

test("what the caller's functions throw reaches the caller as it is", () => {
  class Needed extends Error {}
  const readKey = (): never => {
    throw new Needed();
  };
  for (const text of ["<% st2kv('system.a') %>", "{{ st2kv('system.a') }}", "{% if st2kv('system.a') %}{% endif %}"]) {
    assert.throws(() => evaluateExpressions(text, { st2: { user: "u" } }, { readKey }), Needed);
  }
});

test("items must be a list: texts, maps and sets are none", () => {
  assert.deepEqual(evaluateList("<% ctx(list) %>", variables), [1, 2]);
  for (const text of ["<% ctx(name) %>", "<% ctx(map) %>", "<% set(1, 2) %>", "plain"]) {
    assert.equal(evaluateList(text, variables), undefined, text);
  }
});

test("expressions that cannot be read are told, with both languages in one text told as such", () => {
  assert.deepEqual(checkExpressions("<% ctx(x) %> {{ ctx('x') }}")[0]?.type, null);
  assert.deepEqual(
    checkExpressions("a <% 1 + %> b").map((one) => one.expression),
    ["<% 1 + %>"],
  );
  assert.deepEqual(checkExpressions("{{ no_such_function() | no_such_filter }}"), []);
});

test("variables are found by the text of expressions", () => {
  const used = usedVariables({ a: ["<% ctx().a + ctx(b) %>", "{{ ctx('c').d }} ctx(e)"], "{{ ctx().f() }}": 1 });
  assert.deepEqual(
    used.map((one) => `${one.language} ${one.variable}`),
    ["yaql a", "yaql b", "jinja c"],
  );
});

test("a task on a branch sees what ran before the branches parted", () => {
  const paths = [[], ["a"], ["a", "b"], ["c"]];
  const pathOf = (route: number): string[] | undefined => paths[route];
  assert.equal(
    routeSeenFrom(2, pathOf, (route) => route === 1 || route === 3),
    1,
  );
  assert.equal(
    routeSeenFrom(2, pathOf, (route) => route === 3),
    undefined,
  );
});

test("finding expressions takes one pass, also through texts that open and never close", () => {
  for (const piece of ["<%", "{{", "{%", "{% raw %}", "<% %", "{{ }", "<%\n%>", "{% raw %}\n{% endraw %}"]) {
    const text = piece.repeat(100_000);
    checkExpressions(text.slice(0, 200_000));
    usedVariables(text);
  }
  assert.equal(evaluate("a {% raw %}{{ x }}{% endraw %} {{ ctx('x') }}"), "a {{ x }} 1");
});
