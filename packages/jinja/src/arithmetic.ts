import type { BinaryOperator } from "./ast.ts";
import { JinjaRuntimeError, LimitError, typeError } from "./errors.ts";
import { formatPercent } from "./format-percent.ts";
import { isFloat, isInt, isNumber, toNumber } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { escape, escapeHtml, text } from "./text.ts";
import { Markup, Tuple, Undefined, float, hostValue, int, isString, tupleOf, typeName } from "./values.ts";

/** An integer of more bits is refused: nothing a template is for needs it, and it could take any time. */
const MAX_BITS = 16_384;

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
  if (operator === "%" && isString(left)) return formatPercent(rt, left, right);
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
  return unsupported(operator === "**" ? "** or pow()" : operator, left, right);
}

function add(rt: Runtime, left: unknown, right: unknown): unknown {
  if (isString(left)) {
    if (!isString(right)) throw typeError(`can only concatenate str (not "${typeName(right)}") to str`);
    rt.spend((String(left).length + String(right).length) >> 6);
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
    const both: unknown[] = [...(left as unknown[]), ...(right as unknown[])];
    return left instanceof Tuple ? tupleOf(both) : both;
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
    for (let i = 0; i < n * value.length; i++) items.push(value[i % value.length]);
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

/** `~`: all parts printed; where HTML is escaped and one of them is HTML, the others become it. */
export function concat(rt: Runtime, parts: readonly unknown[]): string | Markup {
  const done = (length: number): void => rt.spend(length >> 6);
  if (rt.autoescape && parts.some((part) => part instanceof Markup)) {
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
