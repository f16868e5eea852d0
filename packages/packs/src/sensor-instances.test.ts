import type { Parameters } from "@squall/model";
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConfig } from "./check/config.ts";
import { formatPath } from "./check/problem.ts";
import { declaredInstances, ownValues } from "./sensor-instances.ts";

const SCHEMA: Parameters = { region: { type: "string", required: true }, rate: { type: "integer" } };
const CONFIG = {
  region: "none",
  _instances: { S: { eu: { config: { region: "eu" }, poll_interval: 10 }, us: null, off: { enabled: false } } },
};

function problems(instances: unknown): string[] {
  const found = checkConfig({ region: "none", _instances: instances }, SCHEMA, "p");
  return found.map((one) => `${formatPath(one.path)}: ${one.message}`);
}

test("instances are read with their defaults, and are no part of the pack's own values", () => {
  assert.deepEqual(checkConfig(CONFIG, SCHEMA, "p"), []);
  assert.deepEqual(ownValues(CONFIG), { region: "none" });
  assert.deepEqual(Object.fromEntries(declaredInstances(CONFIG, "S") ?? []), {
    eu: { config: { region: "eu" }, enabled: true, poll_interval: 10 },
    us: { config: {}, enabled: true },
    off: { config: {}, enabled: false },
  });
  for (const name of ["T", "constructor", "__proto__"]) assert.equal(declaredInstances(CONFIG, name), undefined);
});

for (const [what, instances, message] of [
  ["a list", [], /^_instances: expected sensors' class names/],
  ["a list of a sensor's", { S: ["eu"] }, /^_instances\.S: expected names of instances/],
  ["a name that is no file's", { S: { "a/b": {} } }, /^_instances\.S\.a\/b: an instance's name has/],
  ["an unknown field", { S: { a: { confg: {} } } }, /unknown field 'confg'; did you mean 'config'/],
  ["a short interval", { S: { a: { poll_interval: 1 } } }, /at least 4/],
  ["a value against the schema", { S: { a: { config: { rate: "x" } } } }, /^_instances\.S\.a\.config\.rate: /],
  ["no mapping", { S: { a: 5 } }, /expected config, enabled, poll_interval/],
  ["too many", { S: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`i${at}`, {}])) }, /100 is the most/],
] as const) {
  test(`${what} among instances is refused with its place`, () => {
    const found = problems(instances);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", message);
  });
}
