import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { compileFormat, extract, extractAll, MAX_COMMAND, readCommand } from "./format.ts";

const budget = () => ({ steps: 3_000_000 });

function taken(format: string, command: string): Record<string, string | null> | undefined {
  const shared = budget();
  const found = extract(compileFormat(format), readCommand(command, shared), shared);
  return found && Object.fromEntries(found.values);
}

/** What StackStorm 3.9's parser takes from each: found out by running it. */
const AS_STACKSTORM: readonly [format: string, command: string, values: Record<string, string | null> | undefined][] = [
  ["deploy", "deploy", {}],
  ["deploy", "  deploy  ", {}],
  ["deploy", "please deploy", undefined],
  ["deploy", "deploy it", undefined],
  ["", "", {}],
  ["", "a=1", { a: "1" }],
  ["deploy {{what}}", "deploy the web", { what: "the web" }],
  ["deploy {{ what }}", "deploy", undefined],
  ["deploy {{ what }}", "deploy line one\nline two", { what: "line one\nline two" }],
  ["deploy {{ what }} to {{ where }}", 'deploy "to x" to y', { what: "to x", where: "y" }],
  ["deploy {{ what }} to {{ where=prod }}", "deploy web to", { what: "web", where: "prod" }],
  ["deploy {{ what = web }}", "deploy", { what: "web" }],
  ["deploy {{ what='the web' }} now", "deploy now", { what: "the web" }],
  ['deploy {{ what="" }}', "deploy", { what: "" }],
  ["x {{ a={{ c.d }} }}", "x", { a: "{{ c.d }}" }],
  ["x {{ a=1 }} {{ b=2 }}", "x 7", { a: "7", b: "2" }],
  ["x {{ a=1 }} {{ b=2 }}", "x 7 8", { a: "7", b: "8" }],
  ['x {{ a={"k": [1, 2]} }}', 'x {"k": [3]}', { a: '{"k": [3]}' }],
  ["x {{a}} then", "x {'a': 1} then", { a: "{'a': 1}" }],
  ["x {{a}}", 'x 1 b="2 3" c=\'4 5\' d={"e": 6} f=7', { a: "1", b: "2 3", c: "4 5", d: '{"e": 6}', f: "7" }],
  ["x {{a}}", "x 1 a=2", { a: "2" }],
  ["x {{a=1}}", 'x b=""', { a: "1", b: "" }],
  ["x {{a}}", "x a=1", undefined], // the pair is taken off first, and nothing is left for the format
  [String.raw`issue (?P<key>[A-Z]+-\d+)`, "issue AB-12", { key: "AB-12" }],
  ["run( as {{ user }})? {{ cmd }}", "run ls -l", { user: null, cmd: "ls -l" }],
  ["run( as {{ user }})? {{ cmd }}", "run as root ls", { user: "root", cmd: "ls" }],
  ["(?i)deploy {{ what }}", "DEPLOY web", { what: "web" }],
  ["turn (?:on|off) {{ what }}", "turn off lights", { what: "lights" }],
  ["^say {{ what }}$", "say it", undefined], // the blank before a command is not the format's
  ["grüße {{ wen }}", "grüße 🐦 alle", { wen: "🐦 alle" }],
];

