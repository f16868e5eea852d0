import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import * as fc from "fast-check";
import { aServer, type TestServer } from "../a-server.ts";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: string[];
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly { readonly name: string }[];
  readonly body: Schema | undefined;
}

/** What this test reads of the OpenAPI document. */
interface Documented {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: Schema } } };
}

/** Text that has broken parsers before, beside any text. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "",
    "null",
    "None",
    "-1",
    "0",
    "1e999",
    "true",
    "__proto__",
    "constructor",
    "../..",
    "%00",
    "\0",
    "'",
    '"',
    "{{ x }}",
    "a..b",
    "9".repeat(30),
    "core.local",
    "last",
    "0".repeat(24),
  ),
);
const anything = fc.oneof(
  text,
  fc.anything({ withNullPrototype: false, maxDepth: 3 }),
  fc.double(),
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
);

/** Values that fit a schema more or less: enough to come past the first check, wrong often enough to meet the next. */
function about(schema: Schema | undefined): fc.Arbitrary<unknown> {
  const fitting = (): fc.Arbitrary<unknown> => {
    if (Array.isArray(schema?.enum)) return fc.constantFrom(...schema.enum);
    switch (schema?.type) {
      case "string":
        return text;
      case "integer":
        return fc.oneof(fc.integer({ min: -2, max: 200 }), fc.maxSafeInteger());
      case "boolean":
        return fc.boolean();
      case "array":
        return fc.array(about(schema.items), { maxLength: 3 });
      case "object": {
        const members = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, about(one)] as const);
        const requiredKeys = schema.required ?? [];
        if (members.length === 0) return fc.dictionary(text, anything, { maxKeys: 3 });
        return fc.record(Object.fromEntries(members), { requiredKeys });
      }
      default:
        return anything;
    }
  };
  return fc.oneof({ weight: 9, arbitrary: fitting() }, { weight: 1, arbitrary: anything });
}

/** These end what the test stands on, or never end themselves. */
const SPARED = new Set(["DELETE /v1/tokens/current", "GET /v1/stream", "PUT /v1/users/{name}/password"]);

suite("whatever comes in", { timeout: 120_000 }, () => {
  let at: TestServer;
  let operations: Operation[];
  before(async () => {
    at = await aServer();
    const { json } = await at.admin("GET", "/v1/openapi.json");
    operations = Object.entries<Record<string, Documented>>(json.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        query: (operation.parameters ?? []).filter((one) => one.in === "query"),
        // What is text is not told apart: sent as JSON, it has to be refused as well as any other.
        body: Object.values(operation.requestBody?.content ?? {})[0]?.schema,
      })),
    );
  });
  after(() => at[Symbol.asyncDispose]());

  test("no input makes an answer of 500, and every refusal says why", async () => {
    const requests = fc
      .constantFrom(...operations.filter(({ method, path }) => !SPARED.has(`${method} ${path}`)))
      .chain((operation) =>
        fc.record({
          operation: fc.constant(operation),
          names: fc.array(text, { minLength: 4, maxLength: 4 }),
          query: fc.array(
            fc.tuple(fc.constantFrom("limit", "offset", ...operation.query.map((one) => one.name)), text),
            { maxLength: 4 },
          ),
          body: operation.body ? about(operation.body) : fc.constant(undefined),
        }),
      );
    await fc.assert(
      fc.asyncProperty(requests, async ({ operation, names, query, body }) => {
        let next = 0;
        const path = operation.path.replaceAll(/\{\w+\}/g, () =>
          encodeURIComponent((names[next++] || "x").toWellFormed()),
        );
        const search = new URLSearchParams(
          query.map(([name, value]): [string, string] => [name, value.toWellFormed()]),
        );
        // What JSON has no word for (undefined, functions, bigints) cannot be sent.
        const sent =
          body === undefined
            ? undefined
            : (JSON.stringify(body, (_, value) => (typeof value === "bigint" ? String(value) : value)) ?? "null");
        const answer = await at.admin(operation.method, `${path}?${search}`, sent);
        assert.ok(
          answer.status < 500,
          `${operation.method} ${path}?${search} ${sent} -> ${answer.status} ${answer.text}`,
        );
        if (answer.status >= 400) {
          assert.equal(typeof answer.json?.faultstring, "string", answer.text);
          assert.ok(answer.json.faultstring.length > 0);
          assert.equal(typeof answer.json.code, "string");
        }
      }),
      { numRuns: Number(process.env.SQUALL_RUNS ?? 500) },
    );
  });
});
