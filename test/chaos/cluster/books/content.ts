import type { Ledger } from "../ledger.ts";
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

/** A rule and the trigger that is made for it are there together. */
export function auditContent({ rules, triggers }: Books, ledger: Ledger): string[] {
  const refs = new Set(rules.map((one) => one.ref));
  const known = new Set(triggers.map((one) => one.ref));
  return [
    ...[...ledger.rules]
      .filter(([name, sent]) => sent.acknowledged && !refs.has(`chaos.${name}`))
      .map(([name]) => `rule chaos.${name} was acknowledged and is not there`),
    ...rules.filter((one) => !known.has(one.trigger)).map((one) => `the trigger of rule ${one.ref} is not there`),
  ];
}
