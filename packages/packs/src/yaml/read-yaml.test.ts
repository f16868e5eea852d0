import assert from "node:assert/strict";
import { test } from "node:test";
import { SquallError } from "@squall/model";
import * as fc from "fast-check";
import { MAX_YAML_BYTES, readYaml } from "./read-yaml.ts";

test("further lines inside quotes and brackets may be indented less than what is around them, as PyYAML has it", () => {
  const { value, positions } = readYaml("a:\n  b: '{{ x |\n y }}'\n  c: [1,\n  2\n]\n  d: \"e\n\n f\"\nend: 1\n");
  assert.deepEqual(value, { a: { b: "{{ x | y }}", c: [1, 2], d: "e\nf" }, end: 1 });
  assert.deepEqual(positions.at(["a", "c", 1]), { line: 5, column: 3 });
  assert.deepEqual(positions.at(["a", "d"]), { line: 7, column: 3 });
  assert.deepEqual(positions.at(["end"]), { line: 10, column: 1 });
  assert.throws(() => readYaml("a:\n  b: 'open\nc: 1\nd: 2\n"), /deficient indentation/);
});

test("every value has the place of its key, or its own where it has none", () => {
  const { positions } = readYaml("---\n# a comment\na:\n  b: [1, {c: 2}]\n  'd e': |\n    text\nf:\n- x\n-\n  g: 1\n");
  const at = (...path: (string | number)[]) => {
    const { line, column } = positions.at(path);
    return `${line}:${column}`;
  };
  assert.equal(at(), "3:1");
  assert.equal(at("a"), "3:1");
  assert.equal(at("a", "b"), "4:3");
  assert.equal(at("a", "b", 0), "4:7");
  assert.equal(at("a", "b", 1, "c"), "4:11");
  assert.equal(at("a", "d e"), "5:3");
  assert.equal(at("f", 0), "8:3");
  assert.equal(at("f", 1, "g"), "10:3");
});

test("a path that is not there has the place of its nearest ancestor", () => {
  const { positions } = readYaml("a:\n  b: 1\n");
  assert.deepEqual(positions.at(["a", "x", "y"]), { line: 1, column: 1 });
  assert.deepEqual(positions.at(["a", "b", "c"]), { line: 2, column: 3 });
});

test("lines end with LF, CRLF or CR", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    assert.deepEqual(readYaml(`a: 1${end}b: 2${end}c: 3`).positions.at(["c"]), { line: 3, column: 1 });
  }
});

test("a merged member is where it was written", () => {
  const { positions } = readYaml("base: &b\n  x: 1\nuse:\n  <<: *b\n  y: 2\n");
  assert.deepEqual(positions.at(["use", "x"]), { line: 2, column: 3 });
});

test("an error names file, line and column", () => {
  assert.throws(() => readYaml("a: 1\nb: [\n", "actions/x.yaml"), {
    code: "yaml.invalid",
    at: { file: "actions/x.yaml", line: 3, column: 1 },
  });
});

test("a text over the limit, too deep a nesting and growth by aliases or merges are refused", () => {
  assert.throws(() => readYaml("x".repeat(MAX_YAML_BYTES + 1)), { code: "yaml.too-large" });
  assert.throws(() => readYaml("[".repeat(101) + "]".repeat(101)), {
    code: "yaml.invalid",
    message: /nesting exceeded/,
  });
  const long = `a: &a ${"x".repeat(100_000)}\nb: [${Array(200).fill("*a").join(", ")}]\n`;
  assert.throws(() => readYaml(long), /aliases here grow the document/);
  const merges = ["m0: &m0 {k: [x, x, x, x, x, x, x, x, x, x]}"];
  for (let level = 1; level < 10; level++) {
    const keys = Array.from({ length: 10 }, (_, index) => `k${level}${index}: *m${level - 1}`).join(", ");
    merges.push(`m${level}: &m${level} {<<: *m${level - 1}, ${keys}}`);
  }
  assert.throws(() => readYaml(merges.join("\n")), /aliases here grow the document/);
});

test("no text and no bytes do anything but give a value or an error that says where", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "\n",
      "  ",
      "- ",
      "? ",
      ": ",
      "a: ",
      "&a ",
      "*a",
      "!!int ",
      "<<: ",
      "{",
      "}",
      "[",
      "]",
      ", ",
      "'",
      '"',
      "|\n",
      "#",
      "\t",
      "---\n",
      "%",
    ),
    fc.string({ maxLength: 4 }),
  );
  const check = (text: string | Uint8Array) => {
    try {
      readYaml(text, "f.yaml");
    } catch (thrown) {
      assert.ok(thrown instanceof SquallError, String(thrown));
      assert.ok((thrown.at?.line ?? 0) >= 1 && (thrown.at?.column ?? 0) >= 1, JSON.stringify(thrown.at));
    }
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => check(pieces.join(""))),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), check), { numRuns: 300 });
});
