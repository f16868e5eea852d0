import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import * as fc from "fast-check";
import { pythonStr } from "./python-text.ts";

test("JSON values read exactly as Python's str() writes them", () => {
  // Which of the newest characters count as printable depends on each side's Unicode version: only old ones are used.
  // Integers beyond 2^53 and -0.0 are not the same JSON number in both languages, so they are left out.
  const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }));
  const values = fc.sample(
    fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, false),
        number,
        fc.string({ unit: "grapheme-ascii" }),
        fc.string({
          unit: fc.constantFrom(
            "'",
            '"',
            "\\",
            "\n",
            "\t",
            "\u0000",
            "\u007f",
            "é",
            "日",
            "🙂",
            "\u00ad",
            "\u2028",
            "a",
          ),
        }),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value,
    { numRuns: 500, seed: 7 },
  );
  const script = "import json,sys\nfor v in json.load(sys.stdin): print(json.dumps(str(v)))";
  const python = spawnSync("python3", ["-c", script], { input: JSON.stringify(values), encoding: "utf8" });
  assert.equal(python.stderr, "");
  const expected = python.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as string);
  values.forEach((value, at) => assert.equal(pythonStr(value), expected[at]));
});
