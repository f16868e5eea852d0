import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allPaths, sources, textOf } from "./checkout.ts";
import { addressProblems, errorCodes, errorPageProblems, lengthProblems, nameProblems } from "./habits.ts";

/** Files over 600 lines, each with the reason why it is still one story. */
const LONG_FILES: Record<string, string> = {};

const paths = allPaths();
const texts = paths.filter((path) => !isBinary(path)).map((path) => ({ path, text: textOf(path) }));

function isBinary(path: string): boolean {
  return /\.(?:png|jpe?g|gif|ico|woff2?|gz|zip|tar|sqlite|db|wasm|pyc)$/.test(path);
}

describe("this checkout", () => {
  test("names no machine's folders and no registry's address", () => {
    assertNone(addressProblems(texts));
  });

  test("has no file that is long without a reason", () => {
    assertNone(lengthProblems(texts, LONG_FILES));
  });

  test("names every file after a thing", () => {
    assertNone(nameProblems(paths));
  });

  const page = "docs/errors.md";
  test("lists every error code with its cure", { skip: paths.includes(page) ? false : `no ${page} yet` }, () => {
    const code = sources(paths).filter(({ path }) => path.startsWith("packages/") && !path.endsWith(".test.ts"));
    assertNone(errorPageProblems(code, textOf(page)));
  });
});

describe("the checker", () => {
  const file = (text: string, path = "packages/store/src/claims.ts") => [{ path, text }];

  test("refuses a machine's folder and a registry's host, with the line", () => {
    const folder = ["", "work", "main", "packages"].join("/");
    const host = ["registry", "npmjs", "org"].join(".");
    assert.match(addressProblems(file(`ok\nat ${folder}\n`))[0] ?? "", /claims\.ts:2: /);
    assert.equal(addressProblems(file(`https://${host}/x\n`)).length, 1);
    assert.deepEqual(addressProblems(file("https://example.org/work/main and ./work/main\n")), []);
  });

  test("refuses a long file, an excuse that is no longer needed, and neither at the limit", () => {
    const lines = (count: number) => file("x\n".repeat(count));
    assert.deepEqual(lengthProblems(lines(600), {}), []);
    assert.equal(lengthProblems(lines(601), {}).length, 1);
    assert.deepEqual(lengthProblems(lines(601), { "packages/store/src/claims.ts": "one table" }), []);
    assert.equal(lengthProblems(lines(600), { "packages/store/src/claims.ts": "one table" }).length, 1);
  });

  test("refuses drawers, but not where StackStorm names them", () => {
    assert.equal(nameProblems(["packages/store/src/utils.ts"]).length, 1);
    assert.equal(nameProblems(["packages/store/src/types.test.ts"]).length, 1);
    assert.equal(nameProblems(["packages/store/src/lib/rows.ts"]).length, 1);
    assert.deepEqual(nameProblems(["python/st2common/util/types.py", "packages/store/src/trigger-types.ts"]), []);
  });

  test("finds the codes of our error classes and of those derived from them, and of no others", () => {
    const text = [
      'class Broken extends Invalid {}\nthrow new Broken("pack.broken", { message });',
      'throw new NotFound(\n  "rule.not-found",\n  { message });',
      'new Map("no.code"); new Conflict(code, { message });',
    ].join("\n");
    assert.deepEqual(
      errorCodes(file(text)).map(({ code }) => code),
      ["pack.broken", "rule.not-found"],
    );
    assert.deepEqual(errorPageProblems(file(text), "## `pack.broken`\n\n## `rule.not-found`\n"), []);
    assert.equal(errorPageProblems(file(text), "## `pack.broken`\n").length, 1);
  });
});

function assertNone(problems: readonly string[]): void {
  assert.ok(problems.length === 0, `\n${problems.join("\n")}`);
}
