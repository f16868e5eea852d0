import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { pythonStr } from "../python-text.ts";
import { parsePythonLiteral } from "./python-literal.ts";

test("literals read as Python reads them", () => {
  const cases: [string, unknown][] = [
    ["{'a': 1, \"b\": [True, None,], 'c': (1, 2)}", { a: 1, b: [true, null], c: [1, 2] }],
    ["('one' \"two\")", "onetwo"],
    ["(1,)", [1]],
    ["-1_000.5e1", -10005],
    ["u'\\x41\\u00e9\\q\\''", "Aé\\q'"],
    ["{1: 2, None: 3}", { "1": 2, null: 3 }],
  ];
  for (const [text, value] of cases) assert.deepEqual(parsePythonLiteral(text)?.value, value, text);
});

test("what is no literal is refused", () => {
  for (const text of [
    "",
    "open('x')",
    "{'a'}",
    "[1",
    "'a",
    "a",
    "1 2",
    "{'a': 1} x",
    "[".repeat(5000),
    "{[]: 1}",
    "'\\UFFFFFFFF'",
  ])
    assert.equal(parsePythonLiteral(text), undefined, text);
});

test("whatever pythonStr writes reads back as the same value", () => {
  const json = fc.oneof(
    fc.array(fc.jsonValue()),
    fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
  );
  fc.assert(
    fc.property(json, (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value)); // without -0
      assert.deepEqual(parsePythonLiteral(pythonStr(plain))?.value, plain);
    }),
  );
});
