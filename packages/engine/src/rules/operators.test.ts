import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCriteria, OPERATORS } from "./operators.ts";

const NOW = Date.UTC(2024, 4, 17, 12) * 1000;
const context = { variables: {}, now: NOW };

function decide(operator: string, value: unknown, pattern: unknown): boolean | "error" {
  try {
    const make = OPERATORS.get(operator);
    assert.ok(make, operator);
    return make(pattern)(value, context);
  } catch {
    return "error";
  }
}

/** operator, value, pattern, what Python's operators say */
const TABLE: readonly [string, unknown, unknown, boolean | "error"][] = [
  ["eq", "1", 1, false],
  ["eq", 1, 1, true],
  ["eq", true, 1, true],
  ["eq", false, 0, true],
  ["eq", "true", true, false],
  ["equals", [1, { a: [true] }], [1, { a: [1] }], true],
  ["eq", { a: 1, b: 2 }, { b: 2, a: 1 }, true],
  ["eq", { a: 1 }, { a: 1, b: null }, false],
  ["eq", null, null, false],
  ["eq", null, "", false],
  ["neq", null, "a", true],
  ["neq", null, null, false],
  ["neq", 1, null, true],
  ["nequals", "a", "a", false],
  ["ieq", "ProD", "prod", true],
  ["iequals", "a", "b", false],
  ["ieq", 5, "5", "error"],
  ["ieq", "5", 5, "error"],
  ["contains", "abc", "b", true],
  ["contains", ["a", 1], true, true],
  ["contains", [[1]], [1], true],
  ["contains", { key: 1 }, "key", true],
  ["contains", { key: 1 }, "constructor", false],
  ["contains", { key: 1 }, ["key"], "error"],
  ["contains", "abc", 1, "error"],
  ["contains", 5, 5, "error"],
  ["ncontains", "abc", "x", true],
  ["ncontains", ["a"], "a", false],
  ["icontains", "ABC", "b", true],
  ["icontains", ["ABC"], "abc", "error"],
  ["incontains", "ABC", "b", false],
  ["incontains", "ABC", "x", true],
  ["startswith", "abc", "ab", true],
  ["startswith", "abc", "AB", false],
  ["istartswith", "abc", "AB", true],
  ["endswith", "abc", "bc", true],
  ["iendswith", "abc", "BC", true],
  ["endswith", ["c"], "c", "error"],
  ["lt", 1, 2, true],
  ["lessthan", 2, 1.5, false],
  ["lt", false, 1, true],
  ["lt", "a", "b", true],
  ["lt", "10", 9, "error"],
  ["lt", [1, 2], [1, 3], true],
  ["lt", [1], [1, 0], true],
  ["lt", { a: 1 }, { a: 2 }, "error"],
  ["gt", "\u{1F600}", "\uFFFD", true],
  ["gt", 3, 2, true],
  ["greaterthan", 2, 2, false],
  ["in", "a", ["a", "b"], true],
  ["inside", "b", "abc", true],
  ["in", 1, [true], true],
  ["in", 1, "123", "error"],
  ["in", "key", { key: 0 }, true],
  ["in", "a", 5, "error"],
  ["in", null, ["a"], false],
  ["in", null, [null], true],
  ["nin", null, ["a"], true],
  ["ninside", "a", ["a"], false],
  ["in", null, "abc", "error"],
  ["regex", "an error 503", "error \\d+", true],
  ["regex", "ERROR", "error", false],
  ["iregex", "ERROR", "error", true],
  ["regex", 503, "503", "error"],
  ["regex", "a", "(", "error"],
  ["matchregex", "first\nsecond", "first.second", true],
  ["matchregex", "the first", "first", false],
  ["matchwildcard", "web-01.example.org", "web-*.example.*", true],
  ["matchwildcard", "web-01", "web", false],
  ["matchwildcard", "web-5", "web-[!0-3]", true],
  ["td_lt", "2024-05-17T11:59:00Z", 61, true],
  ["timediff_lt", "2024-05-17T11:59:00Z", 60, false],
  ["td_gt", "2024-05-17 13:00:00+02:00", 3599, true],
  ["timediff_gt", "May 17, 2024 11:00 AM", 3601, false],
  ["td_gt", "soon", 5, "error"],
  ["td_gt", "2024-05-17", "5", "error"],
  ["td_lt", 1700000000, 5, "error"],
  ["exists", null, true, false],
  ["exists", 0, true, true],
  ["exists", "", null, true],
  ["nexists", null, true, true],
  ["nexists", false, true, false],
];

test("every operator decides as StackStorm's does", () => {
  for (const [operator, value, pattern, expected] of TABLE) {
    assert.equal(decide(operator, value, pattern), expected, JSON.stringify([operator, value, pattern]));
  }
  assert.deepEqual([...new Set(TABLE.map(([operator]) => operator))].sort(), [...OPERATORS.keys()].sort());
});

test("a missing field fails every operator that needs a value, even ncontains", () => {
  const decided = ["eq", "equals", "neq", "nequals", "exists", "nexists", "in", "inside", "nin", "ninside"];
  for (const operator of OPERATORS.keys()) {
    if (!decided.includes(operator)) assert.equal(decide(operator, null, "x"), "error", operator);
  }
});

test("a null pattern holds for no value, except with neq, exists and nexists", () => {
  for (const operator of OPERATORS.keys()) {
    if (["neq", "nequals", "exists"].includes(operator)) assert.equal(decide(operator, "x", null), true, operator);
    else assert.equal(decide(operator, "x", null), false, operator);
  }
});

test("criteria are refused in StackStorm's words", () => {
  assert.deepEqual(
    checkCriteria({ "trigger.a": { type: "eq", pattern: 0 }, "trigger.b": { type: "search", pattern: {} } }),
    [],
  );
  assert.deepEqual(checkCriteria({ "trigger.a": { pattern: 1 } }), ["Operator not specified for field: trigger.a"]);
  assert.deepEqual(checkCriteria({ "trigger.a": { type: "exists" } }), [
    "For field: trigger.a, no pattern specified for operator exists",
  ]);
  assert.match(
    checkCriteria({ "trigger.a": { type: "EQ", pattern: 1 } })[0] ?? "",
    /^For field: trigger\.a, operator EQ not in list of allowed operators: \['matchwildcard', .*'search'\]$/,
  );
});
