import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { readYaml } from "./read-yaml.ts";

// Loads each text as StackStorm does and says what came out in JSON's terms, the way readYaml promises to.
const ORACLE = `
import base64, datetime, json, sys
try:
    import yaml
except ImportError:
    print(json.dumps(None)); sys.exit(0)

def key(k):
    if isinstance(k, (datetime.date, bytes)): return plain(k)
    if isinstance(k, (str,)): return k
    if isinstance(k, float) and k.is_integer(): return str(int(k))
    return json.loads(json.dumps(list(json.loads(json.dumps({k: 0})).keys())))[0]

def plain(v):
    if isinstance(v, dict): return {key(k): plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)): return [plain(x) for x in v]
    if isinstance(v, set): return sorted(key(k) for k in v)
    if isinstance(v, bytes): return base64.b64encode(v).decode()
    if isinstance(v, (datetime.datetime, datetime.date)): return v.isoformat()
    if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))): return {"__float__": str(v)}
    if isinstance(v, int) and not isinstance(v, bool) and abs(v) > 2**53: return float(v)
    return v

out = []
for text in json.load(sys.stdin):
    try:
        out.append({"value": plain(yaml.safe_load(text))})
    except Exception as error:
        out.append({"error": type(error).__name__ + ": " + str(error)})
print(json.dumps(out))
`;

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

/** What PyYAML makes of each text; undefined when this machine has no Python with PyYAML. */
function pyyaml(texts: readonly string[]): Answer[] | undefined {
  const run = spawnSync("python3", ["-c", ORACLE], { input: JSON.stringify(texts), encoding: "utf8", timeout: 60_000 });
  if (run.error || run.status !== 0) return undefined;
  // The cast: the oracle above prints just that.
  return (JSON.parse(run.stdout) as Answer[] | null) ?? undefined;
}

function ours(text: string): Answer {
  try {
    return { value: plain(readYaml(text).value) };
  } catch (error) {
    return { error: String(error) };
  }
}

function plain(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return { __float__: Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf" };
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  }
  return value;
}

const SKIP =
  pyyaml([]) === undefined ? "python3 with PyYAML is not on this machine, so there is nothing to compare with" : false;

function compare(texts: readonly string[]): void {
  const answers = pyyaml(texts) ?? [];
  assert.equal(answers.length, texts.length);
  const differences = texts.flatMap((text, index) => {
    const expected = answers[index] ?? {};
    const found = ours(text);
    if ("error" in expected && "error" in found) return [];
    if (isDeepStrictEqual(found, expected)) return [];
    return [`${JSON.stringify(text)}\n  PyYAML: ${JSON.stringify(expected)}\n  Squall: ${JSON.stringify(found)}`];
  });
  assert.equal(differences.length, 0, differences.join("\n"));
}

const SCALARS = (
  "yes Yes YES yEs no No NO nO true True TRUE tRue false False FALSE on On ON oN off Off OFF y Y n N t f " +
  "~ null Null NULL nULL none None = << " +
  "0 -0 +0 1 -1 +1 12 012 0777 -017 08 09 0o17 0_7 00 0x1F 0xff -0xAb +0x1 0x 0xg 0b101 -0b11 0b 0b2 0B1 0X1 1_000 _1 1_ 1__0 " +
  "190:20:30 1:30 1:60 12:30:45 -1:30 0:30 01:30 1:5 1:05 60:00 190:20:30.15 1:30. 1:2:3:4 +1:30 1_0:20 " +
  "1. 1.0 -1.5 +1.5 .5 -.5 +.5 1e3 1e+3 1.e+3 1.5e3 1.5e+3 1.5E-3 .5e+3 1_0.5 1._5 ._5 . .. 1.2.3 " +
  ".inf .Inf .INF -.inf +.inf .iNF .nan .NaN .NAN .Nan -.nan inf nan " +
  "9007199254740993 123456789012345678901234567890 -9223372036854775808 3.141592653589793 1e-400 " +
  "2026-01-02 2026-1-2 2026-13-01 2026-02-30 0000-01-01 2026-01-02T03:04:05 2026-01-02t03:04:05Z 2026-01-02T3:04:05 " +
  "2026-01-02T03:04:05.1 2026-01-02T03:04:05.1234567 2026-01-02T03:04:05. 2026-01-02T03:04:05+01:00 2026-01-02T03:04:05-1 " +
  "2026-01-02T03:04:05+0100 2026-01-02T24:04:05 2026-01-02T03:04:60 2026-01-02T03:04:05-00:30 2026-01-02T03:04:05-00:00 2026-01-02T03:04:05+25:00 " +
  "20260102 2026-01 1.2.3 v1.0 a:b http://x/y?z=1#a :a a: -a - ? -- --- !!str !!int 1a +a +"
).split(" ");

