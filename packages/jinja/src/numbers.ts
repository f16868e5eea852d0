import { PyFloat } from "./values.ts";

export const isInt = (value: unknown): value is number | bigint | boolean =>
  (typeof value === "number" && Number.isInteger(value)) || typeof value === "bigint" || typeof value === "boolean";

export const isFloat = (value: unknown): value is number | PyFloat =>
  value instanceof PyFloat || (typeof value === "number" && !Number.isInteger(value));

export const isNumber = (value: unknown): value is number | bigint | boolean | PyFloat =>
  isInt(value) || isFloat(value);

/** The numeric value as a JavaScript number; large integers lose precision. */
export function toNumber(value: number | bigint | boolean | PyFloat): number {
  return value instanceof PyFloat ? value.value : Number(value);
}
