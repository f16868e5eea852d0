import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nearest } from "./nearest.ts";

test("the candidate with the fewest slips is meant", () => {
  const words = ["execution", "action", "rule", "required", "type", "enabled"];
  assert.equal(nearest("exeuction", words), "execution");
  assert.equal(nearest("requierd", words), "required");
  assert.equal(nearest("Enable", words), "enabled");
  assert.equal(nearest("typ", words), "type");
});

test("nothing is meant when nothing is near", () => {
  assert.equal(nearest("workflow", ["action", "rule"]), undefined);
  assert.equal(nearest("x", ["action"]), undefined);
  assert.equal(nearest("anything", []), undefined);
});

test("a word with one slip in it finds the word again", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{4,12}$/), fc.nat(), (word, at) => {
      const index = at % (word.length - 1);
      const swapped = word.slice(0, index) + word.charAt(index + 1) + word.charAt(index) + word.slice(index + 2);
      const dropped = word.slice(0, index) + word.slice(index + 1);
      return nearest(swapped, [word]) === word && nearest(dropped, [word]) === word;
    }),
  );
});

test("a very long word costs no more than a short one", () => {
  assert.equal(nearest("x".repeat(1_000_000), ["execution"]), undefined);
});
