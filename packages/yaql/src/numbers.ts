/** Arithmetic on Python's numbers: integers without bounds, floats, and what becomes of the two together. */
import { YaqlError, YaqlLimitError, typeError, valueError } from "./errors.ts";
import { quote } from "./quote.ts";
import { typeName } from "./type-name.ts";
import { float, int, PyFloat } from "./values.ts";

export type Numeric = number | bigint | PyFloat;

/** An integer; booleans are none. */
export function isInteger(value: unknown): value is number | bigint {
  return typeof value === "number" ? Number.isInteger(value) : typeof value === "bigint";
}

export function isNumber(value: unknown): value is Numeric {
  return typeof value === "number" || typeof value === "bigint" || value instanceof PyFloat;
}

/** Integers wider than this take seconds to multiply and to print. */
const MAX_BITS = 200_000;

function bounded(value: bigint): number | bigint {
  if (value > MAX_INTEGER || value < -MAX_INTEGER) throw tooWide();
  return int(value);
}
const MAX_INTEGER = 1n << BigInt(MAX_BITS);
const tooWide = () => new YaqlLimitError("limit", `An integer of more than ${MAX_BITS} bits is too large`);

/** The value as a double; an integer that has none overflows. */
export function toDouble(value: Numeric): number {
  if (typeof value === "number") return value;
  if (value instanceof PyFloat) return value.value;
  const double = Number(value);
  if (!Number.isFinite(double)) throw new YaqlError("overflow", "int too large to convert to float");
  return double;
}

/** For operations whose result is an integer when both are. */
function combine(
  a: Numeric,
  b: Numeric,
  doubles: (x: number, y: number) => number,
  bigints: (x: bigint, y: bigint) => bigint,
): Numeric {
  if (isInteger(a) && isInteger(b)) {
    if (typeof a === "number" && typeof b === "number") {
      const quick = doubles(a, b);
      if (Number.isSafeInteger(quick)) return quick;
    }
    return bounded(bigints(BigInt(a), BigInt(b)));
  }
  return float(doubles(toDouble(a), toDouble(b)));
}

export const add = (a: Numeric, b: Numeric): Numeric =>
  combine(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
  );
export const subtract = (a: Numeric, b: Numeric): Numeric =>
  combine(
    a,
    b,
    (x, y) => x - y,
    (x, y) => x - y,
  );
export function multiply(a: Numeric, b: Numeric): Numeric {
  // Minus zero is a float's value only.
  return combine(
    a,
    b,
    (x, y) => (isInteger(a) && isInteger(b) ? x * y + 0 : x * y),
    (x, y) => x * y,
  );
}
export function negate(a: Numeric): Numeric {
  if (a instanceof PyFloat) return new PyFloat(-a.value);
  return typeof a === "bigint" ? int(-a) : a === 0 ? 0 : -a;
}
export function absolute(a: Numeric): Numeric {
  if (a instanceof PyFloat) return new PyFloat(Math.abs(a.value));
  return typeof a === "bigint" ? int(a < 0n ? -a : a) : Math.abs(a);
}

/** Two integers: rounded down. Anything else: a float. */
export function divide(a: Numeric, b: Numeric): Numeric {
  if (isInteger(a) && isInteger(b)) {
    if (b === 0 || b === 0n) throw zeroDivision("integer division or modulo by zero");
    if (typeof a === "number" && typeof b === "number") return Math.floor(exactQuotient(a, b)) + 0;
    return int(floorDivide(BigInt(a), BigInt(b)));
  }
  const divisor = toDouble(b);
  if (divisor === 0) throw zeroDivision("float division by zero");
  return float(toDouble(a) / divisor);
}

