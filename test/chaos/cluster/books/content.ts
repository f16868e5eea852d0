import type { Ledger } from "../ledger.ts";
import { isObject } from "../../events.ts";
import type { Books } from "./books.ts";

/**
 * A key has the last value that was acknowledged, or one that was not: a write that its client gave up may still arrive
 * after the next one.
 */
export function auditKeys({ keys }: Books, ledger: Ledger): string[] {
  const found = new Map(keys.map((one) => [one.name, one]));
  return [...ledger.keys].flatMap(([name, values]) => {
    const key = found.get(name);
    const promised = values.findLastIndex((one) => one.acknowledged);
    const has = values.findIndex((one) => one.value === key?.value);
    const isLost = has < promised && (values[has]?.acknowledged ?? true);
    return isLost ? [`key ${name} has value ${has + 1} of ${values.length}; ${promised + 1} was acknowledged`] : [];
  });
}

/** A rule and the trigger that is made for it are there together, and each visit of it fired it once. */
export function auditContent({ rules, triggers, events, enforcements }: Books, ledger: Ledger): string[] {
  const refs = new Set(rules.map((one) => one.ref));
  const known = new Set(triggers.map((one) => one.ref));
  const visits = Map.groupBy(
    events.filter((one) => isObject(one.payload.body) && "visit" in one.payload.body),
    (one) => (isObject(one.payload.body) ? String(one.payload.body.visit) : ""),
  );
  const fired = new Map(enforcements.map((one) => [one.trigger_instance, one.rule_ref]));
  return [
    ...[...ledger.rules]
      .filter(([name, sent]) => sent.acknowledged && !refs.has(`chaos.${name}`))
      .map(([name]) => `rule chaos.${name} was acknowledged and is not there`),
    ...[...ledger.visits].flatMap(([name, times]) => {
      const right = (visits.get(name) ?? []).filter((one) => fired.get(one.id) === `chaos.${name}`).length;
      return right === times ? [] : [`rule chaos.${name} was set off ${times} times and fired ${right} times`];
    }),
    ...rules.filter((one) => !known.has(one.trigger)).map((one) => `the trigger of rule ${one.ref} is not there`),
  ];
}
