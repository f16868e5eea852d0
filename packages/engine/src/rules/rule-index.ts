import type { Criterion, JsonObject, Rule } from "@squall/model";
import { type CompiledRule, compileRule } from "./compile-rule.ts";
import { plainPath, walk, withoutSuffix } from "./key-path.ts";
import type { Languages } from "./languages.ts";
import { type EqualityValue, equalityValue, literalEquality } from "./literal-equality.ts";
import { compareCodePoints } from "./python-values.ts";

/**
 * The rules of one project, so that an event costs what its candidates cost and not what all rules cost.
 *
 * Invariant: `candidates` holds every enabled rule of the trigger whose `match` would not plainly say "no match". A
 * rule is left out only when a literal equality of it (see `literalEquality`) does not hold, which `match` looks at
 * first too; so the index and a scan over all rules decide the same, errors included.
 */
export interface RuleIndex {
  /** Adds a rule or replaces the one with the same id. A disabled rule is taken out. */
  put(rule: Rule): void;
  remove(ruleId: string): void;
  /** By ref. A rule is compiled when it is a candidate for the first time. */
  candidates(triggerRef: string, payload: JsonObject): CompiledRule[];
  /** Whether any enabled rule is on this trigger. */
  listens(triggerRef: string): boolean;
}

interface Entry {
  readonly rule: Rule;
  compiled: CompiledRule | undefined;
  /** Takes it out of where it was put. */
  remove: () => void;
}

/** The rules of one trigger that are found by the value of one field. */
interface Field {
  readonly path: readonly (string | number)[];
  readonly byValue: Map<EqualityValue, Set<Entry>>;
}

/** The rules that want one field's text in any case. Values that are no text cannot be decided, so they find all. */
interface AnyCaseField {
  readonly path: readonly (string | number)[];
  readonly byText: Map<string, Set<Entry>>;
  readonly all: Set<Entry>;
}

interface TriggerRules {
  readonly fields: Map<string, Field>;
  readonly anyCase: Map<string, AnyCaseField>;
  /** Without a criterion to be found by. */
  readonly always: Set<Entry>;
  /** `always` by ref; absent after a change. */
  sorted: readonly Entry[] | undefined;
  size: number;
}

export function createRuleIndex(languages: Languages): RuleIndex {
  const entries = new Map<string, Entry>();
  const triggers = new Map<string, TriggerRules>();

  function remove(ruleId: string): void {
    entries.get(ruleId)?.remove();
    entries.delete(ruleId);
  }

  return {
    put(rule) {
      remove(rule.id);
      if (!rule.enabled) return;
      const ref = rule.trigger.ref;
      let rules = triggers.get(ref);
      if (!rules) {
        rules = { fields: new Map(), anyCase: new Map(), always: new Set(), sorted: undefined, size: 0 };
        triggers.set(ref, rules);
      }
      const entry: Entry = { rule, compiled: undefined, remove: () => undefined };
      const takeOut = place(rules, entry, languages);
      const of = rules;
      of.size++;
      entry.remove = () => {
        takeOut();
        if (--of.size === 0) triggers.delete(ref);
      };
      entries.set(rule.id, entry);
    },
    remove,
    listens: (triggerRef) => triggers.has(triggerRef),
    candidates(triggerRef, payload) {
      const rules = triggers.get(triggerRef);
      if (!rules) return [];
      rules.sorted ??= [...rules.always].sort(byRef);
      return merge(found(rules, payload), rules.sorted).map((entry) => {
        entry.compiled ??= compileRule(entry.rule, languages);
        return entry.compiled;
      });
    },
  };
}

/** Puts a rule where it will be found by few other events; gives the way out of there. */
function place(rules: TriggerRules, entry: Entry, languages: Languages): () => void {
  const criteria = Object.entries(entry.rule.criteria);
  const choices = criteria.flatMap(([key, criterion]) => {
    const equality = literalEquality(key, criterion, languages);
    if (!equality) return [];
    const fieldKey = JSON.stringify(equality.path);
    const byValue = rules.fields.get(fieldKey)?.byValue;
    // The fullest bucket is what an unlucky event would have to look through.
    const crowd = Math.max(0, ...equality.values.map((value) => byValue?.get(value)?.size ?? 0));
    return [{ ...equality, fieldKey, crowd, variety: byValue?.size ?? 0 }];
  });
  const [best] = choices.sort((left, right) => left.crowd - right.crowd || right.variety - left.variety);
  if (best) {
    const field = getOrSet(rules.fields, best.fieldKey, () => ({
      path: best.path,
      byValue: new Map<EqualityValue, Set<Entry>>(),
    }));
    for (const value of best.values) getOrSet(field.byValue, value, () => new Set<Entry>()).add(entry);
    return () => {
      for (const value of best.values) deleteFrom(field.byValue, value, entry);
      if (field.byValue.size === 0) rules.fields.delete(best.fieldKey);
    };
  }
  // `ieq` fails on what is no text, so it can stand for its rule only where nothing is decided before it.
  const [first] = criteria;
  const path = first && isAnyCaseEquality(first[1]) ? plainPath(withoutSuffix(first[0])) : undefined;
  const pattern = first?.[1].pattern;
  if (path && typeof pattern === "string" && !languages.isTemplate(pattern)) {
    const fieldKey = JSON.stringify(path);
    const field = getOrSet(rules.anyCase, fieldKey, () => ({
      path,
      byText: new Map<string, Set<Entry>>(),
      all: new Set<Entry>(),
    }));
    field.all.add(entry);
    getOrSet(field.byText, pattern.toLowerCase(), () => new Set<Entry>()).add(entry);
    return () => {
      field.all.delete(entry);
      deleteFrom(field.byText, pattern.toLowerCase(), entry);
      if (field.all.size === 0) rules.anyCase.delete(fieldKey);
    };
  }
  rules.always.add(entry);
  rules.sorted = undefined;
  return () => {
    rules.always.delete(entry);
    rules.sorted = undefined;
  };
}

function isAnyCaseEquality({ type }: Criterion): boolean {
  return type === "ieq" || type === "iequals";
}

function found(rules: TriggerRules, payload: JsonObject): Entry[] {
  const root = { trigger: payload };
  const result: Entry[] = [];
  for (const { path, byValue } of rules.fields.values()) {
    const value = equalityValue(walk(root, path));
    const bucket = value === undefined ? undefined : byValue.get(value);
    for (const entry of bucket ?? []) result.push(entry);
  }
  for (const { path, byText, all } of rules.anyCase.values()) {
    const value = walk(root, path);
    const bucket = typeof value === "string" ? byText.get(value.toLowerCase()) : all;
    for (const entry of bucket ?? []) result.push(entry);
  }
  return result.sort(byRef);
}

function byRef(left: Entry, right: Entry): number {
  return compareCodePoints(left.rule.ref, right.rule.ref);
}

function merge(left: readonly Entry[], right: readonly Entry[]): Entry[] {
  const merged: Entry[] = [];
  let at = 0;
  for (const entry of left) {
    for (let other = right[at]; other && byRef(other, entry) < 0; other = right[++at]) merged.push(other);
    merged.push(entry);
  }
  for (; at < right.length; at++) merged.push(right[at] as Entry);
  return merged;
}

function getOrSet<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function deleteFrom<K>(map: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const bucket = map.get(key);
  bucket?.delete(entry);
  if (bucket?.size === 0) map.delete(key);
}
