import { isInt, toNumber } from "./numbers.ts";
import { float, int } from "./values.ts";
import type { PyFloat } from "./values.ts";

/** Jinja's `round`: integers stay integers with `common`, ties go to even; `ceil` and `floor` always give a float. */
export function roundNumber(
  value: number | bigint | boolean | PyFloat,
  precision: number,
  method: "common" | "ceil" | "floor",
): unknown {
  if (method !== "common") {
    const scale = 10 ** precision;
    const scaled = toNumber(value) * scale;
    return float((method === "ceil" ? Math.ceil(scaled) : Math.floor(scaled)) / scale);
  }
  if (isInt(value)) {
    if (precision >= 0) return typeof value === "boolean" ? Number(value) : value;
    if (precision < -4300) return 0;
    const unit = 10n ** BigInt(-precision);
    const whole = BigInt(value);
    let quotient = whole / unit;
    const rest = (whole % unit) * 2n;
    const magnitude = rest < 0n ? -rest : rest;
    if (magnitude > unit || (magnitude === unit && quotient % 2n !== 0n)) quotient += whole < 0n ? -1n : 1n;
    return int(quotient * unit);
  }
  return float(roundHalfEven(toNumber(value), precision));
}

/** Correctly rounded from the exact binary value, as Python's `round(float, n)`. */
function roundHalfEven(value: number, places: number): number {
  if (!Number.isFinite(value) || places > 323) return value;
  if (places < 0) {
    if (places < -308) return value < 0 ? -0 : 0;
    const unit = 10 ** -places;
    const scaled = value / unit;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
    return rounded * unit;
  }
  if (Math.abs(value) >= 1e21) return value;
  // toFixed works on the exact value but sends ties up; a double only ties where few places are left.
  const fixed = Number(value.toFixed(Math.min(places, 100)));
  if (places > 22) return fixed;
  const doubled = value * 2 ** (places + 1);
  if (Number.isInteger(doubled) && places <= 15) {
    const scaled = value * 10 ** places;
    if (Math.abs(scaled % 1) === 0.5 && Number.isSafeInteger(scaled * 2)) {
      const floor = Math.floor(scaled);
      const even = floor % 2 === 0 ? floor : floor + 1;
      return even / 10 ** places;
    }
  }
  return fixed;
}
