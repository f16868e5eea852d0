import assert from "node:assert/strict";
import { test } from "node:test";
import type { Parameters } from "@squall/model";
import { checkConfig } from "./check/config.ts";
import { resolveConfig } from "./resolve-config.ts";

const SCHEMA: Parameters = {
  url: { type: "string", required: true },
  rate: { type: "integer", default: 5 },
  token: { type: "string", secret: true },
  server: {
    type: "object",
    properties: {
      port: { type: "integer", default: 80 },
      tls: { type: "object", properties: { verify: { type: "boolean", default: true } } },
      tags: { type: "array", items: { type: "string" } },
    },
  },
  regions: {
    type: "object",
    additionalProperties: { type: "object", properties: { zone: { type: "string", default: "nova" } } },
  },
  hosts: { type: "array", items: { type: "object", properties: { port: { type: "integer", default: 22 } } } },
};

test("defaults fill what the file leaves out, at every depth", () => {
  assert.deepEqual(
    resolveConfig(SCHEMA, { url: "x", regions: { eu: {}, us: { zone: "a" } }, hosts: [{ name: "h" }] }),
    {
      url: "x",
      rate: 5,
      server: { port: 80, tls: { verify: true }, tags: [] },
      regions: { eu: { zone: "nova" }, us: { zone: "a" } },
      hosts: [{ name: "h", port: 22 }],
    },
  );
  assert.deepEqual(resolveConfig(SCHEMA, {}).hosts, []);
});

test("what the file says stays, null, false and unknown attributes too", () => {
  const values = { rate: null, server: { port: 0, extra: 1 }, other: false };
  const resolved = resolveConfig(SCHEMA, values);
  assert.equal(resolved.rate, null);
  assert.deepEqual(resolved.server, { port: 0, extra: 1, tls: { verify: true }, tags: [] });
  assert.equal(resolved.other, false);
  assert.deepEqual(values, { rate: null, server: { port: 0, extra: 1 }, other: false });
});

test("a member named __proto__ is a member", () => {
  const values: Record<string, unknown> = JSON.parse('{"__proto__": {"polluted": true}}');
  const resolved = resolveConfig({}, values);
  assert.deepEqual(Object.keys(resolved), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(resolved), Object.prototype);
});

test("what an optional object requires is required only of one that is there", () => {
  const schema: Parameters = {
    proxy: { type: "object", properties: { host: { type: "string", required: true } } },
    login: { type: "object", required: true, properties: { user: { type: "string", required: true } } },
  };
  const problems = (values: object) => checkConfig(values, schema, "p").map((one) => one.message);
  assert.deepEqual(problems({ login: { user: "ann" } }), []);
  assert.match(problems({ login: { user: "ann" }, proxy: {} }).join(), /"proxy\.host"|'host' is a required property/);
  assert.match(problems({}).join(), /'user' is a required property/);
  assert.deepEqual(resolveConfig(schema, {}).proxy, {});
});

test("a value that breaks the schema is named by its attribute, pack and file", () => {
  assert.deepEqual(
    checkConfig({ url: 5 }, SCHEMA, "p").map((one) => one.message),
    [`Failed validating attribute "url" in config for pack "p" (p.yaml): 5 is not of type 'string'`],
  );
  assert.match(checkConfig({}, SCHEMA, "p")[0]?.message ?? "", /'url' is a required property/);
});

test("a value that is Jinja is not checked before it is rendered", () => {
  assert.deepEqual(checkConfig({ url: "x", rate: "{{ st2kv.system.rate }}" }, SCHEMA, "p"), []);
});

test("a secret attribute may not be decrypted a second time", () => {
  const [problem] = checkConfig({ url: "x", token: "{{ st2kv.system.t | decrypt_kv }}" }, SCHEMA, "p");
  assert.match(problem?.message ?? "", /remove decrypt_kv/);
});
