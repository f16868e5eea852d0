import type { BinaryOperator, CompareOperator } from "./ast.ts";
import { JinjaRuntimeError, LimitError, typeError } from "./errors.ts";
import { formatPercent } from "./format-percent.ts";
import type { Runtime } from "./runtime.ts";
import { characters, escape, escapeHtml, quote, text, textLength } from "./text.ts";
import {
  DictView,
  HostObject,
  Markup,
  PyFloat,
  PyIterator,
  Range,
  Tuple,
  Undefined,
  dictEntries,
  dictGet,
  dictIsEmpty,
  dictHas,
  dictKeys,
  dictSize,
  float,
  hostValue,
  int,
  isDict,
  isString,
  tupleOf,
  typeName,
} from "./values.ts";

/** An integer of more bits is refused: nothing a template is for needs it, and it could take any time. */
const MAX_BITS = 16_384;

export const isInt = (value: unknown): value is number | bigint | boolean =>
  (typeof value === "number" && Number.isInteger(value)) || typeof value === "bigint" || typeof value === "boolean";

export const isFloat = (value: unknown): value is number | PyFloat =>
  value instanceof PyFloat || (typeof value === "number" && !Number.isInteger(value));

export const isNumber = (value: unknown): value is number | bigint | boolean | PyFloat => isInt(value) || isFloat(value);

/** The numeric value as a JavaScript number; large integers lose precision. */
export function toNumber(value: number | bigint | boolean | PyFloat): number {
  return value instanceof PyFloat ? value.value : Number(value);
}

/** An argument that must be an integer, such as a width or an index. */
export function intArgument(value: unknown, what: string): number {
  const plain = hostValue(value);
  if (plain instanceof Undefined) throw plain.error();
  if (!isInt(plain)) throw typeError(`${what}: '${typeName(plain)}' object cannot be interpreted as an integer`);
  return Number(plain);
}

export function truth(value: unknown): boolean {
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
      if (value instanceof DictView) return dictSize(value.of) > 0;
      if (value instanceof HostObject) {
        const stands = value.value();
        return stands === undefined ? true : truth(stands);
      }
      return isDict(value) ? !dictIsEmpty(value) : true;
  }
}

function unsupported(operator: string, left: unknown, right: unknown): never {
  throw typeError(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
}

function divisionByZero(what: string): never {
  throw new JinjaRuntimeError(what, "ZeroDivisionError");
}

export function binary(rt: Runtime, operator: BinaryOperator, leftValue: unknown, rightValue: unknown): unknown {
  const left = hostValue(leftValue);
  const right = hostValue(rightValue);
  if (left instanceof Undefined) throw left.error();
  if (right instanceof Undefined) throw right.error();
  if (typeof left === "number" && typeof right === "number" && Number.isInteger(left) && Number.isInteger(right)) {
    if (operator === "+" || operator === "-" || operator === "*") {
      const result = operator === "+" ? left + right : operator === "-" ? left - right : left * right;
      if (Number.isSafeInteger(result)) return result === 0 ? 0 : result;
    }
  }
  if (isNumber(left) && isNumber(right)) {
    return isInt(left) && isInt(right)
      ? integerArithmetic(rt, operator, BigInt(left), BigInt(right))
      : floatArithmetic(operator, toNumber(left), toNumber(right));
  }
  if (operator === "+") return add(rt, left, right);
  if (operator === "*") {
    if (isInt(right)) return repeat(rt, left, Number(right), right);
    if (isInt(left)) return repeat(rt, right, Number(left), left);
  }
  if (operator === "%" && isString(left)) return formatPercent(rt, left, right);
  return unsupported(operator === "**" ? "** or pow()" : operator, left, right);
}

function add(rt: Runtime, left: unknown, right: unknown): unknown {
  if (isString(left)) {
    if (!isString(right)) throw typeError(`can only concatenate str (not "${typeName(right)}") to str`);
    rt.spend((String(left).length + String(right).length) >> 8);
    if (typeof left === "string" && typeof right === "string") {
      rt.allowText(left.length + right.length);
      return left + right;
    }
    const html = (value: string | Markup): string => (value instanceof Markup ? value.text : escapeHtml(value));
    rt.allowText(html(left).length + html(right).length);
    return new Markup(html(left) + html(right));
  }
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left instanceof Tuple !== right instanceof Tuple) {
      const name = typeName(left);
      throw typeError(`can only concatenate ${name} (not "${typeName(right)}") to ${name}`);
    }
    rt.spend(left.length + right.length);
    return left instanceof Tuple ? tupleOf([...left, ...right]) : [...left, ...right];
  }
  return unsupported("+", left, right);
}

function repeat(rt: Runtime, value: unknown, times: number, count: unknown): unknown {
  const n = Math.max(0, times);
  if (isString(value)) {
    const piece = String(value);
    rt.allowText(piece.length * n);
    return value instanceof Markup ? new Markup(piece.repeat(n)) : piece.repeat(n);
  }
  if (Array.isArray(value)) {
    rt.spend(value.length * n);
    const items: unknown[] = [];
    for (let i = 0; i < n && value.length > 0; i++) items.push(...value.slice());
    return value instanceof Tuple ? tupleOf(items) : items;
  }
  return unsupported("*", value, count);
}

const SMALL = 1n << 64n;
const bits = (value: bigint): number => value.toString(16).length * 4;

