/** Operators on the two kinds of values that most of them meet, without looking for an overload. */
import { compareText } from "./equality.ts";

/** The values are for the overloads. */
export const MISS = Symbol("miss");

type Fast = (a: unknown, b: unknown) => unknown;

const isSafe = Number.isSafeInteger;

const comparison =
  (holds: (order: number) => boolean): Fast =>
  (a, b) => {
    if (typeof a === "number" && typeof b === "number") {
      return Number.isNaN(a) || Number.isNaN(b) ? MISS : holds(a - b);
    }
    return typeof a === "string" && typeof b === "string" ? holds(compareText(a, b)) : MISS;
  };

const integers =
  (compute: (a: number, b: number) => number): Fast =>
  (a, b) => {
    if (!isSafe(a) || !isSafe(b)) return MISS;
    const result = compute(a as number, b as number); // both are integers
    return isSafe(result) ? result + 0 : MISS;
  };

const equality =
  (isEqual: boolean): Fast =>
  (a, b) =>
    (typeof a === "string" && typeof b === "string") || (typeof a === "number" && typeof b === "number")
      ? (a === b) === isEqual
      : MISS;

export const FAST_BINARY: Readonly<Record<string, Fast>> = {
  "+": integers((a, b) => a + b),
  "-": integers((a, b) => a - b),
  "*": integers((a, b) => a * b),
  "<": comparison((order) => order < 0),
  "<=": comparison((order) => order <= 0),
  ">": comparison((order) => order > 0),
  ">=": comparison((order) => order >= 0),
  "=": equality(true),
  "!=": equality(false),
};
