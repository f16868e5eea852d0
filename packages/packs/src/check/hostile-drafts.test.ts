import assert from "node:assert/strict";
import { test } from "node:test";
import { isObject } from "@squall/model";
import * as fc from "fast-check";
import * as complete from "../complete.ts";
import { checkAction } from "./action.ts";
import { checkAlias } from "./alias.ts";
import { checkConfig, checkConfigSchema } from "./config.ts";
import { checkPack } from "./pack.ts";
import { checkPolicy } from "./policy.ts";
import { hasErrors, type Problem } from "./problem.ts";
import { checkRule } from "./rule.ts";
import { checkSensor } from "./sensor.ts";
import { checkTriggerType } from "./trigger-type.ts";

const RUNNERS = [{ name: "noop", runner_parameters: { timeout: { type: "integer", default: 60 } } }] as const;

interface Kind {
  readonly check: (draft: unknown) => Problem[];
  readonly complete?: (draft: Record<string, unknown>) => { readonly ref?: string };
  /** A draft without errors, whose members are then replaced by anything. */
  readonly valid: Record<string, unknown>;
}

const KINDS: Readonly<Record<string, Kind>> = {
  action: {
    check: (draft) => checkAction(draft, { runners: RUNNERS }),
    complete: (draft) => complete.completeAction(draft, "p"),
    valid: {
      name: "a",
      runner_type: "noop",
      parameters: { x: { type: "string", position: 0 } },
      tags: [],
      notify: {},
      output_schema: {},
      entry_point: "",
    },
  },
  rule: {
    check: checkRule,
    complete: (draft) => complete.completeRule(draft, "p"),
    valid: {
      name: "r",
      trigger: { type: "core.t" },
      criteria: { "trigger.x": { type: "eq", pattern: 1 } },
      action: { ref: "core.noop" },
      type: { ref: "standard" },
    },
  },
  "trigger type": {
    check: checkTriggerType,
    complete: (draft) => complete.completeTriggerType(draft, "p"),
    valid: {
      name: "t",
      payload_schema: { type: "object", properties: { x: { type: "string" } } },
      parameters_schema: {},
    },
  },
  sensor: {
    check: checkSensor,
    complete: (draft) => complete.completeSensor(draft, "p", "/packs/p"),
    valid: { class_name: "S", entry_point: "s.py", poll_interval: 5, trigger_types: [{ name: "t" }] },
  },
  policy: {
    check: checkPolicy,
    complete: (draft) => complete.completePolicy(draft, "p"),
    valid: { name: "p", resource_ref: "core.local", policy_type: "action.retry", parameters: { retry_on: "failure" } },
  },
  alias: {
    check: checkAlias,
    complete: (draft) => complete.completeAlias(draft, "p"),
    valid: {
      name: "a",
      action_ref: "core.local",
      formats: ["x", { display: "d", representation: ["r"] }],
      ack: {},
      result: {},
    },
  },
  pack: {
    check: checkPack,
    complete: (draft) => complete.completePack(draft, { ref: "p", path: "/packs/p", files: [], digest: "" }),
    valid: {
      name: "p",
      description: "d",
      version: "1.0.0",
      author: "a",
      email: "e",
      keywords: [],
      python_fork: false,
      dependencies: [],
      system: {},
    },
  },
  "config schema": { check: checkConfigSchema, valid: { x: { type: "string", properties: {}, items: {}, enum: [1] } } },
  config: {
    check: (draft) =>
      checkConfig(draft, { x: { type: "object", properties: { y: { type: "array", items: {} } } } }, "p"),
    valid: { x: { y: [1] } },
  },
};

for (const [name, kind] of Object.entries(KINDS)) {
  test(`a plain ${name} has no errors`, () => {
    assert.deepEqual(kind.check(kind.valid), []);
  });

  test(`whatever stands in for a ${name} or a part of it, the check answers and what it lets through can be completed`, () => {
    const values = fc.anything({
      withNullPrototype: true,
      key: fc.constantFrom("type", "name", "ref", "properties", "__proto__", "constructor", "x"),
    });
    const json = values.map((value) => JSON.parse(JSON.stringify(value) ?? "null") as unknown);
    const member = fc.record({ key: fc.constantFrom(...Object.keys(kind.valid), "other"), value: json });
    const draft = fc.oneof(
      json,
      member.map(({ key, value }) => ({ ...kind.valid, [key]: value })),
    );
    fc.assert(
      fc.property(draft, (one) => {
        const problems = kind.check(one);
        for (const problem of problems) assert.ok(problem.message.length > 0 && problem.message.length < 1_000);
        if (!hasErrors(problems) && isObject(one) && kind.complete) {
          const ref = kind.complete(one).ref;
          assert.ok(typeof ref === "string" && ref.startsWith("p"));
        }
      }),
      { numRuns: 500 },
    );
  });
}
