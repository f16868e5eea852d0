import assert from "node:assert/strict";
import { test } from "node:test";
import { Invalid } from "./errors.ts";
import { boundedPattern } from "./bounded-pattern.ts";
import { compileSchema } from "./validate.ts";

test("a pattern that would take for ever is stopped, in schemas too, and works on for other texts", () => {
  const isMatch = boundedPattern("^(a+)+$");
  const hostile = `${"a".repeat(60)}!`;
  const tooSlow = (error: unknown) => error instanceof Invalid && error.code === "schema.pattern-too-slow";
  assert.throws(() => isMatch?.(hostile), tooSlow);
  assert.equal(isMatch?.("a".repeat(60)), true);
  const validate = compileSchema({
    properties: { s: { pattern: "^(a+)+$" } },
    patternProperties: { "^(b+)+$": { type: "integer" } },
  });
  assert.throws(() => validate({ s: hostile }), tooSlow);
  assert.throws(() => validate({ [`${"b".repeat(60)}!`]: 1 }), tooSlow);
  assert.equal(validate({ s: "aa!" }).length, 1);
});
