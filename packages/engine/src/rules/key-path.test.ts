import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonpath } from "@squall/expressions";
import * as fc from "fast-check";
import { plainPath, walk, withoutSuffix } from "./key-path.ts";

test("plain keys are told from JSONPath that is more", () => {
  assert.deepEqual(plainPath("trigger.body.status"), ["trigger", "body", "status"]);
  assert.deepEqual(plainPath("$.trigger.a-b._c.@type"), ["trigger", "a-b", "_c", "@type"]);
  assert.deepEqual(plainPath(`trigger.headers['X-A b'].c."d.e"["f"][12]`), [
    "trigger",
    "headers",
    "X-A b",
    "c",
    "d.e",
    "f",
    12,
  ]);
  for (const query of [
    "a[*]",
    "a..b",
    "a.*",
    "a[1:2]",
    "a[-1]",
    "a['b','c']",
    "a.",
    "a.[0]",
    "a.1",
    "",
    ".a",
    "a b",
    "a['b",
    "a.'b\\'c'",
  ]) {
    assert.equal(plainPath(query), undefined, query);
  }
});

test("a suffix is cut at # outside of quotes", () => {
  assert.equal(withoutSuffix("trigger.a#1"), "trigger.a");
  assert.equal(withoutSuffix("trigger['a#b'].c#2#3"), "trigger['a#b'].c");
  assert.equal(withoutSuffix(`trigger."it's #1"#x`), `trigger."it's #1"`);
});

test("walking a plain key finds what JSONPath finds first", () => {
  const name = fc.constantFrom("a", "b", "X-Y", "_z", "constructor", "length", "0");
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(1, "text", null, true),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(name, tie("node"), { maxKeys: 3 }),
    ),
  })).node;
  const step = fc.oneof(
    name.filter((one) => one !== "0").map((one) => `.${one}`),
    name.map((one) => `['${one}']`),
    name.map((one) => `."${one}"`),
    fc.nat(3).map((index) => `[${index}]`),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4 }), tree, (steps, trigger) => {
      const query = `trigger${steps.join("")}`;
      const path = plainPath(query);
      assert.ok(path, query);
      assert.deepEqual(walk({ trigger }, path) ?? null, jsonpath(query)({ trigger })[0] ?? null);
    }),
    { numRuns: 2000 },
  );
});
