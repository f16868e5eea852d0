import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { hasYaql, pieces } from "./detect.ts";

test("a text has YAQL exactly when one of its pieces is an expression", () => {
  const part = fc.constantFrom("<%", "%>", "<", "%", ">", "\n", "a", " ");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const text = parts.join("");
      assert.equal(
        hasYaql(text),
        pieces(text, "yaql").some(({ expression }) => expression !== undefined),
        JSON.stringify(text),
      );
    }),
    { numRuns: 3_000 },
  );
});

test("a text of many beginnings is looked at once", () => {
  // Looking for the end again from each of them would take minutes.
  assert.equal(hasYaql(`${"<%\n".repeat(300_000)}%>`), false);
});
