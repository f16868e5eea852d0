import assert from "node:assert/strict";
import { test } from "node:test";
import { createEnvironment } from "./environment.ts";
import { UndefinedError } from "./errors.ts";
import { Callable, HostObject } from "./values.ts";

const strict = createEnvironment({ trimBlocks: true, lstripBlocks: true });
const lenient = createEnvironment({ strict: false });
const plain = createEnvironment();
const render = (template: string, context: Record<string, unknown> = {}): string =>
  strict.compile(template).render(context);

/** Each template with what it prints. */
function prints(cases: readonly (readonly [string, string])[], context: Record<string, unknown> = {}): void {
  for (const [template, expected] of cases) assert.equal(render(template, context), expected, template);
}

test("values print as Python prints them", () => {
  prints([
    [
      "{{ none }} {{ true }} {{ 1 }} {{ 2.0 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }}",
      "None True 1 2.0 1e+16 1e-05 0.30000000000000004",
    ],
    [`{{ [1, 'a', none, 1.5, "it's", 'q"'] }}`, `[1, 'a', None, 1.5, "it's", 'q"']`],
    ["{{ (1,) }} {{ () }} {{ {'a': (1, 2), 3: {}} }}", "(1,) () {'a': (1, 2), 3: {}}"],
    [String.raw`{{ ['n\n', 'b\\', 'é', '\u200b'] }}`, String.raw`['n\n', 'b\\', 'é', '\u200b']`],
    ["{{ 2 ** 70 }} {{ -0.0 }}", "1180591620717411303424 -0.0"],
  ]);
});

test("whole numbers and floats stay apart", () => {
  prints([
    ["{{ 4 / 2 }} {{ 4 // 2 }} {{ 4 // 2.0 }} {{ 7 % -3 }} {{ -7 // 2 }} {{ -7.5 % 2 }}", "2.0 2 2.0 -2 -4 0.5"],
    [
      "{{ 1 == 1.0 }} {{ true + 1 }} {{ 2 ** -1 }} {{ 3 is integer }} {{ 3.0 is integer }} {{ 3.0 is float }}",
      "True 2 0.5 True False True",
    ],
    [
      "{{ 2.5 | round }} {{ 3.5 | round }} {{ 5 | round }} {{ 2.675 | round(2) }} {{ 25 | round(-1) }}",
      "2.0 4.0 5 2.67 20",
    ],
    [
      "{{ '7' | int + 1 }} {{ '7.9' | int }} {{ 'x' | int(3) }} {{ '0x1f' | int(0, 16) }} {{ '1_000' | int }}",
      "8 7 3 31 1000",
    ],
  ]);
});

test("operators bind as in Jinja", () => {
  prints([
    ["{{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ -5 | abs }} {{ 'a' ~ 3 * 2 }}", "4 64 5 a6"],
    ["{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ not 1 == 2 }} {{ 'a' not in 'bc' }}", "True False True True"],
    ["{{ 'x' if false else 'y' }} [{{ 'x' if false }}] {{ 0 or 'z' }} {{ 1 and 0 }}", "y [] z 0"],
  ]);
});

test("texts, lists and dicts have Python's methods, elements and slices", () => {
  prints(
    [
      [
        "{{ 'a,b,,c'.split(',', 2) }} {{ ' a  b '.split() }} {{ 'a b c'.rsplit(none, 1) }}",
        "['a', 'b', ',c'] ['a', 'b'] ['a b', 'c']",
      ],
      ["{{ 'abc'[::-1] }} {{ lst[1:] }} {{ lst[-1] }} {{ 'é😀x'[1] }} {{ 'é😀x' | length }}", "cba [1, 2] 2 😀 3"],
      ["{{ '{:>8.2f}|{a!r}|{0:,}'.replace('{0', '{b').format(1234.5, a='x', b=98765) }}", " 1234.50|'x'|98,765"],
      ["{{ '%05d|%-4s|%.2f|%%|%x' % (42, 'ab', 1.005, 255) }}", "00042|ab  |1.00|%|ff"],
      ["{{ d.items() | list }} {{ d.get('z', 5) }} {{ d['a'] }} {{ d.a }}", "[('a', 1), ('items', 2)] 5 1 1"],
      ["{{ d['items'] }}", "2"],
    ],
    { lst: [3, 1, 2], d: { a: 1, items: 2 } },
  );
});

test("a key that is called like a method is read by subscript only", () => {
  assert.match(render("{{ d.items }}", { d: { items: 2 } }), /function|method/);
});

test("loops know where they are, filter, recurse and fall back", () => {
  prints(
    [
      [
        "{% for i in lst %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ ',' if not loop.last }}{% endfor %}",
        "1/3:a,2/3:b,3/3:c",
      ],
      ["{% for i in lst if i != 'b' %}{{ loop.index0 }}{{ i }}{% else %}none{% endfor %}", "0a1c"],
      ["{% for i in [] %}x{% else %}none{% endfor %}", "none"],
      [
        "{% for i in lst %}{% for j in 'xy' if loop.first %}{{ i }}{{ j }}{{ loop.index }} {% endfor %}{% endfor %}",
        "ax1 ay2 ",
      ],
      [
        "{% for n in tree recursive %}{{ n.v }}{% if n.c is defined %}({{ loop(n.c) }}){% endif %}{% endfor %}",
        "1(23(4))",
      ],
      [
        "{% for i in lst %}{{ loop.cycle('x', 'y') }}{{ loop.previtem | default('-') }}{{ loop.nextitem | default('-') }} {% endfor %}",
        "x-b yac xb- ",
      ],
      ["{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}", "6"],
    ],
    { lst: ["a", "b", "c"], tree: [{ v: 1, c: [{ v: 2 }, { v: 3, c: [{ v: 4 }] }] }] },
  );
});

