/** Numbers, comparison, truth. */
import type { AnySet } from "../containers.ts";
import { equals, isSubset, isTruthy } from "../equality.ts";
import { typeName } from "../type-name.ts";
import { int } from "../values.ts";
import { typeError, valueError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import {
  absolute,
  add,
  compareNumbers,
  divide,
  isInteger,
  isNumber,
  modulo,
  multiply,
  negate,
  type Numeric,
  power,
  round,
  shift,
  subtract,
  toFloat,
  toInteger,
} from "../numbers.ts";
import type { Context } from "../context.ts";
import type { FunctionDefinition } from "../signature.ts";
import { fn } from "./define.ts";
import { operate } from "./operate.ts";

type Bits = (a: bigint, b: bigint) => bigint;
const bitwise =
  (compute: Bits) =>
  (_context: Context, a: number | bigint | boolean, b: number | bigint | boolean): number | bigint | boolean => {
    const bits = int(compute(BigInt(a), BigInt(b)));
    return typeof a === "boolean" && typeof b === "boolean" ? bits !== 0 : bits;
  };

/** Python's ints include booleans. */
const whole = (value: unknown): number | bigint =>
  typeof value === "boolean" ? Number(value) : (value as number | bigint);

const larger = (context: Context, a: unknown, b: unknown) => isTruthy(operate(context, ">", b, a));

function randomBetween(context: Context, from: unknown, to: unknown): unknown {
  for (const bound of [from, to]) {
    if (!isInteger(bound)) throw typeError(`'${typeName(bound)}' object cannot be interpreted as an integer`);
  }
  const [low, high] = [BigInt(from as number), BigInt(to as number)];
  if (high < low) throw valueError(`empty range for randrange() (${low}, ${high + 1n}, ${high - low + 1n})`);
  const width = high - low + 1n;
  // Enough digits that every integer of the range can come up.
  let chosen = 0n;
  for (let scale = 1n; scale < width * 1024n; scale *= 2n ** 32n) {
    chosen = chosen * 2n ** 32n + BigInt(Math.floor(context.run.random() * 2 ** 32));
  }
  return int(low + (chosen % width));
}

type Order = "<" | "<=" | ">" | ">=";
const HOLDS: Readonly<Record<Order, (order: number) => boolean>> = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

/** Null comes before everything else, and is as large as itself. */
function comparisons(operator: Order): FunctionDefinition[] {
  const holds = HOLDS[operator];
  const isStrict = operator.length === 1;
  const below = operator.startsWith("<");
  const name = `#operator_${operator}`;
  return [
    fn(`${name}(left: object, right: nothing)`, () => !below),
    fn(`${name}(left: nothing, right: object)`, () => below),
    fn(`${name}(left: nothing, right: nothing)`, () => !isStrict),
    fn(`${name}(left: number, right: number)`, (_context, a, b) => holds(compareNumbers(a, b))),
    fn(`${name}(left: set, right: set)`, ({ run }, left: AnySet, right: AnySet) => {
      const [small, large] = below ? [left, right] : [right, left];
      return (isStrict ? small.size < large.size : small.size <= large.size) && isSubset(small, large, run);
    }),
  ];
}

export const MATH: readonly FunctionDefinition[] = [
  fn("*equal(left: any, right: any)", ({ run }, left, right) => equals(left, right, run)),
  fn("*not_equal(left: any, right: any)", ({ run }, left, right) => !equals(left, right, run)),
  fn("#operator_and(left: lambda, right: lambda)", (_context, left: Lambda, right: Lambda) => {
    const value = left.call0();
    return isTruthy(value) ? right.call0() : value;
  }),
  fn("#operator_or(left: lambda, right: lambda)", (_context, left: Lambda, right: Lambda) => {
    const value = left.call0();
    return isTruthy(value) ? value : right.call0();
  }),
  fn("#unary_operator_not(arg: any)", (_context, arg) => !isTruthy(arg)),
  fn("bool(value: any)", (_context, value) => isTruthy(value)),
  fn("isBoolean(value: any)", (_context, value) => typeof value === "boolean"),
  ...comparisons("<"),
  ...comparisons("<="),
  ...comparisons(">"),
  ...comparisons(">="),
  fn("#operator_+(left: number, right: number)", (_context, a: Numeric, b: Numeric) => add(a, b)),
  fn("#operator_-(left: number, right: number)", (_context, a: Numeric, b: Numeric) => subtract(a, b)),
  fn("#operator_*(left: number, right: number)", (_context, a: Numeric, b: Numeric) => multiply(a, b)),
  fn("#operator_/(left: number, right: number)", (_context, a: Numeric, b: Numeric) => divide(a, b)),
  fn("#operator_mod(left: number, right: number)", (_context, a: Numeric, b: Numeric) => modulo(a, b)),
  fn("#unary_operator_+(op: number)", (_context, op) => op),
  fn("#unary_operator_-(op: number)", (_context, op: Numeric) => negate(op)),
  fn("abs(op: number)", (_context, op: Numeric) => absolute(op)),
  fn("sign(num: number)", (_context, num: Numeric) => Math.sign(compareNumbers(num, 0)) || 0),
  fn("int(value: any)", (_context, value) => toInteger(value)),
  fn("float(value: any)", (_context, value) => toFloat(value)),
  fn("round(number: number, ndigits: int = 0)", (_context, number: Numeric, digits) => round(number, whole(digits))),
  fn("pow(a: number, b: number, c: number? = null)", (_context, a: Numeric, b: Numeric, c) => power(a, b, c)),
  fn("max(a: any, b: any)", (context, a, b) => (larger(context, a, b) ? b : a)),
  fn("min(a: any, b: any)", (context, a, b) => (larger(context, a, b) ? a : b)),
  fn(
    "bitwiseAnd(left: int, right: int)",
    bitwise((a, b) => a & b),
  ),
  fn(
    "bitwiseOr(left: int, right: int)",
    bitwise((a, b) => a | b),
  ),
  fn(
    "bitwiseXor(left: int, right: int)",
    bitwise((a, b) => a ^ b),
  ),
  fn("bitwiseNot(arg: int)", (_context, arg) => int(~BigInt(arg))),
  fn("shiftBitsLeft(value: int, bitsNumber: int)", (_context, value, bits) => shift(whole(value), whole(bits), true)),
  fn("shiftBitsRight(value: int, bitsNumber: int)", (_context, value, bits) => shift(whole(value), whole(bits), false)),
  fn("isInteger(value: any)", (_context, value) => isInteger(value)),
  fn("isNumber(value: any)", (_context, value) => isNumber(value)),
  fn("random()", ({ run }) => run.random()),
  fn("random(from: any, to: any)", randomBetween),
];
