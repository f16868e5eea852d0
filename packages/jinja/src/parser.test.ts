import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as holds, bigInt, constantFrom, property, string as anyText } from "fast-check";
import { createEnvironment } from "./environment.ts";
import { JinjaError } from "./errors.ts";

const environment = createEnvironment({
  trimBlocks: true,
  lstripBlocks: true,
  limits: { steps: 20_000, output: 100_000 },
});
const context = { a: 1, b: "text", c: [1, "x", null], d: { k: { n: 2.5 }, items: [] }, f: 1.5 };

/** Pieces of the language, so that random texts get past the lexer. */
const piece = constantFrom(
  ..."{{ }} {% %} {# #} {%- -%} {{- -}} ( ) [ ] { } . , : | ~ + - * / // % ** == != < > <= >= = ; ' \" \\ \n \r\n 1 0 2.5 1e3 0x1f 99999999999999999999".split(
    " ",
  ),
  ..."a b c d f k if else elif endif for in not and or is endfor recursive loop set endset macro endmacro call endcall filter endfilter raw endraw".split(
    " ",
  ),
  ..."with endwith block endblock autoescape endautoescape upper join map select sort defined none true range namespace format split append items".split(
    " ",
  ),
  " ",
  "  ",
  "'x'",
  "'%s'",
  "caller",
  "self",
  "varargs",
  "é",
  "😀",
  "\u2028",
  "\0",
);
const soup = array(piece, { maxLength: 40 }).map((pieces) => pieces.join(" "));
const expressionSoup = array(piece, { maxLength: 14 }).map((pieces) => `{{ ${pieces.join(" ")} }}`);

function survives(text: string): void {
  try {
    const template = environment.compile(text);
    template.render(context);
    template.expression?.(context);
  } catch (error) {
    assert.ok(
      error instanceof JinjaError,
      `${JSON.stringify(text)} throws ${String(error)}\n${(error as Error).stack}`,
    );
    assert.ok(error.line === undefined || error.line >= 1);
  }
}

test("any text either renders or fails with an error of ours", () => {
  holds(property(anyText({ maxLength: 60, unit: "binary" }), survives), { numRuns: 500 });
  holds(property(soup, survives), { numRuns: 2000 });
  holds(property(expressionSoup, survives), { numRuns: 3000 });
});

test("text without tags prints as it is, but for newlines", () => {
  holds(
    property(
      anyText({ unit: "grapheme" }).filter((text) => !text.includes("{")),
      (text) => {
        const expected = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
        assert.equal(environment.compile(text).render(), expected);
      },
    ),
  );
});

test("a text printed as a Python literal reads back as itself", () => {
  holds(
    property(anyText({ unit: "binary" }), (text) => {
      const literal = environment.compile("{{ [x] }}").render({ x: text });
      assert.deepEqual(environment.compileExpression(literal).evaluate(), [text]);
    }),
  );
});

test("whole-number arithmetic is exact at any size", () => {
  holds(
    property(bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (a, b) => {
      const value = (operator: string): string => environment.compile(`{{ (${a}) ${operator} (${b}) }}`).render();
      assert.equal(value("+"), String(a + b));
      assert.equal(value("*"), String(a * b));
      if (b !== 0n) assert.equal(BigInt(value("//")) * b + BigInt(value("%")), a);
    }),
  );
});

test("subscripts inside subscripts are read once, not once per level", () => {
  // Reading each twice would take 2^60 steps.
  assert.equal(environment.compile(`{{ a${"[a".repeat(60)}${"]".repeat(60)} is defined }}`).names.size, 1);
  assert.equal(environment.compile("{{ c[1:][0] }}{{ c[:-1] }}{{ c[::2][1:2] }}").render(context), "x[1, 'x'][None]");
});
