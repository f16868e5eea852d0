import { limitCollection } from "./limit-collection.ts";
import { typeError } from "./errors.ts";
import { Run } from "./run.ts";
import { type AnyDict, Dict, dictEntries, isDict, isSet, YaqlSet } from "./containers.ts";
import { each, isIterable } from "./iteration.ts";
import { repr, str } from "./text.ts";
import { Iter, PyFloat } from "./values.ts";
import { Regex } from "./regex/regex.ts";
import { DateTime, Timespan } from "./time/date-time.ts";
import { Lambda } from "./lambda.ts";
import { Context } from "./context.ts";

const MAX_DEPTH = 1_000;

/**
 * A result as the caller gets it: iterators are run to their end, lists are arrays, maps are objects when all their
 * keys are texts and Maps otherwise, sets are Sets (or arrays, if so wanted). Numbers keep what they are: see `toJson`.
 */
export function finalize(value: unknown, run: Run, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value === undefined ? null : value;
  if (depth > MAX_DEPTH) throw typeError(`the result is nested more than ${MAX_DEPTH} levels deep`);
  run.step();
  if (Array.isArray(value)) {
    limitCollection(value, run);
    run.allocateItems(value.length);
    return Array.from(value, (item) => finalize(item, run, depth + 1));
  }
  if (isDict(value)) {
    limitCollection(value, run);
    return finalizeDict(value, run, depth);
  }
  if (isSet(value)) {
    limitCollection(value, run);
    const members = Array.from(value.values(), (item) => finalize(item, run, depth + 1));
    if (run.convertSetsToLists) return members;
    for (const member of members) refuseUnhashable(member);
    return new Set(members);
  }
  if (!isIterable(value)) return value;
  const items: unknown[] = [];
  for (const item of each(limitCollection(value, run), run)) {
    run.allocate(8);
    items.push(finalize(item, run, depth + 1));
  }
  return items;
}

function finalizeDict(value: AnyDict, run: Run, depth: number): unknown {
  const names: string[] = [];
  const values: unknown[] = [];
  let map: Map<unknown, unknown> | undefined;
  // The views of one's own maps go without a generator in between.
  for (const [key, item] of value instanceof Dict ? value.entries() : dictEntries(value)) {
    const final = finalize(item, run, depth + 1);
    if (typeof key === "string" && map === undefined) {
      names.push(key);
      values.push(final);
      continue;
    }
    map ??= new Map(names.map((name, i) => [name, values[i]]));
    const name = finalize(key, run, depth + 1);
    refuseUnhashable(name);
    map.set(name, final);
  }
  run.allocateItems(2 * names.length);
  return map ?? plainObject(names, values);
}

function plainObject(names: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [i, name] of names.entries()) {
    if (name !== "__proto__") object[name] = values[i];
    else
      Object.defineProperty(object, name, { value: values[i], enumerable: true, writable: true, configurable: true });
  }
  return object;
}

/** Lists inside sets and as keys would be mutable in the result. */
function refuseUnhashable(value: unknown): void {
  if (Array.isArray(value)) throw typeError("unhashable type: 'list'");
  if (isDict(value)) throw typeError("unhashable type: 'dict'");
  if (value instanceof Set) throw typeError("unhashable type: 'set'");
}

/**
 * A result as Python prints it in the middle of a text: lists in brackets, `None`, `True`, `{'a': 1}`, sets as `{1, 2}`.
 * For results only, which are lists and Sets of the host; `str` and `repr` print values as they are inside an expression.
 */
export function resultText(result: unknown): string {
  return typeof result === "string" ? result : printResult(result, true);
}

function printResult(value: unknown, isOutermost = false): string {
  const all = (items: Iterable<unknown>) => Array.from(items, (item) => printResult(item)).join(", ");
  if (Array.isArray(value)) return `[${all(value)}]`;
  if (value instanceof Set) return value.size === 0 ? "set()" : `{${all(value)}}`;
  if (isDict(value)) {
    return `{${Array.from(dictEntries(value), ([key, item]) => `${printResult(key)}: ${printResult(item)}`).join(", ")}}`;
  }
  return isOutermost ? str(value) : repr(value);
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A result as JSON: sets and iterators are arrays, keys that are no texts become their JSON text, dates are ISO 8601,
 * timespans print as in YAQL (`1 day, 2:00:00`), integers beyond 2^53 lose digits, floats that are no numbers are null.
 */
export function toJson(value: unknown): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "bigint":
      return Number(value);
    case "object":
      break;
    default:
      return null;
  }
  if (value === null) return null;
  if (value instanceof PyFloat) return toJson(value.value);
  if (value instanceof DateTime) return value.iso();
  if (value instanceof Timespan) return value.toString();
  if (value instanceof Regex) return value.pattern;
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Set) return Array.from(value, toJson);
  if (isDict(value)) {
    return Object.fromEntries(
      Array.from(dictEntries(value), ([key, item]) => [
        typeof key === "string" ? key : JSON.stringify(toJson(key)),
        toJson(item),
      ]),
    );
  }
  if (value instanceof Iter || value instanceof YaqlSet || isIterable(value)) return toJson(finalize(value, new Run()));
  if (value instanceof Lambda || value instanceof Context) return null;
  return str(value);
}
