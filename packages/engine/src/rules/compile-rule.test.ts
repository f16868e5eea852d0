import assert from "node:assert/strict";
import { test } from "node:test";
import type { Criterion, JsonObject, Rule } from "@squall/model";
import { LANGUAGES } from "../languages.ts";
import { compileRule, type MatchResult } from "./compile-rule.ts";
import type { Languages } from "./languages.ts";

const context = { variables: { st2kv: { system: { level: 3 } } }, now: 0 };

function ruleOf(criteria: Record<string, Criterion>): Rule {
  return {
    id: "1",
    uid: "rule:p:r",
    ref: "p.r",
    name: "r",
    pack: "p",
    enabled: true,
    type: { ref: "standard", parameters: {} },
    trigger: { type: "core.t", ref: "core.t", parameters: {} },
    criteria,
    action: { ref: "core.noop", parameters: {} },
  };
}

function match(criteria: Record<string, Criterion>, payload: JsonObject, languages = LANGUAGES): MatchResult {
  return compileRule(ruleOf(criteria), languages).match(payload, context);
}
const matches = (criteria: Record<string, Criterion>, payload: JsonObject): boolean => match(criteria, payload).matched;

test("all criteria must hold", () => {
  const criteria = { "trigger.a": { type: "eq", pattern: 1 }, "trigger.b": { type: "gt", pattern: 1 } };
  assert.equal(matches(criteria, { a: 1, b: 2 }), true);
  assert.equal(matches(criteria, { a: 1, b: 1 }), false);
  assert.equal(matches({}, {}), true);
});

test("criteria never match an empty payload, not even nexists", () => {
  assert.deepEqual(match({ "trigger.a": { type: "nexists", pattern: true } }, {}), { matched: false });
});

test("keys reach into objects, lists and quoted names, and only own members count", () => {
  const payload = {
    headers: { "X-GitHub-Event": "push" },
    body: { commits: [{ id: "a" }, { id: "b" }], "odd #name": 1 },
  };
  for (const [key, pattern] of [
    ["trigger.headers['X-GitHub-Event']", "push"],
    ['trigger.headers."X-GitHub-Event"', "push"],
    ["trigger.headers.X-GitHub-Event", "push"],
    ["$.trigger.body.commits[1].id", "b"],
    ["trigger.body.commits[*].id", "a"],
    ["trigger.body['odd #name']#2", 1],
  ] as const) {
    assert.equal(matches({ [key]: { type: "eq", pattern } }, payload), true, key);
  }
  assert.equal(matches({ "trigger.body.constructor": { type: "exists", pattern: true } }, payload), false);
});

test("a suffix lets two criteria test one field", () => {
  const criteria = {
    "trigger.count#1": { type: "gt", pattern: 1 },
    "trigger.count#2": { type: "lt", pattern: 5 },
  };
  assert.deepEqual(
    [1, 3, 7].map((count) => matches(criteria, { count })),
    [false, true, false],
  );
});

test("patterns are rendered with the event and the datastore and keep their type", () => {
  assert.equal(matches({ "trigger.a": { type: "eq", pattern: "{{ trigger.b }}" } }, { a: 5, b: 5 }), true);
  assert.equal(matches({ "trigger.a": { type: "gt", pattern: "{{ st2kv.system.level }}" } }, { a: 4 }), true);
});

test("what cannot be decided is an error and no match", () => {
  const failing: Record<string, Criterion> = {
    "trigger.a": { type: "regex", pattern: "x" },
    "trigger.missing": { type: "contains", pattern: "x" },
    "trigger.bad[": { type: "eq", pattern: 1 },
    "trigger.b": { type: "eq", pattern: "{{ trigger.nothing }}" },
    "trigger.c": { type: "nosuch", pattern: 1 },
  };
  for (const [key, criterion] of Object.entries(failing)) {
    const result = match({ [key]: criterion }, { a: 5, b: 1 });
    assert.equal(result.matched, false);
    assert.ok(!result.matched && result.error?.startsWith(`${key} ${criterion.type}: `), key);
  }
});

test("a literal equality that does not hold settles it before another criterion fails", () => {
  const criteria = { "trigger.a": { type: "regex", pattern: "x" }, "trigger.kind": { type: "eq", pattern: "disk" } };
  assert.deepEqual(match(criteria, { kind: "net" }), { matched: false });
  assert.notEqual((match(criteria, { kind: "disk" }) as { error?: string }).error, undefined);
});

