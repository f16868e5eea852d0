import type { Criterion } from "@squall/model";
import { plainPath, withoutSuffix } from "./key-path.ts";
import type { Languages } from "./languages.ts";

/** A value that a Map can look up by Python's equality: text, number, null; booleans count as 0 and 1. */
export type EqualityValue = string | number | null;

/** Where a criterion looks, and the values of which the field there must have one. */
export interface LiteralEquality {
  readonly path: readonly (string | number)[];
  readonly values: readonly EqualityValue[];
}

/**
 * What a criterion demands, if it is no more than "this field is one of these literals" (`eq`, or `in` a list);
 * undefined if it is more. Such a criterion can always be decided.
 */
export function literalEquality(
  key: string,
  criterion: Criterion,
  languages: Pick<Languages, "isTemplate">,
): LiteralEquality | undefined {
  const patterns = literals(criterion, languages);
  const path = patterns && plainPath(withoutSuffix(key));
  if (!path) return undefined;
  const values = patterns.map(equalityValue);
  return values.every((value) => value !== undefined) ? { path, values: [...new Set(values)] } : undefined;
}

function literals({ type, pattern }: Criterion, languages: Pick<Languages, "isTemplate">): unknown[] | undefined {
  if (type === "in" || type === "inside") return Array.isArray(pattern) ? pattern : undefined;
  if (type !== "eq" && type !== "equals") return undefined;
  // Nothing equals a null pattern, not even null: no value could stand for that.
  if (pattern === null || pattern === undefined) return undefined;
  return typeof pattern === "string" && languages.isTemplate(pattern) ? undefined : [pattern];
}

/** The value under which a payload's value is found; undefined for lists and objects, which equal no literal. */
export function equalityValue(value: unknown): EqualityValue | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number") return value;
  return typeof value === "boolean" ? Number(value) : undefined;
}
