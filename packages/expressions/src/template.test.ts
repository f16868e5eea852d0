import assert from "node:assert/strict";
import { test } from "node:test";
import { Invalid } from "@squall/model";
import { array, assert as holds, constantFrom, oneof, property, string as anyText } from "fast-check";
import { DECRYPT } from "./context.ts";
import { keyLookup } from "./key-lookup.ts";
import { isTemplate, renderNative, renderText, templateNames } from "./template.ts";

function failure(work: () => unknown): Invalid {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Invalid, String(error));
    return error;
  }
  return assert.fail("it did not fail");
}

test("a text is a template when it holds an expression or a tag", () => {
  for (const text of ["{{ x }}", "a {% if x %}", "{ {{"]) assert.equal(isTemplate(text), true, text);
  for (const text of ["", "{ x }", "{# c #}", "}} {", "{ {"]) assert.equal(isTemplate(text), false, text);
});

test("text is rendered in StackStorm's environment", () => {
  assert.equal(renderText("{{ x }}\n  {% if x in l %}\nin\n  {% endif %}\n", { x: 1, l: [1] }), "1\nin\n");
  assert.equal(renderText("{{ 1 is in [1] }}", {}), "True");
  assert.equal(
    renderText("{{ d | to_json_string }} {{ d | to_complex }}", { d: { a: 1, b: 2 } }),
    '{"a": 1,"b": 2} {"a": 1, "b": 2}',
  );
});

test("an error has a code, a place and the interpreter's words", () => {
  const undefinedName = failure(() => renderText("a\n{{ nope }}", {}));
  assert.deepEqual(
    [undefinedName.code, undefinedName.message, undefinedName.at],
    ["expression.undefined", "'nope' is undefined", { line: 2, column: 4 }],
  );
  assert.equal(failure(() => renderText("{{ 1 +", {})).code, "expression.syntax");
  assert.equal(failure(() => renderText("{{ 1 / 0 }}", {})).code, "expression.failed");
  assert.equal(failure(() => renderText("{{ range(10 ** 9) }}", {})).code, "expression.limit");
});

test("what comes out of a value is never taken for a template", () => {
  assert.equal(renderText("{{ x }}", { x: "{{ secret }}", secret: 1 }), "{{ secret }}");
  assert.equal(renderNative("{{ x }}", { x: "{{ secret }}", secret: 1 }), "{{ secret }}");
  assert.equal(renderNative("a {{ x }}", { x: "{{ secret }}", secret: 1 }), "a {{ secret }}");
});

test("native rendering keeps the type of a single expression and of JSON made of several", () => {
  const context = { n: 5, l: [1, "a"], d: { k: null }, s: "text", digits: "42" };
  for (const [template, expected] of [
    ["{{ n }}", 5],
    ["{{ n + 1 }}", 6],
    ["{{ n / 5 }}", 1],
    ["{{ l }}", [1, "a"]],
    ["{{ d }}", { k: null }],
    ["{{ s }}", "text"],
    ["{{ digits }}", "42"],
    ["{{ n > 1 }}", true],
    ["[{{ n }}]", [5]],
    [" {{ n }} ", 5],
    ["<{{ s }}>", "<text>"],
    ["{% if n %}{{ n }}{% endif %}", 5],
    ["{% if n %}yes{% endif %}", "yes"],
    ["plain", "plain"],
  ] as const) {
    assert.deepEqual(renderNative(template, context), expected, template);
  }
  assert.equal(failure(() => renderNative("{{ nope }}", {})).code, "expression.undefined");
  assert.equal(failure(() => renderNative("x {{ nope }}", {})).code, "expression.undefined");
});

test("the names of a template are its roots", () => {
  assert.deepEqual(
    templateNames("{{ a.b.c }}{% for i in l %}{{ i.x }}{{ range(2) }}{% endfor %}"),
    new Set(["a", "l"]),
  );
});

