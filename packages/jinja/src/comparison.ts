import type { CompareOperator } from "./ast.ts";
import { LimitError, typeError } from "./errors.ts";
import { isInt, isNumber } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { isIterable, iterate } from "./sequence.ts";
import {
  PyFloat,
  Range,
  Tuple,
  Undefined,
  dictEntries,
  dictGet,
  dictHas,
  dictSize,
  hostValue,
  isDict,
  isString,
  typeName,
} from "./values.ts";

/** Python's `==`: numbers by value whatever their type, containers by content. */
export function equals(rt: Runtime, leftValue: unknown, rightValue: unknown, depth = 0): boolean {
  const left = hostValue(leftValue);
  const right = hostValue(rightValue);
  if (left instanceof Undefined || right instanceof Undefined) {
    for (const side of [left, right]) {
      if (side instanceof Undefined && side.strict) throw side.error();
    }
    return left instanceof Undefined && right instanceof Undefined;
  }
  if (left === right) return true;
  if (isString(left) && isString(right)) {
    rt.spend(String(left).length >> 6);
    return String(left) === String(right);
  }
  if (isNumber(left) && isNumber(right)) {
    // Comparing a bigint with a number is exact in JavaScript.
    const a = left instanceof PyFloat ? left.value : typeof left === "boolean" ? Number(left) : left;
    const b = right instanceof PyFloat ? right.value : typeof right === "boolean" ? Number(right) : right;
    // oxlint-disable-next-line eqeqeq -- the two sides are a number and a bigint
    return a == b;
  }
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (depth > 200) throw new LimitError("values that are compared are nested more than 200 levels deep");
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length || left instanceof Tuple !== right instanceof Tuple) return false;
    rt.spend(left.length);
    return left.every((item, i) => equals(rt, item, right[i], depth + 1));
  }
  if (isDict(left) && isDict(right)) {
    if (dictSize(left) !== dictSize(right)) return false;
    rt.spend(dictSize(left));
    return dictEntries(left).every(([key, value]) => {
      const other = dictGet(right, key);
      return other !== undefined && equals(rt, value, other, depth + 1);
    });
  }
  if (left instanceof Range && right instanceof Range) {
    return (
      left.length === right.length && (left.length === 0 || (left.start === right.start && left.step === right.step))
    );
  }
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  return false;
}

/**
 * Python's ordering. Negative, zero or positive; NaN compares false with everything and gives `undefined`.
 * @throws JinjaRuntimeError (TypeError) for values without an order
 */
export function order(
  rt: Runtime,
  operator: string,
  leftValue: unknown,
  rightValue: unknown,
  depth = 0,
): number | undefined {
  const left = hostValue(leftValue);
  const right = hostValue(rightValue);
  if (typeof left === "number" && typeof right === "number")
    return left < right ? -1 : left > right ? 1 : left === right ? 0 : undefined;
  if (left instanceof Undefined) throw left.error();
  if (right instanceof Undefined) throw right.error();
  if (isString(left) && isString(right)) return compareText(String(left), String(right));
  if (isNumber(left) && isNumber(right)) {
    const a = left instanceof PyFloat ? left.value : typeof left === "boolean" ? Number(left) : left;
    const b = right instanceof PyFloat ? right.value : typeof right === "boolean" ? Number(right) : right;
    // oxlint-disable-next-line eqeqeq -- the two sides may be a number and a bigint
    return a < b ? -1 : a > b ? 1 : a == b ? 0 : undefined;
  }
  if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple && depth < 200) {
    const shorter = Math.min(left.length, right.length);
    for (let i = 0; i < shorter; i++) {
      rt.spend(1);
      if (!equals(rt, left[i], right[i], depth + 1)) return order(rt, operator, left[i], right[i], depth + 1);
    }
    return left.length - right.length;
  }
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime();
  throw typeError(`'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`);
}

/** By code point, as Python orders text; UTF-16 order differs above the basic plane. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const shorter = Math.min(left.length, right.length);
  for (let i = 0; i < shorter; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a !== b) {
      const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
      if (isSurrogate(a) !== isSurrogate(b)) return isSurrogate(a) ? 1 : -1;
      return a - b;
    }
  }
  return left.length - right.length;
}

export function compare(rt: Runtime, operator: CompareOperator, left: unknown, right: unknown): boolean {
  switch (operator) {
    case "==":
      return equals(rt, left, right);
    case "!=":
      return !equals(rt, left, right);
    case "in":
      return contains(rt, right, left);
    case "not in":
      return !contains(rt, right, left);
    default: {
      const result = order(rt, operator, left, right);
      if (result === undefined) return false;
      switch (operator) {
        case "<":
          return result < 0;
        case "<=":
          return result <= 0;
        case ">":
          return result > 0;
        case ">=":
          return result >= 0;
        default:
          return operator satisfies never;
      }
    }
  }
}

/** `item in container`. */
export function contains(rt: Runtime, holder: unknown, item: unknown): boolean {
  const container = hostValue(holder);
  if (isString(container)) {
    const part = hostValue(item);
    if (part instanceof Undefined) throw part.error();
    if (!isString(part)) {
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(part)}`);
    }
    rt.spend(String(container).length >> 6);
    return String(container).includes(String(part));
  }
  if (isDict(container)) return dictHas(container, hostValue(item));
  if (container instanceof Range && isInt(item)) {
    const distance = Number(item) - container.start;
    return (
      distance % container.step === 0 && distance / container.step >= 0 && distance / container.step < container.length
    );
  }
  if (container instanceof Undefined || isIterable(container)) {
    return iterate(rt, container).some((member) => {
      rt.spend(1);
      return equals(rt, member, item);
    });
  }
  throw typeError(`argument of type '${typeName(container)}' is not iterable`);
}
