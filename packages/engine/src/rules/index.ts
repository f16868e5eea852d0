/** Rule matching: pure functions from an event's payload to the rules that it matches. */
export {
  type CompiledRule,
  compileRule,
  type MatchResult,
} from "./compile-rule.ts";
export type { Languages, MatchContext } from "./languages.ts";
export { matchRules, type RuleDecision } from "./match-rules.ts";
export { checkCriteria, OPERATOR_NAMES } from "./operators.ts";
export { createRuleIndex, type RuleIndex } from "./rule-index.ts";
