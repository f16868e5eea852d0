import assert from "node:assert/strict";
import { test } from "node:test";
import type { Criterion, JsonObject, Rule } from "@squall/model";
import * as fc from "fast-check";
import { LANGUAGES } from "../languages.ts";
import { compileRule } from "./compile-rule.ts";
import { matchRules } from "./match-rules.ts";
import { createRuleIndex } from "./rule-index.ts";

const context = { variables: {}, now: 0 };

function ruleOf(name: string, criteria: Record<string, Criterion>, other: Partial<Rule> = {}): Rule {
  return {
    id: name,
    uid: `rule:p:${name}`,
    ref: `p.${name}`,
    name,
    pack: "p",
    enabled: true,
    type: { ref: "standard", parameters: {} },
    trigger: { type: "core.t", ref: "core.t", parameters: {} },
    criteria,
    action: { ref: "core.noop", parameters: {} },
    ...other,
  };
}

function indexOf(rules: readonly Rule[]) {
  const index = createRuleIndex(LANGUAGES);
  for (const rule of rules) index.put(rule);
  return index;
}

/** All rules in turn: what the index must be equal to. */
function scan(rules: readonly Rule[]) {
  const compiled = rules
    .filter((rule) => rule.enabled)
    .sort((left, right) => (left.ref < right.ref ? -1 : 1))
    .map((rule) => compileRule(rule, LANGUAGES));
  return { candidates: (ref: string) => compiled.filter(({ rule }) => rule.trigger.ref === ref) };
}

const value = fc.constantFrom<unknown>(
  0,
  1,
  1.5,
  true,
  false,
  null,
  "",
  "0",
  "1",
  "true",
  "A",
  "a",
  [],
  [1],
  {},
  { a: 1 },
);
const key = fc.constantFrom("trigger.a", "trigger.b", "trigger.c.d", "trigger['a']#2", "trigger.bad[");
const criterion: fc.Arbitrary<Criterion> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom("eq", "equals", "neq", "ieq", "contains", "lt", "exists"),
      pattern: value,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom("in", "inside", "nin"), pattern: fc.array(value, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "eq", pattern: "{{ trigger.b }}" }) },
);
const criteria = fc.dictionary(key, criterion, { maxKeys: 3 });
const rules = fc.array(
  fc.record({
    name: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    criteria,
    enabled: fc.boolean(),
    backstop: fc.boolean(),
    trigger: fc.constantFrom("core.t", "core.u"),
    removed: fc.boolean(),
  }),
  { maxLength: 12 },
);
const payload = fc.record({ a: value, b: value, c: fc.record({ d: value }) }, { requiredKeys: [] });

test("the index decides exactly as asking every rule does, through puts, changes and removals", () => {
  fc.assert(
    fc.property(rules, fc.array(payload, { minLength: 1, maxLength: 4 }), (drafts, payloads) => {
      const index = createRuleIndex(LANGUAGES);
      const live = new Map<string, Rule>();
      for (const draft of drafts) {
        const rule = ruleOf(draft.name, draft.criteria, {
          enabled: draft.enabled,
          type: { ref: draft.backstop ? "backstop" : "standard", parameters: {} },
          trigger: { type: draft.trigger, ref: draft.trigger, parameters: {} },
        });
        index.put(rule);
        live.set(rule.id, rule);
        // Looking in between must not leave anything behind that a later change makes wrong.
        index.candidates("core.t", {});
        if (draft.removed) {
          index.remove(rule.id);
          live.delete(rule.id);
        }
      }
      const all = scan([...live.values()]);
      for (const one of payloads as JsonObject[]) {
        assert.deepEqual(matchRules(index, "core.t", one, context), matchRules(all, "core.t", one, context));
      }
    }),
    { numRuns: 2000 },
  );
});

test("candidates come by ref, wherever they were found", () => {
  const equal = (field: string): Record<string, Criterion> => ({ [`trigger.${field}`]: { type: "eq", pattern: 1 } });
  const index = indexOf([
    ruleOf("e", equal("a")),
    ruleOf("c", {}),
    ruleOf("b", equal("b")),
    ruleOf("f", {}),
    ruleOf("a", equal("a")),
    ruleOf("d", equal("b")),
  ]);
  const refs = index.candidates("core.t", { a: 1, b: true }).map(({ rule }) => rule.name);
  assert.deepEqual(refs, ["a", "b", "c", "d", "e", "f"]);
});

test("an event is compared only with rules that its equalities point to", () => {
  const index = indexOf(
    Array.from({ length: 3000 }, (_, at) =>
      ruleOf(`r${at}`, {
        "trigger.kind": { type: "eq", pattern: "push" },
        "trigger.repo": { type: "eq", pattern: `repo-${Math.floor(at / 3)}` },
      }),
    ),
  );
  const candidates = index.candidates("core.t", { kind: "push", repo: "repo-7" });
  // The first few may stand under `kind`, when nothing spoke for either field yet.
  assert.ok(candidates.length <= 5, String(candidates.length));
  assert.equal(matchRules(index, "core.t", { kind: "push", repo: "repo-7" }, context).length, 3);
});

test("backstop rules are asked only when no standard rule matched, and a failed one did not", () => {
  const backstop = { type: { ref: "backstop", parameters: {} } };
  const index = indexOf([
    ruleOf("a-backstop", {}, backstop),
    ruleOf("b-backstop", { "trigger.n": { type: "gt", pattern: 5 } }, backstop),
    ruleOf("standard", { "trigger.n": { type: "eq", pattern: 1 } }),
    ruleOf("failing", { "trigger.name": { type: "startswith", pattern: "x" } }),
  ]);
  const refs = (payload: JsonObject): [string, boolean][] =>
    matchRules(index, "core.t", payload, context).map(({ rule, result }) => [rule.ref, result.matched]);
  assert.deepEqual(refs({ n: 1, name: "y" }), [["p.standard", true]]);
  assert.deepEqual(refs({ n: 9 }), [
    ["p.failing", false],
    ["p.a-backstop", true],
    ["p.b-backstop", true],
  ]);
});

test("a rule that is changed, disabled or removed is no longer found where it was", () => {
  const index = indexOf([ruleOf("r", { "trigger.a": { type: "eq", pattern: 1 } })]);
  const found = (a: unknown): number => index.candidates("core.t", { a }).length;
  assert.equal(found(true), 1);
  index.put(ruleOf("r", { "trigger.a": { type: "in", pattern: [2, 3] } }));
  assert.deepEqual([1, 2, 3].map(found), [0, 1, 1]);
  index.put(ruleOf("r", { "trigger.a": { type: "ieq", pattern: "Up" } }));
  assert.deepEqual(["up", "down", 5].map(found), [1, 0, 1]);
  index.put(ruleOf("r", {}, { enabled: false }));
  assert.deepEqual(["up", 5].map(found), [0, 0]);
});
