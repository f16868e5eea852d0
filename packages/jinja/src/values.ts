/**
 * How Python's values look here.
 *
 * | Python        | here                                                                         |
 * |---------------|------------------------------------------------------------------------------|
 * | None, bool    | null, boolean                                                                |
 * | int           | a number without fraction; a bigint beyond 2^53                              |
 * | float         | a number with a fraction (or NaN, infinity); `PyFloat` when it is integral   |
 * | str           | string; `Markup` once it is marked as safe HTML                              |
 * | list, tuple   | Array, `Tuple`                                                               |
 * | dict          | a plain object (keys are strings), or a Map (keys are anything)              |
 * | iterator      | `PyIterator`                                                                 |
 */
import { UndefinedError, JinjaRuntimeError, typeError } from "./errors.ts";
import type { JinjaError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";

/** A float whose value is integral, so that `4 / 2` prints as `2.0`. */
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

export class Tuple extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

export function tupleOf(items: Iterable<unknown>): Tuple {
  const tuple = new Tuple();
  for (const item of items) tuple.push(item);
  return tuple;
}
export const tuple = (...items: unknown[]): Tuple => tupleOf(items);

/** What `groupby` yields: a pair whose parts also have names. */
export class GroupTuple extends Tuple {}

/** Text that is HTML already and must not be escaped again. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

export class Range {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  constructor(start: number, stop: number, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  get length(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }
  items(): number[] {
    return Array.from({ length: this.length }, (_, i) => this.start + i * this.step);
  }
}

/** A one-shot iterator: what is taken from it is gone. */
export class PyIterator {
  readonly what: string;
  readonly #items: readonly unknown[];
  #at = 0;
  constructor(items: readonly unknown[], what = "generator") {
    this.#items = items;
    this.what = what;
  }
  /** Everything that is left. */
  drain(): readonly unknown[] {
    const rest = this.#at === 0 ? this.#items : this.#items.slice(this.#at);
    this.#at = this.#items.length;
    return rest;
  }
  next(): { done: boolean; value: unknown } {
    return this.#at < this.#items.length
      ? { done: false, value: this.#items[this.#at++] }
      : { done: true, value: undefined };
  }
}

/** `d.keys()`, `d.values()`, `d.items()`: a live view of a dict. */
export class DictView {
  readonly kind: "keys" | "values" | "items";
  readonly of: Dict;
  constructor(kind: "keys" | "values" | "items", of: Dict) {
    this.kind = kind;
    this.of = of;
  }
  items(): unknown[] {
    const entries = dictEntries(this.of);
    if (this.kind === "keys") return entries.map((e) => e[0]);
    if (this.kind === "values") return entries.map((e) => e[1]);
    return entries.map((e) => tuple(e[0], e[1]));
  }
}

export type KeywordArguments = ReadonlyMap<string, unknown>;
export const NO_KEYWORDS: KeywordArguments = new Map();

type Call = (args: unknown[], keywords: KeywordArguments, rt: Runtime) => unknown;

/** Something a template can call. */
export class Callable {
  readonly name: string;
  readonly call: Call;
  /** Attributes a template may read, such as a macro's `name`. */
  readonly attributes: Readonly<Record<string, unknown>>;
  constructor(name: string, call: Call, attributes: Readonly<Record<string, unknown>> = {}) {
    this.name = name;
    this.call = call;
    this.attributes = attributes;
  }
  read(name: string): unknown {
    return Object.hasOwn(this.attributes, name) ? this.attributes[name] : undefined;
  }
}

/** What `namespace()` makes: attributes a template may set. */
export class Namespace {
  readonly values = new Map<string, unknown>();
}

/**
 * An object of the host program that decides itself what a template sees of it: extend this class for lookups that must
 * not be loaded in advance. Nothing else of the object is reachable.
 */
export abstract class HostObject {
  /** The value of `object.name` and `object['name']`; `undefined` when there is none. */
  abstract read(name: string): unknown;
  /** What printing, comparing, concatenating or filtering the object works on; by default the object has no such value. */
  value(): unknown {
    return undefined;
  }
  /** Python-like name of the type, for messages. */
  readonly typeName: string = "host";
}

/** A name, attribute or element that does not exist. `strict` ones fail at any use, others print as nothing. */
export class Undefined {
  readonly hint: string;
  readonly strict: boolean;
  readonly unsafe: boolean;
  constructor(hint: string, strict: boolean, unsafe = false) {
    this.hint = hint;
    this.strict = strict;
    this.unsafe = unsafe;
  }
  error(): JinjaError {
    return this.unsafe ? new JinjaRuntimeError(this.hint, "SecurityError") : new UndefinedError(this.hint);
  }
}

export type Dict = Map<unknown, unknown> | Record<string, unknown>;

/** Whether a value is a dict. Objects with another prototype than `Object`'s (dates, class instances) are not. */
export function isDict(value: unknown): value is Dict {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Map) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export const isString = (value: unknown): value is string | Markup =>
  typeof value === "string" || value instanceof Markup;

/** The key under which a Map holds what Python considers the same key. */
function mapKey(map: Map<unknown, unknown>, key: unknown): unknown {
  const plain = hashKey(key);
  if (map.has(plain)) return plain;
  if (typeof plain === "boolean") return Number(plain);
  if (plain === 0 && map.has(false)) return false;
  if (plain === 1 && map.has(true)) return true;
  if (plain instanceof Tuple) {
    for (const known of map.keys()) {
      if (known instanceof Tuple && known.length === plain.length && known.every((x, i) => x === plain[i]))
        return known;
    }
  }
  return plain;
}

/** Refuses what Python cannot use as a key, and unwraps what it considers equal. */
export function hashKey(key: unknown): unknown {
  if (key instanceof PyFloat) return key.value;
  if (key instanceof Markup) return key.text;
  if (key instanceof Undefined && key.strict) throw key.error();
  if (Array.isArray(key) && !(key instanceof Tuple)) throw typeError("unhashable type: 'list'");
  if (isDict(key)) throw typeError("unhashable type: 'dict'");
  return key;
}

/** `undefined` when there is no such key. Never reads from a prototype. */
export function dictGet(dict: Dict, key: unknown): unknown {
  if (dict instanceof Map) {
    return typeof key === "string" ? dict.get(key) : dict.get(mapKey(dict, key));
  }
  if (typeof key === "string") return Object.hasOwn(dict, key) ? (dict[key] ?? null) : undefined;
  const plain = hashKey(key);
  return typeof plain === "string" && Object.hasOwn(dict, plain) ? (dict[plain] ?? null) : undefined;
}

export function dictHas(dict: Dict, key: unknown): boolean {
  if (dict instanceof Map) return dict.has(mapKey(dict, key));
  const plain = hashKey(key);
  return typeof plain === "string" && Object.hasOwn(dict, plain);
}

export function dictSet(dict: Dict, key: unknown, value: unknown): void {
  if (dict instanceof Map) {
    dict.set(mapKey(dict, key), value);
    return;
  }
  const plain = hashKey(key);
  // A plain object came from outside and can only hold text keys; `__proto__` must become a key like any other.
  const name = typeof plain === "string" ? plain : String(plain);
  Object.defineProperty(dict, name, { value, writable: true, enumerable: true, configurable: true });
}

export function dictDelete(dict: Dict, key: unknown): void {
  if (dict instanceof Map) dict.delete(mapKey(dict, key));
  else delete dict[key as string];
}

export function dictKeys(dict: Dict): unknown[] {
  return dict instanceof Map ? [...dict.keys()] : Object.keys(dict);
}

export function dictEntries(dict: Dict): [unknown, unknown][] {
  return dict instanceof Map ? [...dict.entries()] : Object.entries(dict).map(([k, v]) => [k, v ?? null]);
}

export function dictSize(dict: Dict): number {
  return dict instanceof Map ? dict.size : Object.keys(dict).length;
}

/** Python's name for a value's type. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "number":
      return Number.isInteger(value) ? "int" : "float";
    case "bigint":
      return "int";
    case "string":
      return "str";
    case "object":
      if (value instanceof Tuple) return "tuple";
      if (Array.isArray(value)) return "list";
      if (value instanceof PyFloat) return "float";
      if (value instanceof Markup) return "Markup";
      if (value instanceof Undefined) return value.strict ? "StrictUndefined" : "Undefined";
      if (value instanceof Range) return "range";
      if (value instanceof PyIterator) return value.what;
      if (value instanceof DictView) return `dict_${value.kind}`;
      if (value instanceof Callable) return "function";
      if (value instanceof Namespace) return "Namespace";
      if (value instanceof Date) return "datetime";
      if (value instanceof HostObject) return value.typeName;
      return isDict(value) ? "dict" : "object";
    default:
      return typeof value;
  }
}

/** What Jinja's messages call a value: `dict object`, `None`, ... */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return "None";
  const name = typeName(value);
  if (name === "Markup") return "markupsafe.Markup object";
  if (name === "Namespace") return "jinja2.utils.Namespace object";
  return `${name} object`;
}

/** The value a host object stands for; any other value is itself. */
export function hostValue(value: unknown): unknown {
  return value instanceof HostObject ? (value.value() ?? value) : value;
}
