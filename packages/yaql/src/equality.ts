import { typeError } from "./errors.ts";
import type { Run } from "./run.ts";
import { Regex } from "./regex/regex.ts";
import { typeName } from "./text.ts";
import { DateTime, Timespan } from "./time/date-time.ts";
import {
  type AnyDict,
  type AnySet,
  dictEntries,
  dictGet,
  dictSize,
  DictView,
  isDict,
  isFrozen,
  isSet,
  MutableList,
  PyFloat,
  YaqlSet,
} from "./values.ts";

/**
 * A primitive that is the same for values that are equal, with which a Map finds what Python's dict would. Texts stand
 * for themselves; what is composed is written down after a NUL, which texts that begin so have doubled. Throws when the
 * value can be no key.
 */
export function hashKey(value: unknown, run: Run): unknown {
  switch (typeof value) {
    case "string":
      return value.charCodeAt(0) === 0 ? `\0${value}` : value;
    case "number":
      return Number.isSafeInteger(value) || !Number.isInteger(value) ? value : BigInt(value);
    case "boolean":
      return value ? 1 : 0;
    case "object":
      break;
    case "undefined":
      return null;
    default:
      return value;
  }
  if (value === null) return null;
  if (value instanceof PyFloat) return hashKey(value.value === 0 ? 0 : value.value, run);
  if (value instanceof MutableList) throw typeError("unhashable type: 'list'");
  if (Array.isArray(value)) return `\0(${value.map((item) => written(item, run)).join()})`;
  if (isDict(value)) {
    if (!isFrozen(value)) throw typeError("unhashable type: 'dict'");
    const entries = Array.from(dictEntries(value), ([key, item]) => `${written(key, run)}:${written(item, run)}`);
    return `\0{${entries.sort().join()}}`;
  }
  if (value instanceof YaqlSet) {
    return `\0<${Array.from(value.values(), (item) => written(item, run)).sort().join()}>`;
  }
  if (value instanceof DictView) throw typeError(`unhashable type: '${typeName(value)}'`);
  if (value instanceof DateTime) return `\0@${value.instant}`;
  if (value instanceof Timespan) return `\0~${value.micros}`;
  if (value instanceof Regex) return `\0/${value.flags}/${value.pattern}`;
  return value;
}

/** A hash as part of a longer one: no two different ones read the same. */
function written(value: unknown, run: Run): string {
  run.step();
  const hash = hashKey(value, run);
  if (typeof hash === "string") return JSON.stringify(hash);
  if (typeof hash === "object" && hash !== null) return `#${run.identityOf(hash)}`;
  return String(hash);
}

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
