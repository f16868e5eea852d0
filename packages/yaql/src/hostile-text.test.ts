/** Whatever the text: an expression ends, within its limits, with a value or with an error of ours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { evaluate, Regex, Run, toJson, YaqlError } from "./index.ts";

const LIMITS = { maxSteps: 20_000, memoryQuota: 20_000_000 };
const DATA = { a: [1, 2.5, "x", null, { b: true }], text: "aaaa bbb 😀", n: 3 };

const PIECES = (
  "1 2.5 a $ $a $.a $.text $.n 'x' \"y\" `z` true null ( ) [ ] { } , . ?. + - * / mod and or not in = != < > <= >= =~ !~ -> => " +
  "f( len( str( let( def(f, list( dict( set( range( sequence( regex( datetime( timespan( switch( coalesce( generate( max( int( " +
  ".len() .select( .where( .toList() .sum() .join( .orderBy($) .groupBy( .split( .replace( .first() .keys() .repeat( .cycle() .search( .name [0] 99999999999999999999 \\ @ é 😀 __a $$"
).split(" ");

function endsWell(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof YaqlError, `${error instanceof Error ? error.stack : String(error)}`);
  }
}

/** Halves of surrogate pairs included. */
const codeUnit = fc
  .oneof(fc.integer({ min: 32, max: 126 }), fc.integer({ min: 0, max: 0xffff }))
  .map((n) => String.fromCharCode(n));

test("any text at all", () => {
  fc.assert(
    fc.property(fc.string({ unit: codeUnit, maxLength: 60 }), (text) =>
      endsWell(() => toJson(evaluate(text, DATA, LIMITS))),
    ),
    { numRuns: 1_000 },
  );
});

test("any sequence of pieces of the language", () => {
  const text = fc
    .array(fc.constantFrom(...PIECES), { maxLength: 14 })
    .map((pieces) => pieces.join(" ").replaceAll(" (", "("));
  fc.assert(
    fc.property(text, (source) => endsWell(() => toJson(evaluate(source, DATA, LIMITS)))),
    { numRuns: 4_000 },
  );
});

test("any expression that is one", () => {
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom(
        "1",
        "-7",
        "2.5",
        "'ab'",
        "null",
        "true",
        "$",
        "$.a",
        "$.text",
        "$.n",
        "[]",
        "{}",
        "a",
        "range(9)",
        "sequence()",
        "timespan(hours => 1)",
        "datetime(0)",
        "set(1, a)",
        "regex('(a+)+b')",
      ),
      fc
        .tuple(tie("tree"), fc.constantFrom(..."+ - * / mod and or = != < <= in =~ !~ ->".split(" ")), tie("tree"))
        .map((parts) => `(${parts.join(" ")})`),
      fc
        .tuple(
          tie("tree"),
          fc.constantFrom(
            "select",
            "where",
            "toDict",
            "groupBy",
            "repeat",
            "join",
            "aggregate",
            "get",
            "orderBy",
            "skip",
            "replace",
            "zip",
            "delete",
            "insert",
            "contains",
            "search",
            "switchCase",
            "mergeWith",
            "memorize",
            "flatten",
            "toSet",
            "keys",
          ),
          tie("tree"),
        )
        .map(([a, name, b]) => `(${a}).${name}(${b})`),
      fc
        .tuple(
          fc.constantFrom(
            "str",
            "len",
            "list",
            "set",
            "int",
            "float",
            "coalesce",
            "bool",
            "pow",
            "generate",
            "abs",
            "dict",
            "shiftBitsLeft",
            "call",
          ),
          fc.array(tie("tree"), { maxLength: 3 }),
        )
        .map(([name, args]) => `${name}(${args.join(", ")})`),
      fc.array(tie("tree"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
      // By name, values reach parameters that a text would fill with something else.
      fc
        .tuple(
          fc.constantFrom(
            ..."select aggregate groupBy join max replaceBy coalesce generate switch orderBy zip let def assert toDict search".split(
              " ",
            ),
          ),
          fc.array(tie("tree"), { maxLength: 3 }),
          fc.option(tie("tree"), { nil: undefined }),
        )
        .map(
          ([name, args, receiver]) =>
            `call(${name}, [${args.join(", ")}], {}${receiver === undefined ? "" : `, ${receiver}`})`,
        ),
    ),
  }));
  fc.assert(
    fc.property(tree, (source) => endsWell(() => toJson(evaluate(source, DATA, LIMITS)))),
    { numRuns: 3_000 },
  );
});

test("any pattern over any text", () => {
  const pattern = fc.array(
    fc.constantFrom(
      ..."a b . \\w \\d \\b ( ) (?: (?= (?! (?<= (?P<n> (?P=n) \\1 | * + ? {2,} {,3} *? ++ [ ] [^ - ^ $ (?i) (?(1)".split(
        " ",
      ),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(
      pattern,
      fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", "😀"), maxLength: 40 }),
      (pieces, text) =>
        endsWell(() => {
          const regex = new Regex(pieces.join(""));
          const run = new Run(LIMITS);
          for (const [start = 0, end = 0] of regex.all(text, run)) assert.ok(start <= end && end <= text.length);
        }),
    ),
    { numRuns: 4_000 },
  );
});
