import { JinjaRuntimeError, typeError, valueError } from "./errors.ts";
import { filter, flag } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { isFloat, isInt, isNumber, toNumber } from "./numbers.ts";
import { roundNumber } from "./round.ts";
import type { Runtime } from "./runtime.ts";
import { intArgument } from "./sequence.ts";
import { quote, text } from "./text.ts";
import { Undefined, float, hostValue, int, isString, typeName } from "./values.ts";

function toInt(rt: Runtime, operand: unknown, otherwise: unknown, base: unknown): unknown {
  const value = hostValue(operand);
  if (value instanceof Undefined) throw value.error();
  if (isInt(value)) return typeof value === "boolean" ? Number(value) : value;
  if (isFloat(value)) {
    const number = toNumber(value);
    return Number.isFinite(number) ? int(BigInt(Math.trunc(number))) : otherwise;
  }
  if (!isString(value)) return otherwise;
  const source = String(value);
  rt.spend(1);
  return parseInteger(source, base === undefined ? 10 : intArgument(base, "base")) ?? floatToInt(source) ?? otherwise;
}

function floatToInt(source: string): unknown {
  const number = parseFloatText(source);
  return number === undefined || !Number.isFinite(number) ? undefined : int(BigInt(Math.trunc(number)));
}

/** Python's `int(text, base)`. */
export function parseInteger(source: string, base: number): unknown {
  const parts = /^([-+]?)(0[xXoObB])?([\da-zA-Z]+(?:_[\da-zA-Z]+)*)$/.exec(
    source.trim().replace(/^([-+]?0[xXoObB])_/, "$1"),
  );
  if (parts === null) {
    return undefined;
  }
  const [, sign, prefix, body = ""] = parts;
  let digits = body.replaceAll("_", "").toLowerCase();
  const prefixBase =
    prefix === undefined ? undefined : { x: 16, o: 8, b: 2 }[prefix[1]?.toLowerCase() as "x" | "o" | "b"];
  let radix = base;
  if (base === 0) radix = prefixBase ?? 10;
  if (prefix !== undefined && prefixBase !== radix) {
    digits = prefix.toLowerCase() + digits;
  }
  if (radix < 2 || radix > 36 || digits.length > 4300) return undefined;
  let total = 0n;
  const big = BigInt(radix);
  if (radix === 10) {
    if (!/^\d+$/.test(digits)) return undefined;
    total = BigInt(digits);
  } else {
    for (const digit of digits) {
      const value = Number.parseInt(digit, 36);
      if (Number.isNaN(value) || value >= radix) return undefined;
      total = total * big + BigInt(value);
    }
  }
  return int(sign === "-" ? -total : total);
}

/** Python's `float(text)`. */
export function parseFloatText(source: string): number | undefined {
  const trimmed = source.trim();
  if (/^[-+]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][-+]?\d+(?:_\d+)*)?$/.test(trimmed)) {
    return Number(trimmed.replaceAll("_", ""));
  }
  const special = /^([-+]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (special === null) return undefined;
  if (special[2]?.toLowerCase() === "nan") return Number.NaN;
  return special[1] === "-" ? -Infinity : Infinity;
}

function toFloat(operand: unknown, otherwise: unknown): unknown {
  const value = hostValue(operand);
  if (value instanceof Undefined) throw value.error();
  if (isNumber(value)) return float(toNumber(value));
  if (!isString(value)) return otherwise;
  const number = parseFloatText(String(value));
  return number === undefined ? otherwise : float(number);
}

function fileSize(bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  const units = binary
    ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  let unit = base;
  for (const name of units) {
    if (bytes < unit * base || name === units.at(-1)) return `${(bytes / unit).toFixed(1)} ${name}`;
    unit *= base;
  }
  return "";
}

/** Filters on numbers. */
export const numberFilters: readonly (readonly [string, Filter])[] = [
  [
    "abs",
    filter("", (_, operand) => {
      const value = hostValue(operand);
      if (value instanceof Undefined) throw value.error();
      if (isInt(value)) {
        if (typeof value === "bigint") return value < 0n ? -value : value;
        return Math.abs(Number(value));
      }
      if (isFloat(value)) return float(Math.abs(toNumber(value)));
      throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
    }),
  ],
  [
    "filesizeformat",
    filter("binary?", (rt, value, binary) => {
      const bytes = toFloat(value, undefined);
      if (bytes === undefined) throw valueError(`could not convert string to float: ${quote(text(rt, value))}`);
      return fileSize(toNumber(bytes as number), flag(rt, binary));
    }),
  ],
  ["float", filter("default?", (_, value, otherwise) => toFloat(value, otherwise ?? float(0)))],
  ["int", filter("default? base?", (rt, value, otherwise, base) => toInt(rt, value, otherwise ?? 0, base))],
  [
    "round",
    filter("precision? method?", (rt, operand, precision, method) => {
      const value = hostValue(operand);
      if (value instanceof Undefined) throw value.error();
      const how = method === undefined ? "common" : text(rt, method);
      if (how !== "common" && how !== "ceil" && how !== "floor") {
        throw new JinjaRuntimeError("method must be common, ceil or floor", "FilterArgumentError");
      }
      if (!isNumber(value)) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
      return roundNumber(value, precision === undefined ? 0 : intArgument(precision, "precision"), how);
    }),
  ],
];
