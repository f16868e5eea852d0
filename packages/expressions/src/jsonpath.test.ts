import assert from "node:assert/strict";
import { test } from "node:test";
import { Invalid } from "@squall/model";
import { array, assert as holds, constantFrom, jsonValue, oneof, property, string as anyText } from "fast-check";
import { jsonpath } from "./jsonpath.ts";

const value = {
  trigger: {
    status: "ok",
    body: { commits: [{ id: "a" }, { id: "b" }, { id: null }], "odd key": 1, "a.b": 2 },
    headers: { "X-Event": "push" },
    headers_lower: { "x-hook-id": 7 },
    none: null,
  },
};

test("queries select as jsonpath-rw does", () => {
  for (const [query, expected] of [
    ["trigger.status", ["ok"]],
    ["$.trigger.status", ["ok"]],
    ["$", [value]],
    ["trigger.body.commits[0].id", ["a"]],
    ["trigger.body.commits[-1].id", [null]],
    ["trigger.body.commits[9].id", []],
    ["trigger.body.commits[*].id", ["a", "b", null]],
    ["trigger.body.commits[1:].id", ["b", null]],
    ["trigger.body.commits[::2].id", ["a", null]],
    ["trigger.headers['X-Event']", ["push"]],
    ['trigger.headers_lower."x-hook-id"', [7]],
    ["trigger.headers_lower.x-hook-id", [7]],
    ["trigger.body['odd key']", [1]],
    ["trigger.body['a.b']", [2]],
    ["trigger.*.commits[0].id", ["a"]],
    ["trigger.status[*]", ["ok"]],
    ["trigger..id", ["a", "b", null]],
    ["$..commits[0].id", ["a"]],
    ["trigger.headers['X-Event', 'X-Other']", ["push"]],
    ["trigger.none", [null]],
    ["trigger.nope.deeper", []],
    ["trigger.__proto__", []],
    ["trigger.constructor.name", []],
  ] as const) {
    assert.deepEqual(jsonpath(query)(value), expected, query);
  }
});

test("what is no query is refused with its column", () => {
  for (const query of ["", " ", "a.", "a[", "a[0", "a..", "a[?(@.b > 1)]", "a b", "a['b", ".a", "a[]", "a]"]) {
    assert.throws(
      () => jsonpath(query),
      (error) => error instanceof Invalid && /column|empty/.test(error.message),
      query,
    );
  }
});

test("any text is a query or is refused", () => {
  const piece = constantFrom(
    "a",
    "b",
    ".",
    "..",
    "[",
    "]",
    "*",
    "$",
    "0",
    "-1",
    ":",
    "'",
    '"',
    ",",
    " ",
    "\\",
    "@",
    "é",
  );
  holds(
    property(
      oneof(
        array(piece, { maxLength: 12 }).map((all) => all.join("")),
        anyText({ unit: "binary" }),
      ),
      jsonValue(),
      (query, json) => {
        try {
          assert.ok(Array.isArray(jsonpath(query)(json)));
        } catch (error) {
          assert.ok(error instanceof Invalid, `${JSON.stringify(query)}: ${String(error)}`);
        }
      },
    ),
  );
});

test("a query that selects without end is stopped", () => {
  const wide = { a: Array.from({ length: 300 }, () => ({ a: Array.from({ length: 300 }, () => ({ a: [1] })) })) };
  assert.throws(() => jsonpath("$..*..*..*..*")(wide), Invalid);
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = { a: deep };
  assert.throws(() => jsonpath("$..b")(deep), Invalid);
});
