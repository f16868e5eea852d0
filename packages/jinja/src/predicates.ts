import { filter } from "./filter.ts";
import type { Test } from "./filter.ts";
import { isFloat, isInt, isNumber } from "./numbers.ts";
import { binary } from "./arithmetic.ts";
import { compare, contains, equals } from "./comparison.ts";
import { isIterable } from "./sequence.ts";
import type { Runtime } from "./runtime.ts";
import { text } from "./text.ts";
import { Callable, DictView, Markup, Range, Undefined, hashKey, hostValue, isDict, isString } from "./values.ts";

function modulo(rt: Runtime, value: unknown, by: unknown): unknown {
  return binary(rt, "%", value, by);
}

const comparison = (operator: "==" | "!=" | "<" | "<=" | ">" | ">="): Test =>
  filter("other", (rt, value, other) => compare(rt, operator, value, other));

const cased = (holds: (value: string) => boolean): Test =>
  filter("", (rt, value) => {
    const source = text(rt, value);
    return source.toLowerCase() !== source.toUpperCase() && holds(source);
  });

/** Jinja's tests: what may follow `is`. */
export const tests: readonly (readonly [string, Test])[] = [
  ["odd", filter("", (rt, value) => equals(rt, modulo(rt, value, 2), 1))],
  ["even", filter("", (rt, value) => equals(rt, modulo(rt, value, 2), 0))],
  ["divisibleby", filter("num", (rt, value, by) => equals(rt, modulo(rt, value, by), 0))],
  ["defined", filter("", (_, value) => !(value instanceof Undefined))],
  ["undefined", filter("", (_, value) => value instanceof Undefined)],
  ["filter", filter("", (rt, value) => isString(hashKey(value)) && rt.setup.filters.has(String(value)))],
  ["test", filter("", (rt, value) => isString(hashKey(value)) && rt.setup.tests.has(String(value)))],
  ["none", filter("", (_, value) => value === null)],
  ["boolean", filter("", (_, value) => typeof value === "boolean")],
  ["true", filter("", (_, value) => value === true)],
  ["false", filter("", (_, value) => value === false)],
  ["integer", filter("", (_, value) => isInt(value) && typeof value !== "boolean")],
  ["float", filter("", (_, value) => isFloat(value))],
  ["number", filter("", (_, value) => isNumber(value))],
  ["string", filter("", (_, value) => isString(hostValue(value)))],
  ["mapping", filter("", (_, value) => isDict(value))],
  ["lower", cased((value) => value === value.toLowerCase())],
  ["upper", cased((value) => value === value.toUpperCase())],
  [
    "sequence",
    filter("", (_, operand) => {
      const value = hostValue(operand);
      if (value instanceof Undefined && value.strict) throw value.error();
      if (value instanceof Undefined) return false;
      return Array.isArray(value) || isString(value) || isDict(value) || value instanceof Range;
    }),
  ],
  [
    "iterable",
    filter("", (_, value) => {
      if (value instanceof Undefined && value.strict) throw value.error();
      return isIterable(value) || value instanceof DictView;
    }),
  ],
  ["callable", filter("", (_, value) => value instanceof Callable)],
  [
    "sameas",
    filter("other", (_, value, other) => value === other || (value instanceof Undefined && other instanceof Undefined)),
  ],
  ["escaped", filter("", (_, value) => value instanceof Markup)],
  [
    "in",
    filter("seq", (rt, value, holder) => {
      const container = hostValue(holder);
      if (container instanceof Undefined) throw container.error();
      return contains(rt, container, value);
    }),
  ],
  ...(["==", "eq", "equalto"] as const).map((name) => [name, comparison("==")] as const),
  ...(["!=", "ne"] as const).map((name) => [name, comparison("!=")] as const),
  ...([">", "gt", "greaterthan"] as const).map((name) => [name, comparison(">")] as const),
  ...(["<", "lt", "lessthan"] as const).map((name) => [name, comparison("<")] as const),
  ...([">=", "ge"] as const).map((name) => [name, comparison(">=")] as const),
  ...(["<=", "le"] as const).map((name) => [name, comparison("<=")] as const),
];
