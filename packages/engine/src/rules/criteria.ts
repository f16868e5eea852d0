import { type Criterion, Invalid, isObject, messageOf } from "@squall/model";
import { compileKey } from "./key-path.ts";
import type { Languages, MatchContext } from "./languages.ts";
import { OPERATORS, type Test } from "./operators.ts";
import { pythonType } from "./python-values.ts";

/** One criterion, ready to be tested. Both functions throw what cannot be decided. */
export interface CompiledCriterion {
  readonly key: string;
  readonly criterion: Criterion;
  /** The value under the key in `{trigger: payload}` or `{item: item}`; null when there is none. */
  find(root: Readonly<Record<string, unknown>>): unknown;
  /** The pattern after rendering, and the test that it makes. */
  prepare(scope: Scope): { readonly pattern: unknown; readonly test: Test };
}

/** What patterns are rendered with. */
export interface Scope {
  /** `{trigger: payload}`, or `{item: item}` inside `search`. */
  readonly root: Readonly<Record<string, unknown>>;
  readonly context: MatchContext;
}

export function compileCriterion(key: string, criterion: Criterion, languages: Languages): CompiledCriterion {
  const lookup = compileKey(key, languages);
  const raw = criterion.pattern ?? null;
  const make = (pattern: unknown): Test => makeTest(criterion, pattern, languages);
  const isTemplate = typeof raw === "string" && languages.isTemplate(raw);
  let literal: { readonly pattern: unknown; readonly test: Test } | undefined;
  return {
    key,
    criterion,
    find: (root) => lookup(root) ?? null,
    prepare(scope) {
      if (isTemplate) {
        const variables = { ...scope.context.variables, ...scope.root };
        const pattern = languages.renderNative(raw, variables) ?? null;
        return { pattern, test: make(pattern) };
      }
      literal ??= { pattern: raw, test: make(raw) };
      return literal;
    },
  };
}

/** Whether the criterion holds. Throws when it cannot be decided. */
export function holds(criterion: CompiledCriterion, scope: Scope): boolean {
  const { test } = criterion.prepare(scope);
  return test(criterion.find(scope.root), scope.context);
}

/** The datastore lookup of an expression is not at hand: the engine fetches the key and asks again. */
export function wantsKey(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && "needsKey" in thrown;
}

function makeTest(criterion: Criterion, pattern: unknown, languages: Languages): Test {
  if (criterion.type === "search") return searchTest(criterion.condition, pattern, languages);
  const operator = OPERATORS.get(criterion.type);
  if (!operator) throw new Invalid("rule.unknown-operator", { message: `there is no operator "${criterion.type}"` });
  return operator(pattern);
}

/** [over the items, over the children]: whether all must hold, or some. */
const CONDITIONS: Readonly<Record<string, readonly ["some" | "every", "some" | "every"]>> = {
  any: ["some", "every"],
  all: ["every", "every"],
  any2any: ["some", "some"],
  all2any: ["every", "some"],
};

/**
 * Child criteria over the items of a list. A child that cannot be decided counts as not holding, and is told as the
 * reason only if the search as a whole does not hold: one odd item must not hide that another one matches.
 */
function searchTest(condition: string | undefined, pattern: unknown, languages: Languages): Test {
  const modes = condition !== undefined && Object.hasOwn(CONDITIONS, condition) ? CONDITIONS[condition] : undefined;
  if (!modes) {
    throw new Invalid("rule.search-condition", {
      message: `search needs a condition, one of any, all, any2any, all2any; it has ${condition ?? "none"}`,
    });
  }
  if (!isObject(pattern)) {
    throw new Invalid("rule.search-pattern", {
      message: `search needs a map of criteria as its pattern, it has ${pythonType(pattern)}`,
    });
  }
  const children = Object.entries(pattern).map(([key, child]) => {
    if (isObject(child) && typeof child.type === "string") {
      return compileCriterion(key, child as Criterion, languages);
    }
    throw new Invalid("rule.search-pattern", { message: `the criterion "${key}" of search has no type` });
  });
  return (value, context) => {
    const items = isObject(value) ? [value] : value;
    if (!Array.isArray(items)) {
      throw new Invalid("rule.search-value", { message: `search looks through lists, not ${pythonType(value)}` });
    }
    let undecided: string | undefined;
    const childHolds = (child: CompiledCriterion, item: unknown): boolean => {
      try {
        return holds(child, { root: { item }, context });
      } catch (thrown) {
        if (wantsKey(thrown)) throw thrown;
        undecided ??= `${child.key}: ${messageOf(thrown)}`;
        return false;
      }
    };
    const found = items[modes[0]]((item) => children[modes[1]]((child) => childHolds(child, item)));
    if (!found && undecided !== undefined) throw new Invalid("rule.search-undecided", { message: undecided });
    return found;
  };
}
