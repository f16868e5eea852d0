import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePythonRegex, MAX_SUBJECT } from "./python-regex.ts";

/** pattern, text, what Python 3.11's re.search says */
const TABLE: readonly [string, string, boolean][] = [
  ["^a$", "a\n", true],
  ["^a$", "a\nb", false],
  ["(?m)^b$", "a\nb\nc", true],
  ["a\\Z", "a\n", false],
  ["\\Aa", "ba", false],
  ["(?P<word>err\\w*)", "an error", true],
  ["(?P<c>a)(?P=c)", "aa", true],
  ["(a)\\1", "ab", false],
  ["a.c", "a\nc", false],
  ["(?s)a.c", "a\nc", true],
  ["a.c", "a\u2028c", true],
  ["(?i)ERROR", "an error", true],
  ["(?i:E)rror", "eRROR", false],
  ["(?x) a \\  b # comment", "a b", true],
  ["\\w+é", "ßé", true],
  ["(?a)^\\w$", "é", false],
  ["^\\d$", "٣", true],
  ["\\bé\\b", "a é b", true],
  ["[^\\W\\d_]", "1_", false],
  ["[^\\W\\d_]", "1_é", true],
  ["[\\W]", "é", false],
  ["[]a]+", "]", true],
  ["[[]", "[", true],
  ["{x}", "{x}", true],
  ["a{,2}b", "aab", true],
  ["^x{1200}$", "x".repeat(1200), true],
  ["(?<!un)known", "unknown", false],
  ["(?=.*a)(?=.*b)", "b a", true],
  ["(?=a)?b", "b", true],
  ["\\x41\\u00e9\\101", "AéA", true],
  ["a(?#note)b", "ab", true],
  ["/\\.[^/]+$", "dir/.hidden", true],
];

test("patterns mean what Python means by them", () => {
  for (const [pattern, text, expected] of TABLE) {
    assert.equal(compilePythonRegex(pattern)(text), expected, JSON.stringify([pattern, text]));
  }
});

test("what is no pattern, or cannot be translated, is refused with its place", () => {
  for (const pattern of ["(", "a)", "[a", "*a", "\\", "\\q", "(?z)", "[b-a]", "(?P<a", "a++", "(?>a)", "(a)(?(1)b)"]) {
    assert.throws(() => compilePythonRegex(pattern), { code: "rule.regex-invalid" }, pattern);
  }
});

test("a pattern that would explode elsewhere is decided over a hostile value", () => {
  const hostile = `${"a".repeat(100_000)}b`;
  assert.equal(compilePythonRegex("(a+)+$")(hostile), false);
  assert.equal(compilePythonRegex("(a|aa)*c")(hostile), false);
});

test("a pattern with lookaround that explodes is stopped and said to be too slow", () => {
  const matches = compilePythonRegex("(?=a)(a+)+$");
  assert.throws(() => matches(`${"a".repeat(60)}b`), { code: "rule.regex-too-slow" });
  assert.equal(matches("aaa"), true);
});

test("a pattern that is linear but large is stopped too, and works again on the next value", () => {
  const matches = compilePythonRegex("[a-z]{1,900}$");
  assert.throws(() => matches(`${"a".repeat(500_000)}.`), { code: "rule.regex-too-slow" });
  assert.equal(matches("abc"), true);
  assert.throws(() => compilePythonRegex("a".repeat(10_001)), { code: "rule.regex-invalid" });
});

test("values beyond the bound are not looked at", () => {
  assert.throws(() => compilePythonRegex("a")("b".repeat(MAX_SUBJECT + 1)), { code: "rule.regex-subject-too-long" });
});
