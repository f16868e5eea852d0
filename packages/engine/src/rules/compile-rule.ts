import { isObject, type JsonObject, messageOf, type Rule } from "@squall/model";
import type { CriterionTest } from "../engine.ts";
import { type CompiledCriterion, compileCriterion, holds, wantsKey } from "./criteria.ts";
import type { Languages, MatchContext } from "./languages.ts";
import { literalEquality } from "./literal-equality.ts";

export type MatchResult =
  | { readonly matched: true }
  /** `error`: why it could not be decided; StackStorm records a failed enforcement then. */
  | { readonly matched: false; readonly error?: string };

export interface CompiledRule {
  readonly rule: Rule;
  /** Whether all criteria hold. Lets errors through that carry `needsKey`; others become `error`. */
  match(payload: JsonObject, context: MatchContext): MatchResult;
  /** Every criterion in the rule's order, also after one that does not hold. Lets `needsKey` errors through too. */
  explain(payload: JsonObject, context: MatchContext): CriterionTest[];
}

const MATCHED: MatchResult = { matched: true };
const NOT_MATCHED: MatchResult = { matched: false };

export function compileRule(rule: Rule, languages: Languages): CompiledRule {
  const written = Object.entries(rule.criteria).map(([key, criterion]) => compileCriterion(key, criterion, languages));
  const ordered = decisiveFirst(written, languages);
  return {
    rule,
    match(payload, context) {
      if (ordered.length === 0) return MATCHED;
      if (isEmpty(payload)) return NOT_MATCHED;
      const scope = { root: { trigger: payload }, context };
      for (const criterion of ordered) {
        try {
          if (!holds(criterion, scope)) return NOT_MATCHED;
        } catch (thrown) {
          if (wantsKey(thrown)) throw thrown;
          return { matched: false, error: `${criterion.key} ${criterion.criterion.type}: ${messageOf(thrown)}` };
        }
      }
      return MATCHED;
    },
    explain: (payload, context) => written.map((criterion) => explainOne(criterion, payload, context)),
  };
}

/**
 * All criteria must hold, so their order matters only for which one is told as undecidable. Literal equalities come
 * first: they cannot fail, they are cheap, and the index decides by them before it looks at a rule. The others stay
 * in the order in which they are written.
 */
function decisiveFirst(criteria: readonly CompiledCriterion[], languages: Languages): CompiledCriterion[] {
  const decisive = criteria.filter(({ key, criterion }) => literalEquality(key, criterion, languages));
  return [...decisive, ...criteria.filter((one) => !decisive.includes(one))];
}

export function isEmpty(payload: JsonObject): boolean {
  return isObject(payload) ? Object.keys(payload).length === 0 : !payload;
}

function explainOne(compiled: CompiledCriterion, payload: JsonObject, context: MatchContext): CriterionTest {
  const { key, criterion } = compiled;
  const root = { trigger: payload };
  let shown: { value?: unknown; pattern?: unknown } = {};
  try {
    const value = compiled.find(root);
    if (value !== null) shown = { value };
    const { pattern, test } = compiled.prepare({ root, context });
    shown = { ...shown, pattern };
    return { key, criterion, ...shown, held: !isEmpty(payload) && test(value, context) };
  } catch (thrown) {
    if (wantsKey(thrown)) throw thrown;
    return { key, criterion, ...shown, held: false, error: messageOf(thrown) };
  }
}