/** A quotient whose floor is right even when the division itself was rounded up to an integer. */
function exactQuotient(a: number, b: number): number {
  const remainder = a % b;
  const quotient = Math.round((a - remainder) / b);
  return remainder !== 0 && remainder < 0 !== b < 0 ? quotient - 1 : quotient;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** The remainder has the divisor's sign. */
export function modulo(a: Numeric, b: Numeric): Numeric {
  if (isInteger(a) && isInteger(b)) {
    if (b === 0 || b === 0n) throw zeroDivision("integer modulo by zero");
    if (typeof a === "number" && typeof b === "number") {
      const remainder = a % b;
      return (remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder) + 0;
    }
    const remainder = BigInt(a) % BigInt(b);
    return int(remainder !== 0n && remainder < 0n !== BigInt(b) < 0n ? remainder + BigInt(b) : remainder);
  }
  const x = toDouble(a);
  const y = toDouble(b);
  if (y === 0) throw zeroDivision("float modulo");
  const remainder = x % y;
  if (remainder === 0) return float(y < 0 ? -0 : 0);
  return float(remainder < 0 !== y < 0 ? remainder + y : remainder);
}

export const zeroDivision = (message: string): YaqlError => new YaqlError("zero_division", message);

/** Below zero, zero or above; NaN when one of them is. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  const x = a instanceof PyFloat ? a.value : a;
  const y = b instanceof PyFloat ? b.value : b;
  // oxlint-disable-next-line eqeqeq -- compares a bigint with a number by value
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : Number.NaN;
}

export function power(base: Numeric, exponent: Numeric, modulus: Numeric | null): Numeric {
  if (modulus !== null) return modularPower(base, exponent, modulus);
  if (isInteger(base) && isInteger(exponent) && exponent >= 0) {
    const b = BigInt(base);
    if (b === 0n || b === 1n) return exponent === 0 ? 1 : int(b);
    if (b === -1n) return BigInt(exponent) % 2n === 0n ? 1 : -1;
    if (Number(exponent) * Math.log2(Math.abs(Number(b))) > MAX_BITS) throw tooWide();
    return bounded(b ** BigInt(exponent));
  }
  const x = toDouble(base);
  const y = toDouble(exponent);
  if (x === 0 && y < 0) throw zeroDivision("0.0 cannot be raised to a negative power");
  if (x < 0 && Number.isFinite(y) && !Number.isInteger(y)) {
    throw valueError("a negative number cannot be raised to a fractional power");
  }
  const result = x ** y;
  if (!Number.isFinite(result) && Number.isFinite(x) && Number.isFinite(y)) {
    throw new YaqlError("overflow", "(34, 'Numerical result out of range')");
  }
  return float(result);
}

function modularPower(base: Numeric, exponent: Numeric, modulus: Numeric): Numeric {
  if (!isInteger(base) || !isInteger(exponent) || !isInteger(modulus)) {
    throw typeError("pow() 3rd argument not allowed unless all arguments are integers");
  }
  const m = BigInt(modulus);
  if (m === 0n) throw valueError("pow() 3rd argument cannot be 0");
  const residue = (x: bigint) => ((x % m) + m) % m;
  const normalize = (x: bigint) => (m < 0n && x > 0n ? x + m : x);
  const size = m < 0n ? -m : m;
  const reduce = (x: bigint) => ((x % size) + size) % size;
  let b = reduce(BigInt(base));
  let e = BigInt(exponent);
  if (e < 0n) {
    b = inverse(b, size);
    e = -e;
  }
  let result = reduce(1n);
  for (; e > 0n; e >>= 1n) {
    if (e & 1n) result = reduce(result * b);
    b = reduce(b * b);
  }
  return int(m < 0n ? normalize(reduce(result)) : residue(result));
}

function inverse(a: bigint, m: bigint): bigint {
  let [r0, r1, s0, s1] = [a, m, 1n, 0n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1, s0, s1] = [r1, r0 - q * r1, s1, s0 - q * s1];
  }
  if (r0 !== 1n) throw valueError("base is not invertible for the given modulus");
  return ((s0 % m) + m) % m;
}

/** Rounds half to even, on the exact binary value. A float stays a float. */
export function round(value: Numeric, digits: number | bigint): Numeric {
  if (isInteger(value)) {
    if (digits >= 0) return value;
    if (-Number(digits) > MAX_BITS) return 0;
    const unit = 10n ** BigInt(-Number(digits));
    return int(roundHalfEven(BigInt(value), unit) * unit);
  }
  const double = toDouble(value);
  const places = Number(digits);
  if (!Number.isFinite(double) || double === 0 || places > 323) return value;
  if (places < -309) return float(double < 0 ? -0 : 0);
  const [mantissa, exponent] = binary(double);
  // double = mantissa * 2^exponent; the rounded value is n / 10^places.
  let numerator = mantissa;
  let denominator = 1n;
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  if (places >= 0) numerator *= 10n ** BigInt(places);
  else denominator *= 10n ** BigInt(-places);
  const n = roundHalfEven(numerator, denominator);
  const rounded = Number(`${n}e${-places}`);
  return float(rounded === 0 && double < 0 ? -0 : rounded);
}

function roundHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = floorDivide(numerator, denominator);
  const twice = (numerator - quotient * denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n !== 0n)) return quotient + 1n;
  return quotient;
}

