import assert from "node:assert/strict";
import { test } from "node:test";
import type { Argument } from "./ast.ts";
import { YaqlLimitError, YaqlSyntaxError } from "./errors.ts";
import { parse, type ParseOptions } from "./parser.ts";

/** The tree with a parenthesis around everything that groups. */
function shape(node: Argument): string {
  const all = (args: readonly Argument[]) => args.map(shape).join(", ");
  switch (node.kind) {
    case "constant":
      return node.keyword ? String(node.value) : JSON.stringify(node.value);
    case "variable":
      return `$${node.name}`;
    case "call":
      return `${node.name}(${all(node.args)})`;
    case "binary":
      return `(${shape(node.left)} ${node.operator} ${shape(node.right)})`;
    case "unary":
      return `(${node.operator} ${shape(node.operand)})`;
    case "index":
      return `${shape(node.target)}[${all(node.args)}]`;
    case "list":
      return `[${all(node.args)}]`;
    case "map":
      return `{${all(node.args)}}`;
    case "parenthesis":
      return shape(node.inner);
    case "invoke":
      return `call(${shape(node.target)}; ${all(node.args)})`;
    case "pair":
      return `${shape(node.key)} => ${shape(node.value)}`;
    case "skipped":
      return "_";
  }
}
const grouped = (text: string, options?: ParseOptions) => shape(parse(text, options));

test("operators group by how tight they bind, to the left, and arrows to the right", () => {
  assert.equal(grouped("1 + 2 * 3 - 4"), "((1 + (2 * 3)) - 4)");
  assert.equal(grouped("-1.abs()"), "(- (1 . abs()))");
  assert.equal(grouped("'a' + 'b' =~ 'ab'"), '("a" + ("b" =~ "ab"))');
  assert.equal(grouped("not 1 in [1] and true or false"), "(((not (1 in [1])) and true) or false)");
  assert.equal(grouped("1 < 2 = true"), "((1 < 2) = true)");
  assert.equal(grouped("let(a => 1) -> let(b => 2) -> $a"), "(let(a => 1) -> (let(b => 2) -> $a))");
  assert.equal(grouped("-$.a[0].b"), "(- ($1 . a)[0])".replace("($1 . a)[0]", "(($1 . a)[0] . b)"));
  assert.equal(grouped("1 * not 2 + 3"), "(1 * (not (2 + 3)))");
});

test("arguments may be left out between commas but not at the end, and pairs come last", () => {
  assert.equal(grouped("f(,1,,2, k => v)"), "f(_, 1, _, 2, k => v)");
  assert.equal(grouped("f(a,, k => v)"), "f(a, _, k => v)");
  for (const text of ["f(1,)", "f(,)", "f(a => 1, 2)", "f(, a => 1)", "f(1,,, a => 1)"]) {
    assert.throws(() => parse(text), YaqlSyntaxError, text);
  }
});

test("values can be called only with delegates, and then looser than any operator", () => {
  assert.equal(grouped("1 + $f(2)", { delegates: true }), "call((1 + $f); 2)");
  assert.throws(() => parse("$f(2)"), { message: "Parse error: unexpected '(' at position 2 of expression '$f(2)'" });
});

test("nodes know where they stand in the text", () => {
  const root = parse("$.a + foo( 'b' )");
  assert.ok(root.kind === "binary");
  assert.deepEqual([root.left.start, root.left.end, root.right.start, root.right.end], [0, 3, 6, 16]);
});

test("strings decode their escapes, verbatim ones do not", () => {
  const value = (text: string) => (parse(text) as { value?: unknown }).value;
  assert.equal(value(String.raw`'\x41\u0042\103\n\'\q'`), "ABC\n'\\q");
  assert.equal(value("`a\\n\\``"), "a\\n`");
  assert.equal(value("'\\U0001F600'"), "😀");
});

test("errors say what stands where it should not", () => {
  const message = (text: string) => {
    try {
      parse(text);
    } catch (error) {
      assert.ok(error instanceof YaqlSyntaxError);
      return `${error.class} ${error.position}: ${error.message}`;
    }
    return undefined;
  };
  assert.equal(message("1 +"), "grammar 3: Parse error: unexpected end of statement");
  assert.equal(message("1 2"), "grammar 2: Parse error: unexpected '2' at position 2 of expression '1 2'");
  assert.equal(message("a @"), "lexical 2: Lexical error: illegal character '@' at position 2");
  // Positions for people count characters.
  assert.equal(message("'😀' @"), "lexical 5: Lexical error: illegal character '@' at position 4");
  // What is wrong first is reported first.
  assert.equal(message("1 2 @"), "grammar 2: Parse error: unexpected '2' at position 2 of expression '1 2 @'");
  assert.match(message("len (x)") ?? "", /unexpected '\('/);
  assert.match(message("__abc") ?? "", /illegal character '_' at position 0/);
  assert.match(message("1e5") ?? "", /illegal character '1' at position 0/);
});

test("a text nested beyond reason is refused", () => {
  for (const text of ["(".repeat(5_000), "[".repeat(5_000), "-".repeat(5_000), `1${"+1".repeat(5_000)}`]) {
    assert.throws(() => parse(text), YaqlLimitError);
  }
});
