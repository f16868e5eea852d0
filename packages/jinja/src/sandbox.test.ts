import assert from "node:assert/strict";
import { test } from "node:test";
import { createEnvironment } from "./environment.ts";
import { JinjaError, JinjaSyntaxError, LimitError, UndefinedError } from "./errors.ts";

const environment = createEnvironment();
const run = (template: string, context: Record<string, unknown> = {}): string =>
  environment.compile(template).render(context);

test("nothing of the host's objects is reachable", () => {
  const context = { o: {}, l: [], s: "x", f: () => 1, d: new Date(0), n: 1 };
  for (const owner of ["o", "l", "s", "f", "d", "n", "range", "o.get", "'x'.upper"]) {
    for (const name of [
      "constructor",
      "__proto__",
      "prototype",
      "__class__",
      "toString",
      "call",
      "bind",
      "__init__",
      "hasOwnProperty",
    ]) {
      for (const template of [
        `{{ ${owner}.${name} }}`,
        `{{ ${owner}['${name}'] }}`,
        `{{ ${owner} | attr('${name}') }}`,
        `{{ '{0.${name}}'.format(${owner}) }}`,
      ]) {
        assert.throws(() => run(template, context), JinjaError, template);
      }
    }
  }
  assert.throws(() => run("{{ constructor }}"), UndefinedError);
  assert.throws(() => run("{{ f() }}", context), /not callable/);
});

test("a key called __proto__ is a key", () => {
  const native = environment.compileExpression("{'__proto__': {'polluted': 1}, 'b': 2}").evaluate() as Record<
    string,
    unknown
  >;
  assert.equal(Object.getPrototypeOf(native), Object.prototype);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  const o = JSON.parse('{"a": {}}') as Record<string, unknown>;
  run("{{ o.update({'__proto__': 5}) }}", { o });
  assert.equal(run("{{ o['zzz'] is defined }}", { o }), "False");
});

test("a template that changes values changes copies of its own", () => {
  const context = { l: [1], d: { a: [1] } };
  assert.equal(
    run("{{ l.append(2) }}{{ l }}{{ d.a.append(2) }}{{ d }}{{ d.update(b=1) }}{{ d }}", context),
    "None[1, 2]None{'a': [1, 2]}None{'a': [1, 2], 'b': 1}",
  );
  assert.deepEqual(context, { l: [1], d: { a: [1] } });
  assert.throws(() => run("{{ l['app' ~ 'end'](2) }}", context), /written out/);
  assert.deepEqual(context.l, [1]);
});

test("a template that wants too much is stopped", () => {
  const hungry = [
    "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "{{ range(1000000) }}",
    "{{ 'x' * 1000000000 }}",
    "{{ [0] * 1000000000 }}",
    "{{ 9 ** 999999999 }}",
    "{{ 'x' | center(1000000000) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "{% block a %}{{ self.a() }}{% endblock %}",
    `{% set a = [1, 2] %}${"{% set a = [a, a] %}".repeat(40)}{{ a }}`,
    `{% set a = [1] %}{% set b = [1] %}${"{% set a = [a, a] %}{% set b = [b, b] %}".repeat(40)}{{ a == b }}`,
    "{{ l.append(l) }}{{ l }}",
    "{{ lipsum(1000000) }}",
    "{{ [1] | batch(1000000000, 0) | list }}",
    "{{ range(100000) | list | map('string') | map('center', 9000) | list | join }}",
  ];
  for (const template of hungry) assert.throws(() => run(template, { l: [] }), LimitError, template);
});

test("deep nesting is refused before it can exhaust the stack", () => {
  const deep = 20_000;
  for (const template of [
    `{{ ${"(".repeat(deep)}1${")".repeat(deep)} }}`,
    `{{ ${"[".repeat(deep)}${"]".repeat(deep)} }}`,
    `{{ ${"-".repeat(deep)}1 }}`,
    `{{ ${"not ".repeat(deep)}1 }}`,
    `{{ 1${" + 1".repeat(deep)} }}`,
    `{{ x${".y".repeat(deep)} }}`,
    `{{ 1${" | abs".repeat(deep)} }}`,
    `{{ 1${" if 1 else 2".repeat(deep)} }}`,
    "{% if 1 %}".repeat(deep),
    `{% filter ${Array(deep).fill("upper").join("|")} %}{% endfilter %}`,
  ]) {
    assert.throws(
      () => environment.compile(template),
      (error) => error instanceof LimitError || error instanceof JinjaSyntaxError,
    );
  }
  let nested: unknown = 1;
  for (let i = 0; i < deep; i++) nested = [nested];
  for (const template of ["{{ x }}", "{{ x | tojson }}", "{{ x == y }}", "{{ x.append(1) }}"]) {
    assert.throws(() => run(template, { x: nested, y: [nested] }), LimitError, template);
  }
});

test("errors say what, where and of which kind", () => {
  const failure = (template: string, context = {}): JinjaError => {
    try {
      run(template, context);
    } catch (error) {
      assert.ok(error instanceof JinjaError);
      return error;
    }
    return assert.fail(`${template} did not fail`);
  };
  const place = ({ line, column }: JinjaError): unknown => [line, column];
  assert.deepEqual(place(failure("a\nbb {{ x }}")), [2, 7]);
  assert.deepEqual(place(failure("{{ 1 +\n }}")), [2, 2]);
  assert.deepEqual(place(failure("{% if 1 %}\n\n{{ d.x.y }}{% endif %}", { d: {} })), [3, 8]);
  assert.equal(failure("{% for %}").kind, "TemplateSyntaxError");
  assert.equal(failure("{{ 1 / 0 }}").kind, "ZeroDivisionError");
  assert.equal(failure("{{ 1 + 'a' }}").kind, "TypeError");
  assert.equal(failure("{{ x | nofilter }}").text, "No filter named 'nofilter'.");
  assert.match(failure("{% if x %}").text, /innermost block that needs to be closed is 'if'/);
});
