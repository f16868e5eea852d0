import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern } from "./pattern.ts";
import { compileSchema } from "./validate.ts";

test("patterns written for Python hold for the texts that Python lets through", () => {
  for (const [pattern, yes, no] of [
    ["^[a-z\\-\\_]+$", "a-b_c", "A"],
    ["^[\\w-.]+$", "a-b.c", "a b"],
    ["(?i)^abc$", "ABC", "abd"],
    ["\\A\\d+\\Z", "12", "12a"],
    ["^(?P<q>['\"]).*(?P=q)$", "'x'", "'x\""],
    ["^\\\\A$", "\\A", "A"],
  ] as const) {
    const compiled = compilePattern(pattern);
    assert.ok(compiled, pattern);
    assert.equal(compiled.test(yes), true, `${pattern} ${yes}`);
    assert.equal(compiled.test(no), false, `${pattern} ${no}`);
  }
});

test("a pattern that is none gives nothing, and a schema with it still checks the rest", () => {
  assert.equal(compilePattern("("), undefined);
  assert.equal(compilePattern("(?x) a b"), undefined);
  const validate = compileSchema({ type: "string", pattern: "(", maxLength: 3 });
  assert.deepEqual(validate("abc"), []);
  assert.equal(validate("abcd").length, 1);
});

test("a schema's pattern is read as Python reads it", () => {
  const validate = compileSchema({ type: "string", pattern: "(?i)^[a-z\\-\\_]+$" });
  assert.deepEqual(validate("A-B_C"), []);
  assert.deepEqual(validate("1"), [{ path: "", message: "'1' does not match '(?i)^[a-z\\-\\_]+$'" }]);
});
