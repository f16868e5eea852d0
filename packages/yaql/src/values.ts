/**
 * How YAQL's values look here.
 *
 * | in YAQL            | here                                                                       |
 * |--------------------|----------------------------------------------------------------------------|
 * | null, boolean      | null, boolean                                                              |
 * | integer            | a number without fraction; a bigint beyond 2^53                            |
 * | float              | a number with a fraction (or NaN, infinity); `PyFloat` when it is integral |
 * | string             | string                                                                     |
 * | list               | Array; `MutableList` where Python's has a list and not a tuple             |
 * | map                | `Dict`; objects and Maps that came from outside stay what they are         |
 * | set                | `YaqlSet`, and the views of a map's keys and items                         |
 * | iterator           | `Iter`, good for one pass; `Memorized`, good for many                      |
 * | date, timespan     | `DateTime`, `Timespan`                                                     |
 * | regex              | `Regex`                                                                    |
 *
 * None is ever changed once made, so data is used as it comes, without a copy.
 */
import { hashKey } from "./equality.ts";
import { tableOrder } from "./set-order.ts";
import { typeError } from "./errors.ts";
import type { Run } from "./run.ts";
import { typeName } from "./text.ts";
import { DateTime } from "./time/date-time.ts";

/** A float whose value is integral, so that `4.0 / 2` prints as `2.0`. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  toJSON(): number {
    return this.value;
  }
}

export const float = (value: number): number | PyFloat => (Number.isInteger(value) ? new PyFloat(value) : value);

/** The smallest representation of an integer: a number where that is exact. */
export function int(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** What Python calls a list: it differs from the usual, immutable one in equality, as a key, and in print. */
export class MutableList extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

export function mutableList(items: Iterable<unknown>): MutableList {
  const list = new MutableList();
  for (const item of items) list.push(item);
  return list;
}

/** What a map holds under a key is found by the key's value: `{[1] => 2}[[1]]` is 2, `{1 => a}[true]` is a. */
export class Dict {
  readonly #entries = new Map<unknown, readonly [key: unknown, value: unknown]>();
  /** Whether it can be a key or a member of a set itself. */
  readonly frozen: boolean;
  constructor(frozen = true) {
    this.frozen = frozen;
  }
  get size(): number {
    return this.#entries.size;
  }
  /** Only while it is being made. The first of equal keys stays. */
  set(key: unknown, value: unknown, run: Run): void {
    const hash = hashKey(key, run);
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
  }
  /** Only while it is being made. */
  delete(key: unknown, run: Run): void {
    this.#entries.delete(hashKey(key, run));
  }
  entry(key: unknown, run: Run): readonly [unknown, unknown] | undefined {
    return this.#entries.get(typeof key === "string" && key.charCodeAt(0) !== 0 ? key : hashKey(key, run));
  }
  entries(): MapIterator<readonly [unknown, unknown]> {
    return this.#entries.values();
  }
}

export type AnyDict = Dict | Map<unknown, unknown> | Readonly<Record<string, unknown>>;

/** Whether a value is a map. Objects of classes that are not known here are not. */
export function isDict(value: unknown): value is AnyDict {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || value instanceof Dict || value instanceof Map;
}

/** The value under a key; `undefined` when there is none. Never reads from a prototype. */
export function dictGet(dict: AnyDict, key: unknown, run: Run): unknown {
  if (dict instanceof Dict) {
    const entry = dict.entry(key, run);
    return entry === undefined ? undefined : entry[1];
  }
  if (dict instanceof Map) {
    if (dict.has(key)) return adopt(dict.get(key));
    const hash = hashKey(key, run);
    for (const [known, value] of dict) if (hashKey(known, run) === hash) return adopt(value);
    return undefined;
  }
  if (typeof key !== "string") {
    hashKey(key, run); // refuses what can be no key
    return undefined;
  }
  return Object.hasOwn(dict, key) ? adopt(dict[key]) : undefined;
}

export function dictHas(dict: AnyDict, key: unknown, run: Run): boolean {
  return dictGet(dict, key, run) !== undefined;
}

export function dictSize(dict: AnyDict): number {
  return dict instanceof Dict || dict instanceof Map ? dict.size : Object.keys(dict).length;
}

export function* dictEntries(dict: AnyDict): Generator<readonly [unknown, unknown]> {
  if (dict instanceof Dict) yield* dict.entries();
  else if (dict instanceof Map) for (const [key, value] of dict) yield [key, adopt(value)];
  else for (const key of Object.keys(dict)) yield [key, adopt(dict[key])];
}

export function dictFrom(entries: Iterable<readonly [unknown, unknown]>, run: Run, frozen = true): Dict {
  const dict = new Dict(frozen);
  for (const [key, value] of entries) {
    run.allocate(64);
    dict.set(key, value, run);
  }
  return dict;
}

export const isFrozen = (dict: AnyDict): boolean => !(dict instanceof Dict) || dict.frozen;

export class YaqlSet {
  readonly #members = new Map<unknown, unknown>();
  static from(members: Iterable<unknown>, run: Run): YaqlSet {
    const set = new YaqlSet();
    for (const member of members) {
      run.allocate(48);
      const hash = hashKey(member, run);
      if (!set.#members.has(hash)) set.#members.set(hash, member);
    }
    const order = tableOrder([...set.#members.keys()]);
    if (order === undefined) return set;
    const sorted = new YaqlSet();
    for (const hash of order) sorted.#members.set(hash, set.#members.get(hash));
    return sorted;
  }
  get size(): number {
    return this.#members.size;
  }
  has(member: unknown, run: Run): boolean {
    return this.#members.has(hashKey(member, run));
  }
  hashes(): MapIterator<unknown> {
    return this.#members.keys();
  }
  values(): MapIterator<unknown> {
    return this.#members.values();
  }
}

/** `m.keys()`, `m.values()`, `m.items()`. Those of keys and items are sets too. */
export class DictView {
  readonly kind: "keys" | "values" | "items";
  readonly of: AnyDict;
  constructor(kind: "keys" | "values" | "items", of: AnyDict) {
    this.kind = kind;
    this.of = of;
  }
  get size(): number {
    return dictSize(this.of);
  }
  *values(): Generator<unknown> {
    for (const [key, value] of dictEntries(this.of)) {
      yield this.kind === "keys" ? key : this.kind === "values" ? value : [key, value];
    }
  }
}

export type AnySet = YaqlSet | DictView;

export function isSet(value: unknown): value is AnySet {
  return value instanceof YaqlSet || (value instanceof DictView && value.kind !== "values");
}

/** What a pull returns when there is no more. */
export const END = Symbol("end");

/** Returns the next element, or END, again and again. */
export type Pull = () => unknown;

/** A one-shot iterator: what is taken from it is gone. */
export class Iter {
  pull: Pull;
  readonly what: string;
  constructor(pull: Pull, what = "generator") {
    this.pull = pull;
    this.what = what;
  }
}

/** An iterator that keeps what it has seen, so that every pass sees everything. */
export class Memorized extends Iter {
  readonly #seen: unknown[] = [];
  readonly #source: Pull;
  constructor(source: Pull) {
    super(() => END, "RememberingIterator");
    this.#source = source;
    this.pull = this.fresh();
  }
  fresh(): Pull {
    let at = 0;
    return () => {
      if (at === this.#seen.length) {
        const next = this.#source();
        if (next === END) return END;
        this.#seen.push(next);
      }
      return this.#seen[at++];
    };
  }
}

/** What `orderBy` gives: sorted when it is first looked at, and as often as wanted. */
export class Ordering {
  readonly sorted: () => readonly unknown[];
  readonly then: (key: unknown, ascending: boolean) => Ordering;
  constructor(sorted: () => readonly unknown[], then: (key: unknown, ascending: boolean) => Ordering) {
    this.sorted = sorted;
    this.then = then;
  }
}

export function isIterable(value: unknown): boolean {
  return (
    Array.isArray(value) ||
    value instanceof Iter ||
    value instanceof YaqlSet ||
    value instanceof DictView ||
    value instanceof Ordering
  );
}

export function pullFrom(items: Iterator<unknown>): Pull {
  return () => {
    const next = items.next();
    return next.done === true ? END : next.value;
  };
}

export function pullArray(items: readonly unknown[], run: Run): Pull {
  let at = 0;
  return () => {
    if (at >= items.length) return END;
    run.step();
    return adopt(items[at++]);
  };
}

/** Begins a pass over anything iterable. Strings give their characters and maps their keys, as in Python. */
export function iterate(value: unknown, run: Run): Pull {
  if (Array.isArray(value)) return pullArray(value, run);
  if (value instanceof Memorized) return value.fresh();
  if (value instanceof Iter) return value.pull;
  if (value instanceof YaqlSet || value instanceof DictView) return pullFrom(value.values());
  if (value instanceof Ordering) return pullArray(value.sorted(), run);
  if (typeof value === "string") return pullArray([...value], run);
  if (isDict(value)) return pullFrom(new DictView("keys", value).values());
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** The same as a JavaScript iterator, for loops. */
export function* each(value: unknown, run: Run): Generator<unknown> {
  const pull = iterate(value, run);
  for (let item = pull(); item !== END; item = pull()) yield item;
}

/** All elements of a pass as an array. */
export function drain(pull: Pull, run: Run): unknown[] {
  const items: unknown[] = [];
  for (let item = pull(); item !== END; item = pull()) {
    run.allocate(8);
    items.push(item);
  }
  return items;
}

/** All elements, without a copy when they are in an array already. */
export function toArray(value: unknown, run: Run): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Ordering) return value.sorted();
  return drain(iterate(value, run), run);
}

/** A value of the host as YAQL sees it: nothing is null, Dates and Sets become what they mean here. */
export function adopt(value: unknown): unknown {
  if (typeof value !== "object") return value === undefined ? null : value;
  if (value instanceof Date) return DateTime.fromMillis(value.getTime());
  return value;
}
