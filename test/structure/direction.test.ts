import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allPaths, dependenciesOf, manifests, sources, textOf } from "./checkout.ts";
import {
  dependencyProblems,
  directionProblems,
  documentationProblems,
  doorProblems,
  importsOf,
  type Manifest,
  ROOMS,
  readmeProblems,
  versionProblems,
} from "./rooms.ts";

const paths = allPaths();
const files = sources(paths);
const rooms = manifests(paths);
const shared = dependenciesOf("package.json");

describe("this checkout", () => {
  test("imports between rooms go down the table only", () => {
    assertNone(directionProblems(files));
  });

  test("rooms are entered by their index.ts alone", () => {
    assertNone(doorProblems(files));
  });

  test("every room declares the packages it imports and no others", () => {
    assertNone(dependencyProblems(files, rooms, Object.keys(shared.devDependencies)));
  });

  test("every dependency has one exact version", () => {
    assertNone(versionProblems([...rooms, { room: "..", ...shared }]));
  });

  test("docs/dependencies.md says of every third-party package why it is here", () => {
    const all = [...rooms, shared].flatMap((each) => Object.keys({ ...each.dependencies, ...each.devDependencies }));
    assertNone(documentationProblems([...new Set(all)], textOf("docs/dependencies.md")));
  });

  test("every room has a README", () => {
    const names = rooms.map((each) => each.room);
    assertNone(readmeProblems(paths, names));
  });
});

describe("the checker", () => {
  const store = (text: string) => [{ path: "packages/store/src/sqlite/claims.ts", text }];
  const manifest = (dependencies: Record<string, string>, devDependencies = {}): Manifest => ({
    room: "store",
    dependencies,
    devDependencies,
  });

  test("sees static, type-only, re-exporting, bare and dynamic imports over several lines", () => {
    const text = [
      'import a from "a";',
      'import type { B } from "b";',
      'import {\n  c,\n  type D,\n} from "c";',
      'import * as e from "e";',
      'export * from "f";',
      'export { g } from "g";',
      'import "h";',
      'const i = await import("i");',
    ].join("\n");
    assert.deepEqual(
      importsOf(text).map(({ specifier }) => specifier),
      ["a", "b", "c", "e", "f", "g", "h", "i"],
    );
  });

  test("does not take a comment or a string for an import", () => {
    const text =
      '// import a from "a"\n/**\n * import("b")\n */\nexport const text = "from";\nconst c = \' from "c"\';\n';
    assert.deepEqual(importsOf(text), []);
  });

  test("the table itself has no way round in a circle", () => {
    const visit = (room: string, above: readonly string[]): void => {
      assert.ok(!above.includes(room), `circle: ${[...above, room].join(" -> ")}`);
      const rule = ROOMS[room];
      assert.ok(rule, `'${room}' is imported but not a room`);
      for (const below of rule.imports) visit(below, [...above, room]);
    };
    for (const room of Object.keys(ROOMS)) visit(room, []);
  });

  test("refuses an arrow that goes up", () => {
    const [problem = "", ...others] = directionProblems(store('import { run } from "@squall/engine";\n'));
    assert.match(problem, /^packages\/store\/src\/sqlite\/claims\.ts: 'store' may not import 'engine', only model$/);
    assert.deepEqual(others, []);
    assert.deepEqual(directionProblems(store('import { Invalid } from "@squall/model";\n')), []);
  });

  test("refuses a neighbour, also for its types and from a test", () => {
    const path = "packages/runners/src/local.test.ts";
    const [problem = ""] = directionProblems([{ path, text: 'import type { Store } from "@squall/store";\n' }]);
    assert.match(problem, /'runners' may not import 'store'/);
  });

  test("refuses a room that the table does not have", () => {
    const [problem = ""] = directionProblems([{ path: "packages/attic/src/index.ts", text: "" }]);
    assert.match(problem, /no room 'attic'/);
  });

  test("refuses every way past a door", () => {
    const bad = [
      'import { x } from "@squall/model/src/errors.ts";\n',
      'import { x } from "../../../model/src/errors.ts";\n',
      'import { x } from "../../../../scripts/install.mjs";\n',
      'import { x } from "@squall/store";\n',
    ];
    for (const text of bad) assert.equal(doorProblems(store(text)).length, 1, text);
    assert.deepEqual(doorProblems(store('import { x } from "../port.ts";\nimport { y } from "@squall/model";\n')), []);
    const around = [{ path: "test/e2e/loop.test.ts", text: 'import { x } from "../../packages/store/src/port.ts";\n' }];
    assert.equal(doorProblems(around).length, 1);
  });

  test("refuses an undeclared and an unused dependency", () => {
    const text = 'import yaml from "js-yaml";\nimport { Type } from "typebox/value";\nimport fs from "node:fs";\n';
    const undeclared = dependencyProblems(store(text), [manifest({ "js-yaml": "5.5.0" })], []);
    assert.deepEqual(undeclared, [
      "packages/store/src/sqlite/claims.ts: imports 'typebox', which packages/store/package.json does not declare",
    ]);
    const unused = dependencyProblems(store(""), [manifest({ "js-yaml": "5.5.0" })], []);
    assert.deepEqual(unused, ["packages/store/package.json: declares 'js-yaml', which nothing imports"]);
  });

  test("lets only tests use what is declared for development", () => {
    const text = 'import fc from "fast-check";\n';
    const asTest = [{ path: "packages/store/src/claims.test.ts", text }];
    assert.deepEqual(dependencyProblems(asTest, [manifest({})], ["fast-check"]), []);
    assert.equal(dependencyProblems(store(text), [manifest({})], ["fast-check"]).length, 1);
    assert.equal(dependencyProblems(store(text), [manifest({}, { "fast-check": "4.0.0" })], []).length, 1);
  });

  test("refuses a version that is not exact, and two versions of one package", () => {
    assert.equal(versionProblems([manifest({ pino: "^10.4.0" })]).length, 1);
    const two = [manifest({ pino: "10.4.0" }), { ...manifest({ pino: "10.3.0" }), room: "server" }];
    assert.deepEqual(versionProblems(two), [
      "packages/server/package.json: 'pino' is 10.3.0 here and 10.4.0 in 'store'",
    ]);
  });

  test("refuses a package without a line, a line without a package, and a room without a README", () => {
    const page = "| package | why |\n|---|---|\n| `pino` | logs |\n";
    assert.deepEqual(documentationProblems(["pino", "@squall/model"], page), []);
    assert.equal(documentationProblems(["pino", "hono"], page).length, 1);
    assert.equal(documentationProblems([], page).length, 1);
    assert.deepEqual(readmeProblems(["packages/store/README.md"], ["store"]), []);
    assert.equal(readmeProblems(["packages/store/README.md"], ["store", "bus"]).length, 1);
  });
});

function assertNone(problems: readonly string[]): void {
  assert.ok(problems.length === 0, `\n${problems.join("\n")}`);
}