suite("formats of aliases", () => {
  for (const [format, command, values] of AS_STACKSTORM) {
    test(`"${format}" reads "${command.replaceAll("\n", "\\n")}" as StackStorm does`, () => {
      assert.deepEqual(taken(format, command), values);
    });
  }

  test("a format matches every place of a command where it can, within its own anchors", () => {
    const all = (format: string, command: string) => {
      const shared = budget();
      return extractAll(compileFormat(format), readCommand(command, shared), shared).map(({ values }) =>
        Object.fromEntries(values),
      );
    };
    const keys = String.raw`(\s|^)(?P<key>[A-Z]+-\d+)(\s|$)`;
    assert.deepEqual(all(keys, "see AB-1 and CD-2 note=x"), [
      { key: "AB-1", note: "x" },
      { key: "CD-2", note: "x" },
    ]);
    assert.deepEqual(all(String.raw`(?P<key>[A-Z]+-\d+)`, "see AB-1 and CD-2"), []);
  });

  test("defaults are told from what the command says", () => {
    const shared = budget();
    const found = extract(compileFormat("x {{ a=1 }} {{ b=2 }}"), readCommand("x 7 c=3", shared), shared);
    assert.deepEqual([...(found?.defaulted ?? [])], ["b"]);
  });

  for (const [format, reason] of [
    ["deploy (", /a group without its \)/],
    ["deploy )", /a \) without its group/],
    ["deploy [a", /a set without its \]/],
    ["deploy {{ a-b }}", /"a-b" is no name of a parameter/],
    ["{{ a }} {{ a }}", /parameter "a" stands there twice/],
    ["*", /nothing to repeat/],
    ["(?>a)", /unknown extension/],
    ["(?<=a+)b", /no fixed width/],
    [String.raw`a\1`, /no group 1/],
    ["x{3000}{3}", /two quantifiers/],
    ["(?:x{1000}){1000}", /more than 5000 steps/],
    ["(".repeat(300) + ")".repeat(300), /nested too deep/],
    ["x".repeat(6000), /6000 characters/],
  ] as const) {
    test(`"${format.slice(0, 30)}" is no format, and the error says why`, () => {
      assert.throws(() => compileFormat(format), { code: "alias.format-invalid", message: reason });
    });
  }

  test("patterns that take a backtracking matcher for ever end soon, with the right answer", () => {
    const long = "a ".repeat(MAX_COMMAND / 2 - 10);
    assert.equal(taken(String.raw`(\w+\s?)*!`, long), undefined);
    assert.equal(taken("{{a}} {{b}} now", long), undefined);
    assert.deepEqual(taken(String.raw`(?:a|aa|a\s?)+(?P<end>b)`, `${"a".repeat(2000)}b`), { end: "b" });
  });

  test("back-references, which no memory helps, are stopped", () => {
    assert.throws(() => taken(String.raw`(a*)(a*)(a*)(a*)\1\2\3\4b`, "a".repeat(400)), { code: "alias.too-much-work" });
  });

  test("any format and any text: an answer or an error of ours, within the budget", () => {
    const random = generator(7);
    const pieces = [
      "{{a}}",
      " {{ b=1 }}",
      "{{",
      "}}",
      "(",
      ")",
      "(?P<c>",
      "|",
      "*",
      "+?",
      "{2,3}",
      "[^a]",
      "\\",
      "\\d",
      "$",
      "^",
      "'",
      '"',
      " ",
      "x",
      "=",
      "\n",
      "🐦",
      "\\b",
      "(?=",
      "(?<!",
      "(?i)",
      ".",
      "a=1",
    ];
    const some = (most: number) =>
      Array.from({ length: Math.floor(random() * most) }, () => pieces[Math.floor(random() * pieces.length)]).join("");
    for (let round = 0; round < 1500; round++) {
      const format = some(12);
      const command = some(random() < 0.02 ? 2000 : 15);
      try {
        const shared = budget();
        const read = readCommand(command, shared);
        const compiled = compileFormat(format);
        const one = extract(compiled, read, shared);
        const all = extractAll(compiled, read, shared);
        assert.ok(one === undefined || one.values instanceof Map, `${format} ${command}`);
        assert.ok(all.length <= 101);
      } catch (thrown) {
        assert.match(
          String((thrown as { code?: unknown }).code),
          /^alias\./,
          `${format} | ${command}: ${String(thrown)}`,
        );
      }
    }
  });

  test("the SDK's parser, with which packs test their aliases, takes the same", async () => {
    const python = join(import.meta.dirname, "../../../../python");
    const program = `
import json, sys
from st2common.exceptions.content import ParseException
from st2common.models.utils.action_alias_utils import extract_parameters
def one(format, command):
    try:
        return extract_parameters(format, command)
    except ParseException:
        return None
print(json.dumps([one(*case) for case in json.loads(sys.argv[1])]))
`;
    const cases = AS_STACKSTORM.map(([format, command]) => [format, command]);
    const { stdout } = await promisify(execFile)("python3", ["-c", program, JSON.stringify(cases)], {
      env: { ...process.env, PYTHONPATH: python },
    });
    const sdk = JSON.parse(stdout) as unknown[];
    const others = AS_STACKSTORM.flatMap(([format, command, values], index) => {
      const same = JSON.stringify(sorted(sdk[index])) === JSON.stringify(sorted(values ?? null));
      return same ? [] : [{ format, command, values, sdk: sdk[index] }];
    });
    assert.deepEqual(others, []);
  });
});

function sorted(values: unknown): unknown {
  return values === null ? null : Object.entries(values as object).sort(([a], [b]) => (a < b ? -1 : 1));
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
