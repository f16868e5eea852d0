import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { scriptArguments } from "./arguments.ts";

const none = new Set<string>();

test("named arguments come first, positional ones after them in the order of their positions", () => {
  const schema = { second: { type: "string", position: 1 }, first: { type: "string", position: 0 } } as const;
  assert.deepEqual(scriptArguments({ second: "b", name: "x", first: "a" }, schema, none, "--"), ["--name=x", "a", "b"]);
});

test("named values: true is a flag, what is false or empty is left out, the rest reads as in Python", () => {
  const values = { flag: true, off: false, nothing: null, empty: "", list: [1, "a"], map: { k: null }, zero: 0 };
  assert.deepEqual(scriptArguments(values, {}, none, "-"), ["-flag", "-list=[1, 'a']", "-map={'k': None}", "-zero=0"]);
});

test("positional values follow their type, and an integer 0 becomes empty", () => {
  const cases: [string, unknown, string][] = [
    ["string", "a b", "a b"],
    ["string", null, ""],
    ["number", 1.5, "1.5"],
    ["boolean", true, "1"],
    ["boolean", false, "0"],
    ["boolean", null, ""],
    ["array", ["a", 1, true], "a,1,True"],
    ["object", { a: [1] }, '{"a":[1]}'],
    ["null", null, ""],
    ["integer", 3, "3"],
    ["integer", 0, ""],
  ];
  for (const [type, value, expected] of cases)
    assert.deepEqual(
      scriptArguments({ p: value }, { p: { type, position: 0 } as never }, none, "--"),
      [expected],
      `${type} ${JSON.stringify(value)}`,
    );
});

test("a positional parameter without a value still takes its place; the runner's own are not passed", () => {
  const schema = { a: { type: "string", position: 0 }, timeout: { type: "integer", position: 1 } } as const;
  assert.deepEqual(scriptArguments({ timeout: 5 }, schema, new Set(["timeout"]), "--"), [""]);
});

test("every positional parameter gives exactly one argument, in its place, whatever the values", () => {
  const parameter = fc.record({
    type: fc.constantFrom("string", "number", "integer", "boolean", "array", "object", "null"),
    value: fc.jsonValue(),
    isPositional: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(parameter, { maxLength: 8 }), (parameters) => {
      const values = Object.fromEntries(parameters.map((one, at) => [`p${at}`, one.value]));
      const schema = Object.fromEntries(
        parameters.map((one, at) => [
          `p${at}`,
          one.isPositional ? { type: one.type, position: at } : { type: one.type },
        ]),
      ) as never;
      const all = scriptArguments(values, schema, none, "--");
      const positional = parameters.filter((one) => one.isPositional).length;
      const named = all.slice(0, all.length - positional);
      assert.ok(named.every((one) => /^--p\d+(=|$)/.test(one)));
      const without = parameters.filter(
        (one) => !one.isPositional && (one.value === null || one.value === false || one.value === ""),
      );
      assert.equal(named.length, parameters.length - positional - without.length);
      assert.ok(all.every((one) => typeof one === "string"));
    }),
  );
});