function integerArithmetic(rt: Runtime, operator: BinaryOperator, left: bigint, right: bigint): unknown {
  if (left > SMALL || left < -SMALL || right > SMALL || right < -SMALL) rt.spend((bits(left) + bits(right)) >> 7);
  switch (operator) {
    case "+":
      return int(left + right);
    case "-":
      return int(left - right);
    case "*":
      if (bits(left) + bits(right) > MAX_BITS) throw tooLarge();
      return int(left * right);
    case "/": {
      if (right === 0n) return divisionByZero("division by zero");
      return float(Number(left) / Number(right));
    }
    case "//":
      if (right === 0n) return divisionByZero("integer division or modulo by zero");
      return int(floorDivide(left, right));
    case "%":
      if (right === 0n) return divisionByZero("integer modulo by zero");
      return int(left - floorDivide(left, right) * right);
    case "**":
      if (right < 0n) {
        if (left === 0n) return divisionByZero("0.0 cannot be raised to a negative power");
        return float(Number(left) ** Number(right));
      }
      if (left !== 0n && left !== 1n && left !== -1n && (right > MAX_BITS || bits(left) * Number(right) > MAX_BITS)) {
        throw tooLarge();
      }
      return int(left ** right);
    default:
      return operator satisfies never;
  }
}

const tooLarge = (): LimitError => new LimitError(`an integer has more than ${MAX_BITS} bits`);

function floorDivide(left: bigint, right: bigint): bigint {
  const quotient = left / right;
  return left % right !== 0n && left < 0n !== right < 0n ? quotient - 1n : quotient;
}

function floatArithmetic(operator: BinaryOperator, left: number, right: number): unknown {
  switch (operator) {
    case "+":
      return float(left + right);
    case "-":
      return float(left - right);
    case "*":
      return float(left * right);
    case "/":
      return right === 0 ? divisionByZero("float division by zero") : float(left / right);
    case "//": {
      if (right === 0) return divisionByZero("float floor division by zero");
      return float(Math.floor((left - floatModulo(left, right)) / right + 0.5));
    }
    case "%":
      return right === 0 ? divisionByZero("float modulo") : float(floatModulo(left, right));
    case "**": {
      if (left === 0 && right < 0) return divisionByZero("0.0 cannot be raised to a negative power");
      if (left < 0 && !Number.isInteger(right)) {
        throw typeError("a negative number to a fractional power is complex, which templates do not know");
      }
      const result = left ** right;
      if (!Number.isFinite(result) && Number.isFinite(left) && Number.isFinite(right)) {
        throw new JinjaRuntimeError("(34, 'Numerical result out of range')", "OverflowError");
      }
      return float(result);
    }
    default:
      return operator satisfies never;
  }
}

function floatModulo(left: number, right: number): number {
  const rest = left % right;
  return rest !== 0 && rest < 0 !== right < 0 ? rest + right : rest;
}

export function unary(operator: "-" | "+", operand: unknown): unknown {
  const value = hostValue(operand);
  if (value instanceof Undefined) throw value.error();
  if (isInt(value)) {
    const magnitude = typeof value === "boolean" ? Number(value) : value;
    if (operator === "+") return magnitude;
    return typeof magnitude === "bigint" ? int(-magnitude) : magnitude === 0 ? 0 : -magnitude;
  }
  if (isFloat(value)) return operator === "+" ? value : float(-toNumber(value));
  throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
}

/** `~`: both sides printed. */
export function concat(rt: Runtime, parts: readonly unknown[]): string | Markup {
  const done = (length: number): void => rt.spend(length >> 8);
  if (rt.autoescape || parts.some((part) => part instanceof Markup)) {
    let html = "";
    for (const part of parts) {
      html += escape(rt, part).text;
      rt.allowText(html.length);
    }
    done(html.length);
    return new Markup(html);
  }
  let out = "";
  for (const part of parts) {
    out += text(rt, part);
    rt.allowText(out.length);
  }
  done(out.length);
  return out;
}

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
    rt.spend(String(left).length >> 8);
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
    return left.length === right.length && (left.length === 0 || (left.start === right.start && left.step === right.step));
  }
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  return false;
}

/**
 * Python's ordering. Negative, zero or positive; NaN compares false with everything and gives `undefined`.
 * @throws JinjaRuntimeError (TypeError) for values without an order
 */
export function order(rt: Runtime, operator: string, leftValue: unknown, rightValue: unknown, depth = 0): number | undefined {
  const left = hostValue(leftValue);
  const right = hostValue(rightValue);
  if (typeof left === "number" && typeof right === "number") return left < right ? -1 : left > right ? 1 : left === right ? 0 : undefined;
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
    rt.spend(String(container).length >> 8);
    return String(container).includes(String(part));
  }
  if (isDict(container)) return dictHas(container, hostValue(item));
  if (container instanceof Range && isInt(item)) {
    const distance = Number(item) - container.start;
    return distance % container.step === 0 && distance / container.step >= 0 && distance / container.step < container.length;
  }
  if (container instanceof Undefined || isIterable(container)) {
    return iterate(rt, container).some((member) => {
      rt.spend(1);
      return equals(rt, member, item);
    });
  }
  throw typeError(`argument of type '${typeName(container)}' is not iterable`);
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
  if (value instanceof DictView) return value.items();
  if (value instanceof Undefined) {
    if (value.strict) throw value.error();
    return [];
  }
  if (isDict(value)) {
    const keys = dictKeys(value);
    rt.spend(keys.length >> 4);
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
  if (value instanceof DictView) return dictSize(value.of);
  if (value instanceof Undefined) {
    if (value.strict) throw value.error();
    return 0;
  }
  if (isDict(value)) {
    const length = dictSize(value);
    rt.spend(length >> 4);
    return length;
  }
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}

/** Text of a message that shows a value. */
export const shown = (rt: Runtime, value: unknown): string => (typeof value === "string" ? quote(value) : text(rt, value));
