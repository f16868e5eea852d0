import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callFunction,
  compile,
  createCompiler,
  createContext,
  evaluate,
  type Lambda,
  PyFloat,
  registerFunction,
  resultText,
  toJson,
  YaqlError,
  YaqlKeyError,
  YaqlLimitError,
} from "./index.ts";

const value = (text: string, data?: unknown) => toJson(evaluate(text, data));
const errorOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof YaqlError) return `${error.class}: ${error.message}`;
    throw error;
  }
  return "none";
};

test("one compiled expression serves many data", () => {
  const expression = compile("$.servers.where($.cpu > 2).name");
  assert.deepEqual(
    expression.evaluate({
      servers: [
        { name: "a", cpu: 4 },
        { name: "b", cpu: 1 },
      ],
    }),
    ["a"],
  );
  assert.deepEqual(expression.evaluate({ servers: [] }), []);
});

test("a compiler keeps what was used lately", () => {
  const compileCached = createCompiler({ cacheSize: 2 });
  const one = compileCached("1");
  assert.equal(compileCached("1"), one);
  compileCached("2");
  compileCached("1");
  compileCached("3");
  assert.equal(compileCached("1"), one);
  const two = compileCached("2");
  assert.equal(compileCached("2"), two);
  assert.throws(() => compileCached("1 +"), YaqlError);
});

test("an expression tells what it mentions", () => {
  const { names } = compile("ctx(a).where($x = $.y).select(f(1)) + f($)");
  assert.deepEqual(names, { variables: ["x", "1"], functions: ["ctx", "f"], methods: ["where", "select"] });
});

test("functions of one's own are chosen by the types of their arguments, before the library's", () => {
  const context = createContext();
  registerFunction(context, "len(value: int)", (_context, n) => n * 100);
  registerFunction(context, "twice(value: any)", (_context, v) => [v, v], { kind: "both" });
  const run = (text: string) => compile(text).evaluate(undefined, context);
  assert.equal(run("len(3)"), 300);
  assert.equal(run("len([1, 2])"), 2);
  assert.deepEqual(run("[twice(1), 2.twice()]"), [
    [1, 1],
    [2, 2],
  ]); // prettier-ignore
  assert.equal(
    errorOf(() => evaluate("twice(1)")),
    'unknown_function: Unknown function "twice"',
  );
});

test("a function can take arguments by name, with defaults, all the rest, and lazily", () => {
  const context = createContext();
  registerFunction(context, "f(a: any, b: int = 7, *rest: any, **named: any)", (_context, a, b, rest, named) => [
    a,
    b,
    rest,
    Object.fromEntries(named),
  ]);
  registerFunction(context, "attempt(body: lambda, otherwise: any = null)", (_context, body: Lambda, otherwise) => {
    try {
      return body.call0();
    } catch {
      return otherwise;
    }
  });
  const run = (text: string) => compile(text).evaluate(undefined, context);
  assert.deepEqual(run("f(1)"), [1, 7, [], {}]);
  assert.deepEqual(run("f(1, 2, 3, 4, x => 5)"), [1, 2, [3, 4], { x: 5 }]);
  assert.deepEqual(run("f(b => 2, a => 1)"), [1, 2, [], {}]);
  assert.equal(
    errorOf(() => run("f(1, b)")),
    'no_matching_function: No function "f" matches supplied arguments',
  );
  assert.equal(run("attempt($.x, otherwise => none)"), "none");
  assert.equal(errorOf(() => registerFunction(context, "f(a: strange)", () => 1)).split(":")[0], "value");
});

test("a later registration is seen by expressions that ran before", () => {
  const context = createContext();
  const expression = compile("1 + 2");
  assert.equal(expression.evaluate(undefined, context), 3);
  registerFunction(context, "#operator_+(a: int, b: int)", (_context, a, b) => `${a}${b}`);
  assert.equal(expression.evaluate(undefined, context), "12");
  assert.equal(expression.evaluate(undefined), 3);
});

test("variables are inherited, and bound anew inside", () => {
  const outer = createContext();
  outer.set("a", 1);
  outer.set("$b", 2);
  const inner = createContext(outer);
  inner.set("a", 3);
  assert.deepEqual(compile("[$a, $b, $none]").evaluate(undefined, inner), [3, 2, null]);
  assert.deepEqual(compile("[$a, $b]").evaluate(undefined, outer), [1, 2]);
  assert.equal(callFunction(inner, "str", [true]), "true");
});

test("results are plain: lists, objects, Maps where keys are no texts, Sets", () => {
  assert.deepEqual(evaluate("{a => [1, {b => null}]}"), { a: [1, { b: null }] });
  assert.deepEqual(evaluate("{1 => a}"), new Map([[1, "a"]]));
  assert.deepEqual(evaluate("set(a, b)"), new Set(["a", "b"]));
  assert.deepEqual(evaluate("set(a, b)", undefined, { convertSetsToLists: true }), ["a", "b"]);
  assert.deepEqual(value("{1 => set(a), null => 2.0}"), { "1": ["a"], null: 2 });
  assert.ok(evaluate("4.0 / 2") instanceof PyFloat);
  assert.equal(
    errorOf(() => evaluate("{a => 1}.items()")),
    "type: unhashable type: 'list'",
  );
  const odd = evaluate("$.set(k => v)", JSON.parse('{"__proto__": 1}')) as Record<string, unknown>;
  assert.deepEqual(Object.entries(odd), [
    ["__proto__", 1],
    ["k", "v"],
  ]); // prettier-ignore
});