test("assignments end with their scope, except in conditions and namespaces", () => {
  prints([
    ["{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}", "1"],
    ["{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}", "2"],
    ["{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "3"],
    ["{% set x | upper %}a{{ 1 }}{% endset %}{{ x }}", "A1"],
    ["{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}", "3"],
    ["{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21"],
  ]);
});

test("macros take defaults, extra arguments and a calling block", () => {
  prints([
    [
      "{% macro m(a, b='x') %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }} {{ m(1, 2, 3, z=4) }}",
      "1x(){} 12(3,){'z': 4}",
    ],
    ["{% macro m(n) %}[{{ caller(n + 1) }}]{% endmacro %}{% call(v) m(1) %}v={{ v }}{% endcall %}", "[v=2]"],
    ["{% filter upper | replace('A', 'b') %}a{{ 'c' }}{% endfilter %}", "bC"],
    ["{% block x %}1{% endblock %}{{ self.x() }}", "11"],
  ]);
  assert.throws(() => render("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}"), /takes not more than 1 argument/);
});

test("whitespace around tags is controlled by options and signs", () => {
  assert.equal(render("a\n  {% if true %}\n  b\n  {% endif %}\nc\n"), "a\n  b\nc");
  assert.equal(plain.compile("a\n  {% if true %}\nb{% endif %}\n").render(), "a\n  \nb");
  assert.equal(render("a  {%- if true -%}  b  {%- endif %} c"), "ab c");
  assert.equal(render("{%+ if true %}x{% endif +%}\ny"), "x\ny");
  assert.equal(render("a {#- c -#} b\r\n\r\n"), "ab\n");
  assert.equal(render("{% raw %}{{ x }}{% endraw %}"), "{{ x }}");
});

test("an undefined value fails at any use when strict, and at operations otherwise", () => {
  for (const template of [
    "{{ x }}",
    "{{ x + 1 }}",
    "{% if x %}{% endif %}",
    "{% for i in x %}{% endfor %}",
    "{{ x.y }}",
    "{{ x == 1 }}",
  ]) {
    assert.throws(() => render(template), UndefinedError, template);
  }
  assert.equal(render("{{ x is defined }} {{ x | default(5) }} {{ d.z | default('q') }}", { d: {} }), "False 5 q");
  assert.equal(lenient.compile("[{{ x }}{% for i in x %}{% endfor %}{{ x | default(1) }}]").render(), "[1]");
  assert.throws(() => lenient.compile("{{ x.y }}").render(), UndefinedError);
  assert.throws(() => render("{{ d.z }}", { d: {} }), /'dict object' has no attribute 'z'/);
});

test("text is escaped where HTML is asked for, and only once", () => {
  prints([
    ["{% autoescape true %}{{ '<' }}{{ '<' | safe }}{{ '<' | e | e }}{% endautoescape %}{{ '<' }}", "&lt;<&lt;<"],
    [
      "{{ ('<' | e) ~ '<' }} {{ ('<b>' | safe) + '<' }} {{ {'a': \"<'&\"} | tojson }}",
      String.raw`&lt;< <b>&lt; {"a": "\u003c\u0027\u0026"}`,
    ],
  ]);
});

test("an expression keeps its type", () => {
  const value = (source: string, context = {}): unknown => strict.compileExpression(source).evaluate(context);
  assert.deepEqual(value("{'a': (1, 2.0), 3: x}", { x: [null] }), { a: [1, 2], 3: [null] });
  assert.equal(value("x | upper", { x: "a" }), "A");
  assert.deepEqual(value("lst | map('upper')", { lst: ["a"] }), ["A"]);
  assert.equal(value("x.y", { x: {} }), undefined);
  assert.equal(strict.compile("{{ x }}").expression?.({ x: 5 }), 5);
  assert.equal(strict.compile("{{ x }} ").expression, undefined);
});

test("the host lends functions and objects, and templates see no more than these give", () => {
  class Lookup extends HostObject {
    override read(name: string): unknown {
      return name === "secret" ? undefined : `<${name}>`;
    }
  }
  const context = { f: new Callable("f", (args, keywords) => [args.length, keywords.get("k")]), o: new Lookup() };
  assert.equal(
    render("{{ f(1, 2, k='v') }} {{ o.a }} {{ o['b c'] }} {{ o.secret is defined }}", context),
    "[2, 'v'] <a> <b c> False",
  );
});

test("the names a template needs are those it does not bind itself", () => {
  const names = (template: string): string[] => [...strict.compile(template).names].sort();
  assert.deepEqual(names("{{ a.b }}{% for i in c if i > d %}{{ i }}{{ loop.index }}{% endfor %}{{ i }}"), [
    "a",
    "c",
    "d",
    "i",
  ]);
  assert.deepEqual(names("{% set x = y %}{{ x }}{{ range(z) }}"), ["y", "z"]);
  assert.deepEqual(names("{% macro m(a, b=c) %}{{ a }}{{ b }}{{ e }}{% endmacro %}{{ m(1) }}"), ["c", "e"]);
  assert.deepEqual(names("{% if a %}{% set b = 1 %}{% endif %}{{ b }}"), ["a", "b"]);
});
