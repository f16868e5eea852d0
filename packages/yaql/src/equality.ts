import {
  type AnyDict,
  type AnySet,
  dictEntries,
  dictGet,
  dictSize,
  DictView,
  isDict,
  isSet,
  YaqlSet,
} from "./containers.ts";
import { MutableList, PyFloat } from "./values.ts";
import { Regex } from "./regex/regex.ts";
import type { Run } from "./run.ts";
import { DateTime, Timespan } from "./time/date-time.ts";

const numeric = (value: unknown): number | bigint | undefined => {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return value instanceof PyFloat ? value.value : undefined;
};

/** YAQL's `=`: by value, across integers, floats and booleans; an iterator is equal to itself only. */
export function equals(a: unknown, b: unknown, run: Run): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  if (a === b) return true;
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
  const x = numeric(a);
  if (x !== undefined) {
    const y = numeric(b);
    // Loosely, because that compares a bigint with a number by value.
    // oxlint-disable-next-line eqeqeq
    return y !== undefined && x == y;
  }
  if (typeof a !== "object" || typeof b !== "object") return false;
  run.step();
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    if (a instanceof MutableList !== b instanceof MutableList) return false;
    return a.every((item, i) => equals(item, b[i], run));
  }
  if (isSet(a)) return isSet(b) && sameSets(a, b, run);
  if (isDict(a)) return isDict(b) && sameDicts(a, b, run);
  if (a instanceof DateTime) return b instanceof DateTime && a.instant === b.instant;
  if (a instanceof Timespan) return b instanceof Timespan && a.micros === b.micros;
  if (a instanceof Regex) return b instanceof Regex && a.pattern === b.pattern && a.flags === b.flags;
  return false;
}

function sameDicts(a: AnyDict, b: AnyDict, run: Run): boolean {
  if (dictSize(a) !== dictSize(b)) return false;
  for (const [key, value] of dictEntries(a)) {
    const other = dictGet(b, key, run);
    if (other === undefined || !equals(value, other, run)) return false;
  }
  return true;
}

function sameSets(a: AnySet, b: AnySet, run: Run): boolean {
  if (a.size !== b.size) return false;
  const other = asSet(b, run);
  for (const member of a.values()) if (!other.has(member, run)) return false;
  return true;
}

/** A view of keys or items as a set of its own. */
export function asSet(value: AnySet, run: Run): YaqlSet {
  return value instanceof YaqlSet ? value : YaqlSet.from(value.values(), run);
}

/** Whether the collection has the value: looked up in sets, searched for elsewhere. */
export function isSubset(a: AnySet, b: AnySet, run: Run): boolean {
  const whole = asSet(b, run);
  for (const member of a.values()) if (!whole.has(member, run)) return false;
  return true;
}

/** Code point order, which is not JavaScript's order of UTF-16 units. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      const xHigh = x >= 0xd800 && x <= 0xdfff;
      const yHigh = y >= 0xd800 && y <= 0xdfff;
      return xHigh === yHigh ? x - y : xHigh ? 1 : -1;
    }
  }
  return a.length - b.length;
}

/** What counts as true in a condition. */
export function isTruthy(value: unknown): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value !== "";
    case "number":
      return value !== 0;
    case "bigint":
      return value !== 0n;
    case "object":
      break;
    default:
      return value !== undefined;
  }
  if (value === null) return false;
  if (value instanceof PyFloat) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Timespan) return value.micros !== 0n;
  if (value instanceof YaqlSet || value instanceof DictView) return value.size > 0;
  if (isDict(value)) return dictSize(value) > 0;
  return true;
}