test("a result prints as Python prints it", () => {
  const text = (source: string) => resultText(evaluate(source));
  assert.equal(text("[1, 'a', null, [true], 2.0]"), "[1, 'a', None, [True], 2.0]");
  assert.equal(text('{a => {1 => "it\'s"}}'), "{'a': {1: \"it's\"}}");
  assert.deepEqual(["set()", "set(1, 2)", "abc", "datetime(0)"].map(text), [
    "set()",
    "{1, 2}",
    "abc",
    "1970-01-01 00:00:00+00:00",
  ]);
});

test("nothing of JavaScript shows through data", () => {
  for (const text of ["$.constructor", "$.toString", "$.__proto__", "$.a.length", "$['constructor']"]) {
    assert.notEqual(
      errorOf(() => evaluate(text, { a: [1] })),
      "none",
      text,
    );
  }
  assert.throws(
    () => evaluate("$.missing", { a: 1 }),
    (error: unknown) => error instanceof YaqlKeyError && error.key === "missing",
  );
});

test("overloads that fit alike are ambiguous, and failures name function, method and receiver", () => {
  assert.equal(
    errorOf(() => evaluate("concat()")),
    'ambiguous_function: Ambiguous function "concat"',
  );
  assert.equal(
    errorOf(() => evaluate("'x'.select($)")),
    'no_matching_method: No method "select" for receiver x matches supplied arguments',
  );
  assert.equal(
    errorOf(() => evaluate("[1].nope()")),
    'unknown_method: Unknown method "nope" for receiver (1,)',
  );
  assert.equal(
    errorOf(() => evaluate("1.nope")),
    'unknown_function: Unknown function "#property#nope"',
  );
  assert.equal(
    errorOf(() => evaluate("str('a' => 1)")),
    "mapping_translation: Cannot convert mapping to keyword argument",
  );
});

test("a method that the receiver does not have fails before its arguments are evaluated", () => {
  assert.match(
    errorOf(() => evaluate("1.mergeWith(1 / 0)")),
    /^no_matching_method: No method "mergeWith" for receiver 1 /,
  );
});

test("a dot is followed by a name or a call, a question mark guards against null", () => {
  assert.equal(
    errorOf(() => evaluate("1.2.3")),
    'no_matching_function: No function "#operator_." matches supplied arguments',
  );
  assert.equal(value("null?.len()"), null);
  assert.equal(value("$?.a", { a: 1 }), 1);
  assert.notEqual(
    errorOf(() => evaluate("null?.a.b")),
    "none",
  );
});

test("collections that are too long are refused where that is asked for", () => {
  const limited = (text: string, limitIterators: number) =>
    errorOf(() => evaluate(text, undefined, { limitIterators }));
  assert.equal(limited("range(20).sum()", 10), "collection_too_large: Collection length exceeds 10 elements");
  assert.equal(limited("sequence()", 10), "collection_too_large: Collection length exceeds 10 elements");
  assert.equal(limited("[1, 2, 3]", 2), "collection_too_large: Collection length exceeds 2 elements");
  assert.equal(limited("range(20).limit(5)", 10), "none");
});

const ENDLESS = [
  "sequence().sum()",
  "[1].cycle().len()",
  "1.repeat().where(false).toList()",
  "generate(1, true, $ + 1).last()",
  "'ab' * 100000000000",
  "[1] * 1000000000000",
  "range(100000000000).toList()",
  "generate('ab', true, $ + $).limit(60).last()",
  "generate([1], true, $ + $).limit(60).last().len()",
  "str(generate([1], true, [$, $]).limit(60).last())",
  "generate([1], true, [$, $]).limit(60).last()",
  "generate([1], true, [$, $]).limit(60).last() = generate([1], true, [$, $]).limit(60).last()",
  "generate([1], true, [$, $]).limit(60).last() in set()",
  "pow(10, 100000000)",
  "pow(pow(7, 50000), pow(7, 5))",
  "shiftBitsLeft(1, 1000000000000)",
  "def(f, f($)) -> f(1)",
  "def(f, [$].select(f($)).sum()) -> f(1)",
  "regex('(a+)+$').search('a' * 50 + 'b')",
  "regex('(a|a)*b').search('a' * 50)",
  "regex('(.*)*(.*)*(.*)*x').matches('ab' * 2000)",
  "'abc'.replace('', 'x' * 10000000)",
  "range(1000000).select(range(1000000)).flatten().len()",
  "range(10000).select('x' * 1000000).select($.toUpper()).toList()",
];

test("what would never end, or fill the memory, is stopped", () => {
  for (const text of ENDLESS) {
    const options = { maxSteps: 100_000, memoryQuota: 20_000_000 };
    assert.throws(() => evaluate(text, undefined, options), YaqlLimitError, text);
  }
});

test("a lambda keeps the context it was written in, and can be called with delegates", () => {
  const run = (text: string) => compile(text, { delegates: true }).evaluate();
  assert.deepEqual(run("let(f => lambda(2 * $)) -> [1, 2].select($f($))"), [2, 4]);
  assert.deepEqual(run("[1, 2, 3].where(lambda($ > 1)($))"), [2, 3]);
});