test("plain scalars have the types that PyYAML gives them", { skip: SKIP }, () => {
  compare(SCALARS);
  compare(SCALARS.map((scalar) => `- ${scalar}`));
  compare(SCALARS.map((scalar) => `key: ${scalar}`));
  compare(SCALARS.map((scalar) => `"${scalar}"`));
  // Between brackets the two scanners differ about lone indicators (`[-]`, `[:a]`), which is YAML 1.1 against 1.2.
  compare(SCALARS.filter((scalar) => /^[\w.+~=-]+$/.test(scalar) && scalar !== "-").map((scalar) => `[${scalar}]`));
});

test("plain scalars with blanks in them have the types that PyYAML gives them", { skip: SKIP }, () => {
  compare([
    "2026-01-02 03:04:05",
    "2026-01-02 03:04:05 Z",
    "2026-01-02 03:04:05 +1",
    "2026-01-02   03:04:05.5 -05:30",
    "1 2",
    "yes no",
    "a b # c",
    "a b#c",
    "  12  ",
  ]);
});

test("explicit tags construct what PyYAML constructs, and fail where it fails", { skip: SKIP }, () => {
  const tags = [
    "!!str",
    "!!int",
    "!!float",
    "!!bool",
    "!!null",
    "!!timestamp",
    "!",
    "!!binary",
    "!foo",
    "!!python/name:os.system",
    "!!map",
    "!!seq",
  ];
  const values = [
    "1",
    "'1'",
    "0x1F",
    "1e3",
    "1.5",
    "yes",
    "abc",
    "~",
    "2026-01-02",
    "aGk=",
    "",
    "1:30",
    "[1]",
    "{a: 1}",
  ];
  compare(tags.flatMap((tag) => values.map((value) => `- ${tag} ${value}`)));
});

test("whole documents read as PyYAML reads them", { skip: SKIP }, () => {
  compare([
    "",
    "# only a comment\n",
    "---\n",
    "---\n...\n",
    "a: 1\n---\nb: 2\n",
    "a: 1\na: 2\nb: 3\n",
    "base: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\n",
    "d:\n  y: 3\n  <<: {x: 1, y: 2}\n",
    "a: &a {x: 1, z: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n  w: 0\n",
    "c:\n  <<: {x: 1}\n  <<: {x: 2, y: 1}\n",
    "c:\n  <<: 1\n",
    "c:\n  <<: [1]\n",
    "c:\n  '<<': 1\n",
    "a: &x [1, 2]\nb: *x\nc: *y\n",
    "2: a\n1.5: b\ntrue: c\nnull: d\nyes: e\n",
    "2026-01-02: a\n",
    "{a: 1, b}\n",
    "{a: 1, [1, 2]: 3}\n",
    "value: {{ name }}\n",
    "value: '{{ name }}'\n",
    "value: {% if x %}\n",
    "text: |\n  a\n   b\n\n  c\n",
    "text: >\n  a\n  b\n\n  c\n   d\n",
    "text: |-\n  a\n",
    "text: |+\n  a\n\n",
    "text: |2\n    a\n",
    'a: "x\\ty\\n\\u00e9\\x41\\\n  z"\n',
    "a: 'it''s'\n",
    "a: b: c\n",
    "a:\n\t- 1\n",
    "a:\n  - 1\n - 2\n",
    "a: [1, 2\n",
    "a: `x`\n",
    "a: @x\n",
    "a: %x\n",
    "- a\n- b: 1\n  c: 2\n-\n  - d\n",
    "? a\n: b\n",
    "a: !!set {x, y}\n",
    "a: !!omap [x: 1, y: 2]\n",
    "a: !!pairs [x: 1, x: 2]\n",
    "a: !!omap [1]\n",
    "%YAML 1.1\n---\na: yes\n",
    "%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1\n",
    "a: \u0007\n",
    "a: \u00e9x\n",
    "\ufeffa: 1\n",
    "__proto__: {x: 1}\nconstructor: 2\n",
    "a: &a [*a]\n",
    "=: 1\n",
    "a: x\n  y\n  z\n",
    "a: 'x\n\n  y'\n",
    "key with spaces: 1\n",
    "a:\n- 1\n- 2\nb: 3\n",
    "a: -\n",
    'a: "unterminated\n',
  ]);
});

test("random plain scalars of number and date characters read as PyYAML reads them", { skip: SKIP }, () => {
  const character = fc.constantFrom(..."0123456789012345:._-+eExXbTZ oan");
  const texts = fc.sample(fc.string({ unit: character, minLength: 1, maxLength: 12 }), {
    numRuns: 1500,
    seed: 20260102,
  });
  // Texts that are structure, not a scalar, are the other tests' matter.
  compare(
    texts
      .filter((text) => /^[0-9.+-][^ ]/.test(text) && !/^- |: |:$|^---|^\.\.\./.test(text))
      .map((text) => `- ${text}`),
  );
});