/** A double as mantissa and power of two. */
export function binary(value: number): [mantissa: bigint, exponent: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const stored = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = stored === 0 ? fraction : fraction | 0x10000000000000n;
  return [value < 0 ? -mantissa : mantissa, Math.max(stored, 1) - 1075];
}

/** A shift count that is negative or would fill the memory is refused. */
export function shift(value: number | bigint, bits: number | bigint, left: boolean): number | bigint {
  if (bits < 0) throw valueError("negative shift count");
  if (!left) return bits > 1e6 ? (value < 0 ? -1 : 0) : int(BigInt(value) >> BigInt(bits));
  if (value !== 0 && bits > MAX_BITS) throw tooWide();
  return bounded(BigInt(value) << BigInt(bits));
}

/** Decimal digits of every script as those of ASCII. They stand in runs of ten, zero first. */
export function asciiDigits(text: string): string {
  return text.replace(/[^\x00-\x7f]/gu, (char) => {
    if (!/\p{Nd}/u.test(char)) return char;
    const code = char.codePointAt(0) ?? 0;
    let zero = code;
    while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
    return String(code - zero);
  });
}

/** The integer that a text of decimal digits denotes. */
export function parseInteger(digits: string): number | bigint {
  if (digits.length <= 15) return Number(digits);
  if (digits.length > MAX_BITS / 4) throw tooWide();
  return int(BigInt(digits));
}

export function toInteger(value: unknown): number | bigint {
  if (value === null) return 0;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (isInteger(value)) return value;
  if (isNumber(value)) {
    const double = toDouble(value);
    if (Number.isNaN(double)) throw valueError("cannot convert float NaN to integer");
    if (!Number.isFinite(double)) throw new YaqlError("overflow", "cannot convert float infinity to integer");
    const whole = Math.trunc(double);
    return Number.isSafeInteger(whole) ? whole + 0 : int(BigInt(whole));
  }
  if (typeof value === "string") {
    const match = /^\s*([+-]?)(\d+(?:_\d+)*)\s*$/u.exec(asciiDigits(value));
    if (!match) throw valueError(`invalid literal for int() with base 10: ${quote(value)}`);
    const magnitude = parseInteger((match[2] ?? "").replaceAll("_", ""));
    return match[1] === "-" ? (negate(magnitude) as number | bigint) : magnitude;
  }
  throw typeError(
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value, true)}'`,
  );
}

const FLOAT =
  /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf(?:inity)?|nan)$/i;

export function toFloat(value: unknown): Numeric {
  if (value === null) return float(0);
  if (typeof value === "boolean") return float(value ? 1 : 0);
  if (isNumber(value)) return float(toDouble(value));
  if (typeof value === "string") {
    const text = asciiDigits(value.trim());
    if (!FLOAT.test(text)) throw valueError(`could not convert string to float: ${quote(value)}`);
    const plain = text.toLowerCase().replaceAll("_", "");
    if (plain.includes("inf")) return plain.startsWith("-") ? -Infinity : Infinity;
    return float(plain.includes("nan") ? Number.NaN : Number(plain));
  }
  throw typeError(`float() argument must be a string or a real number, not '${typeName(value, true)}'`);
}
