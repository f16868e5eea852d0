import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOutput } from "./parse-output.ts";

test("JSON is parsed, after one newline and one carriage return are taken away", () => {
  const cases: [string, unknown][] = [
    ["5\n", 5],
    ["true\r\n", true],
    ["null", null],
    [' {"a": [1.5, "x"]}\n', { a: [1.5, "x"] }],
    ['"quoted"\n', "quoted"],
    ["text\n\n", "text\n"],
    ["text\r\n", "text"],
    ["\n", ""],
    ["", ""],
    ["nan", "nan"],
    ["NaN", "NaN"],
    ["5 apples", "5 apples"],
    ["1.2.3.4", "1.2.3.4"],
    ["{'python': 1}", "{'python': 1}"],
  ];
  for (const [output, value] of cases) assert.deepEqual(parseOutput(output), value, JSON.stringify(output));
});

test("numbers that JavaScript cannot hold stay text, digit for digit", () => {
  assert.equal(parseOutput("12345678901234567890\n"), "12345678901234567890");
  assert.deepEqual(parseOutput('{"id": 9007199254740993, "n": 9007199254740991}'), {
    id: "9007199254740993",
    n: 9007199254740991,
  });
  assert.equal(parseOutput("1e999"), "1e999");
});

test("JSON too deep to be walked later stays text, and brackets in strings do not count", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  assert.equal(parseOutput(deep), deep);
  assert.deepEqual(parseOutput(JSON.stringify(["[".repeat(1000)])), ["[".repeat(1000)]);
});

test("a member called __proto__ is a member and nothing else", () => {
  const parsed = parseOutput('{"__proto__": {"polluted": 1}}');
  assert.deepEqual(Object.keys(parsed as object), ["__proto__"]);
  assert.equal((parsed as { polluted?: number }).polluted, undefined);
});
