import type { JsonObject } from "@squall/model";
import type { CompiledRule, MatchResult } from "./compile-rule.ts";
import type { MatchContext } from "./languages.ts";
import type { RuleIndex } from "./rule-index.ts";

/** A rule that matched, or that could not be decided. */
export interface RuleDecision {
  readonly rule: CompiledRule["rule"];
  readonly result: MatchResult;
}

/**
 * What the rules of a trigger decide about an event, by ref: those that matched and those that failed. Backstop rules
 * are asked only if no standard rule matched (one that failed did not match). Lets errors through that carry `needsKey`.
 */
export function matchRules(
  index: Pick<RuleIndex, "candidates">,
  triggerRef: string,
  payload: JsonObject,
  context: MatchContext,
): RuleDecision[] {
  const candidates = index.candidates(triggerRef, payload);
  const decide = (backstop: boolean): RuleDecision[] =>
    candidates
      .filter(({ rule }) => (rule.type.ref === "backstop") === backstop)
      .map((compiled) => ({ rule: compiled.rule, result: compiled.match(payload, context) }))
      .filter(({ result }) => result.matched || result.error !== undefined);
  const decisions = decide(false);
  return decisions.some(({ result }) => result.matched) ? decisions : [...decisions, ...decide(true)];
}
