/** Maps and sets, which find things by value, and the hash that makes it so. */
import { typeError } from "./errors.ts";
import type { Run } from "./run.ts";
import { Regex } from "./regex/regex.ts";
import { tableOrder } from "./set-order.ts";
import { DateTime, Timespan } from "./time/date-time.ts";
import { adopt, MutableList, PyFloat } from "./values.ts";

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
    const known = this.#entries.get(hash);
    this.#entries.set(hash, [known === undefined ? key : known[0], value]);
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
      run.allocate(96);
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
  /** Views of immutable maps are other classes than those of Python's own dict. */
  get className(): string {
    if (!isFrozen(this.of)) return `dict_${this.kind}`;
    return `${this.kind.charAt(0).toUpperCase()}${this.kind.slice(1)}View`;
  }
  *values(): Generator {
    for (const [key, value] of dictEntries(this.of)) {
      yield this.kind === "keys" ? key : this.kind === "values" ? value : [key, value];
    }
  }
}

export type AnySet = YaqlSet | DictView;

export function isSet(value: unknown): value is AnySet {
  return value instanceof YaqlSet || (value instanceof DictView && value.kind !== "values");
}

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
    return `\0<${Array.from(value.values(), (item) => written(item, run))
      .sort()
      .join()}>`;
  }
  if (value instanceof DictView) throw typeError(`unhashable type: '${value.className}'`);
  if (value instanceof DateTime) return `\0@${value.instant}`;
  if (value instanceof Timespan) return `\0~${value.micros}`;
  if (value instanceof Regex) return `\0/${value.flags}/${value.pattern}`;
  return value;
}

/** A hash as part of a longer one: no two different ones read the same. */
function written(value: unknown, run: Run): string {
  run.step();
  const hash = hashKey(value, run);
  if (typeof hash === "string") {
    run.allocateText(hash.length);
    return JSON.stringify(hash);
  }
  if (typeof hash === "object" && hash !== null) return `#${run.identityOf(hash)}`;
  return String(hash);
}