const keys = new Map([
  ["a", "1"],
  ["a.b", "two"],
  ["my:key", "colon"],
  ["pct", "12.5"],
  ["json", '{"x": [1]}'],
]);
const st2kv = { system: keyLookup((key) => keys.get(key)) };

test("keys are addressed by attribute, dots and subscript, and missing ones print as nothing", () => {
  for (const [template, expected] of [
    [
      "{{ st2kv.system.a }} {{ st2kv.system.a.b }} {{ st2kv.system['a.b'] }} {{ st2kv['system']['my:key'] }}",
      "1 two two colon",
    ],
    ["[{{ st2kv.system.nope }}] {{ st2kv.system.nope | default('x', true) }}", "[] x"],
    ["{{ st2kv.system.a | int + 1 }} {{ st2kv.system.pct | float * 2 }} {{ st2kv.system.a ~ '!' }}", "2 25.0 1!"],
    [
      "{{ st2kv.system.a == '1' }} {{ 'w' in st2kv.system.a.b }} {{ st2kv.system.a.b | upper }} {{ st2kv.system.a.b | length }}",
      "True True TWO 3",
    ],
    ["{{ st2kv.system.a | to_complex }} {{ [st2kv.system.a] | to_complex }} {{ [st2kv.system.a] }}", `"1" ["1"] ['1']`],
    ["{{ (st2kv.system.json | from_json_string).x[0] }} {{ st2kv.system.a.b.upper is callable }}", "1 False"],
  ] as const) {
    assert.equal(renderText(template, { st2kv }), expected, template);
  }
  assert.equal(renderNative("{{ st2kv.system.a }}", { st2kv }), "1");
  assert.deepEqual(renderNative("{{ [st2kv.system.a, 1] }}", { st2kv }), ["1", 1]);
});

test("only keys that a template uses are read, and a signal from reading passes through", () => {
  const read: string[] = [];
  const signal = Object.assign(new Error("fetch it"), { needsKey: "b" });
  const context = {
    kv: keyLookup((key) => {
      read.push(key);
      if (key === "b") throw signal;
      return "v";
    }),
  };
  assert.equal(renderText("{% if false %}{{ kv.b }}{% endif %}{{ kv.a }}", context), "v");
  assert.deepEqual(read, ["a"]);
  for (const template of [
    "{{ kv.b }}",
    "x {{ kv.b | upper }}",
    "{{ [kv.b] | to_complex }}",
    "{{ kv.b | default('x', true) }}",
  ]) {
    for (const render of [renderText, renderNative])
      assert.throws(
        () => render(template, context),
        (error) => error === signal,
        template,
      );
  }
});

test("secrets are decrypted by the function the context carries", () => {
  const context = { st2kv, [DECRYPT]: (ciphertext: string) => `plain ${ciphertext}` };
  assert.equal(renderText("{{ st2kv.system.a | decrypt_kv }}", context), "plain 1");
  assert.equal(
    failure(() => renderText("{{ st2kv.system.nope | decrypt_kv }}", context)).message,
    `Referenced datastore item "nope" doesn't exist or it contains an empty string`,
  );
  assert.match(failure(() => renderText("{{ st2kv.system.a | decrypt_kv }}", { st2kv })).message, /has no key/);
});

test("any text renders or is refused as invalid, whatever the entry", () => {
  const piece = constantFrom(
    "{{",
    "}}",
    "{%",
    "%}",
    "if",
    "x",
    "| to_complex",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    " ",
    "\n",
    "for",
    "in",
    ".",
    "kv",
    "a",
  );
  const text = array(piece, { maxLength: 20 }).map((pieces) => pieces.join(" "));
  const context = { x: 1, kv: st2kv.system };
  holds(
    property(oneof(text, anyText({ unit: "binary" })), (template) => {
      for (const render of [renderText, renderNative]) {
        try {
          render(template, context);
        } catch (error) {
          assert.ok(error instanceof Invalid, `${JSON.stringify(template)}: ${String(error)}`);
        }
      }
    }),
    { numRuns: 1000 },
  );
});
