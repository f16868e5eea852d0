import { typeError } from "./errors.ts";
import { isInt } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import type { Dict } from "./values.ts";
import { characters, textLength } from "./text.ts";
import {
  DictView,
  HostObject,
  Markup,
  PyFloat,
  PyIterator,
  Range,
  Undefined,
  dictKeys,
  dictSize,
  hostValue,
  isDict,
  isString,
  typeName,
} from "./values.ts";

/** An argument that must be an integer, such as a width or an index. */
export function intArgument(value: unknown, what: string): number {
  const plain = hostValue(value);
  if (plain instanceof Undefined) throw plain.error();
  if (!isInt(plain)) throw typeError(`${what}: '${typeName(plain)}' object cannot be interpreted as an integer`);
  return Number(plain);
}

/** The keys of a plain object have to be counted each time. */
function sizeOf(rt: Runtime, dict: Dict): number {
  const length = dictSize(dict);
  if (!(dict instanceof Map)) rt.spend(length >> 2);
  return length;
}

export function truth(rt: Runtime, value: unknown): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value !== "";
    case "number":
      return value !== 0;
    case "bigint":
      return value !== 0n;
    case "undefined":
      return false;
    default:
      if (value === null) return false;
      if (value instanceof Undefined) {
        if (value.strict) throw value.error();
        return false;
      }
      if (Array.isArray(value)) return value.length > 0;
      if (value instanceof PyFloat) return value.value !== 0;
      if (value instanceof Markup) return value.text !== "";
      if (value instanceof Range) return value.length > 0;
      if (value instanceof DictView) return sizeOf(rt, value.of) > 0;
      if (value instanceof HostObject) {
        const stands = value.value();
        return stands === undefined ? true : truth(rt, stands);
      }
      if (!isDict(value)) return true;
      return sizeOf(rt, value) > 0;
  }
}

export function isIterable(operand: unknown): boolean {
  const value = hostValue(operand);
  return (
    Array.isArray(value) ||
    isString(value) ||
    value instanceof Range ||
    value instanceof PyIterator ||
    value instanceof DictView ||
    (value instanceof Undefined && !value.strict) ||
    isDict(value)
  );
}

/** The elements of a value; an iterator is used up. @throws JinjaRuntimeError (TypeError) when it has none */
export function iterate(rt: Runtime, operand: unknown): readonly unknown[] {
  const value = hostValue(operand);
  if (Array.isArray(value)) {
    rt.spend(value.length >> 4);
    return value;
  }
  if (isString(value)) {
    const items = characters(String(value));
    rt.spend(items.length >> 4);
    return items;
  }
  if (value instanceof PyIterator) return value.drain();
  if (value instanceof Range) {
    rt.spend(value.length);
    return value.items();
  }
  if (value instanceof DictView) {
    const items = value.items();
    rt.spend(items.length >> 1);
    return items;
  }
  if (value instanceof Undefined) {
    if (value.strict) throw value.error();
    return [];
  }
  if (isDict(value)) {
    const keys = dictKeys(value);
    rt.spend(keys.length >> 2);
    return keys;
  }
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** `len()`. */
export function size(rt: Runtime, operand: unknown): number {
  const value = hostValue(operand);
  if (typeof value === "string") return textLength(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Markup) return textLength(value.text);
  if (value instanceof Range) return value.length;
  if (value instanceof DictView) return sizeOf(rt, value.of);
  if (value instanceof Undefined) {
    if (value.strict) throw value.error();
    return 0;
  }
  if (isDict(value)) return sizeOf(rt, value);
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}