test("an error that asks for a key comes through as it is, also out of search", () => {
  const wanted = Object.assign(new Error("wants st2kv.system.x"), { needsKey: { name: "x" } });
  const languages: Languages = {
    ...LANGUAGES,
    renderNative: () => {
      throw wanted;
    },
  };
  const child = { "item.a": { type: "eq", pattern: "{{ st2kv.system.x }}" } };
  const asking: Record<string, Criterion>[] = [
    { "trigger.a": { type: "eq", pattern: "{{ st2kv.system.x }}" } },
    { "trigger.list": { type: "search", condition: "any", pattern: child } },
  ];
  for (const criteria of asking) {
    const rule = compileRule(ruleOf(criteria), languages);
    for (const ask of [rule.match, rule.explain]) {
      assert.throws(
        () => ask({ a: 1, list: [{ a: 1 }] }, context),
        (thrown) => thrown === wanted,
      );
    }
  }
});

test("search holds by its four conditions", () => {
  const pattern = { "item.kind": { type: "eq", pattern: "cpu" }, "item.load": { type: "gt", pattern: 5 } };
  const both = { kind: "cpu", load: 9 };
  const one = { kind: "cpu", load: 1 };
  const none = { kind: "disk", load: 1 };
  const expected: Record<string, Record<string, boolean>> = {
    any: { both_none: true, one_one: false, both_both: true, one_none: false, empty: false },
    all: { both_none: false, one_one: false, both_both: true, one_none: false, empty: true },
    any2any: { both_none: true, one_one: true, both_both: true, one_none: true, empty: false },
    all2any: { both_none: false, one_one: true, both_both: true, one_none: false, empty: true },
  };
  const lists = {
    both_none: [both, none],
    one_one: [one, one],
    both_both: [both, both],
    one_none: [one, none],
    empty: [],
  };
  for (const [condition, results] of Object.entries(expected)) {
    for (const [name, list] of Object.entries(lists)) {
      const criteria = { "trigger.list": { type: "search", condition, pattern } };
      assert.equal(matches(criteria, { list }), results[name], `${condition} ${name}`);
    }
  }
});

test("search takes an object for a list of one, and renders with item but without trigger", () => {
  const search = (pattern: unknown): Record<string, Criterion> => ({
    "trigger.list": { type: "search", condition: "any", pattern },
  });
  assert.equal(matches(search({ "item.a": { type: "eq", pattern: 1 } }), { list: { a: 1 } }), true);
  assert.equal(
    matches(search({ "item.a": { type: "eq", pattern: "{{ item.b }}" } }), { list: [{ a: 1, b: 1 }] }),
    true,
  );
  const result = match(search({ "item.a": { type: "eq", pattern: "{{ trigger.list }}" } }), { list: [{ a: 1 }] });
  assert.match((result as { error?: string }).error ?? "", /'trigger' is undefined/);
});

test("one odd item does not hide that another matches, but is the reason if none does", () => {
  const criteria = {
    "trigger.list": {
      type: "search",
      condition: "any",
      pattern: { "item.name": { type: "startswith", pattern: "web" } },
    },
  };
  assert.deepEqual(match(criteria, { list: [{}, { name: "web-1" }] }), { matched: true });
  assert.match((match(criteria, { list: [{}, { name: "db" }] }) as { error?: string }).error ?? "", /item\.name: /);
});

test("search without a usable condition, pattern or list is an error", () => {
  const child = { "item.a": { type: "eq", pattern: 1 } };
  for (const [criterion, list] of [
    [{ type: "search", pattern: child }, []],
    [{ type: "search", condition: "some", pattern: child }, []],
    [{ type: "search", condition: "constructor", pattern: child }, []],
    [{ type: "search", condition: "any", pattern: null }, []],
    [{ type: "search", condition: "any", pattern: { "item.a": {} } }, []],
    [{ type: "search", condition: "any", pattern: child }, null],
    [{ type: "search", condition: "any", pattern: child }, 7],
  ] as const) {
    const result = match({ "trigger.list": criterion }, { list, other: 1 });
    assert.ok(!result.matched && result.error, JSON.stringify([criterion, list]));
  }
});

test("explaining tells every criterion in the rule's order, with value, pattern and reason", () => {
  const rule = compileRule(
    ruleOf({
      "trigger.text": { type: "regex", pattern: "x" },
      "trigger.kind": { type: "eq", pattern: "{{ st2kv.system.level }}" },
    }),
    LANGUAGES,
  );
  const [text, kind] = rule.explain({ text: 5, kind: 3 }, context);
  assert.deepEqual([text?.key, text?.value, text?.held], ["trigger.text", 5, false]);
  assert.match(text?.error ?? "", /must be text/);
  assert.deepEqual([kind?.value, kind?.pattern, kind?.held, kind?.error], [3, 3, true, undefined]);
});
