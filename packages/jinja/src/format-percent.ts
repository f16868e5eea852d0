import { typeError, valueError } from "./errors.ts";
import { isInt, isNumber, toNumber } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { escapeHtml, floatText, repr, text } from "./text.ts";
import { Markup, Range, Tuple, Undefined, dictGet, hostValue, isDict, typeName } from "./values.ts";

const CONVERSION = /%(?:\(([^)]{0,1000})\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([^]?)/g;

/** `format % values`, Python's printf: values are a tuple, a dict for `%(name)s`, or a single value. */
export function formatPercent(rt: Runtime, format: string | Markup, values: unknown): string | Markup {
  const isMarkup = format instanceof Markup;
  const args: readonly unknown[] = values instanceof Tuple ? values : [values];
  let used = 0;
  let usedNames = false;
  const take = (): unknown => {
    if (used >= args.length) throw typeError("not enough arguments for format string");
    return hostValue(args[used++]);
  };
  let total = 0;
  const result = String(format).replace(
    CONVERSION,
    (_, name: string | undefined, flags: string, widthText?: string, precisionText?: string, conversion?: string) => {
      if (conversion === "%") return "%";
      if (conversion === undefined || conversion === "") throw valueError("incomplete format");
      let value: unknown;
      const width = widthText === "*" ? toInt(take()) : Number(widthText ?? 0);
      const precision =
        precisionText === "*" ? toInt(take()) : precisionText === undefined ? undefined : Number(precisionText);
      if (name !== undefined) {
        if (!isDict(values)) throw typeError("format requires a mapping");
        usedNames = true;
        value = dictGet(values, name);
        if (value === undefined) throw valueError(`the format names '${name}', which the mapping does not have`);
      } else value = take();
      rt.allowText((total += Math.max(Math.abs(width), precision ?? 0)));
      let body = convert(rt, conversion, value, flags, precision);
      if (isMarkup && !(value instanceof Markup)) body = escapeHtml(body);
      total += body.length;
      rt.allowText(total);
      return pad(body, width, flags, conversion);
    },
  );
  if (!usedNames && used < args.length && !(used === 0 && isSubscriptable(values))) {
    throw typeError("not all arguments converted during string formatting");
  }
  return isMarkup ? new Markup(result) : result;
}

/** Values whose elements `%(name)s` could name; Python lets them go unused. */
const isSubscriptable = (value: unknown): boolean =>
  isDict(value) ||
  (Array.isArray(value) && !(value instanceof Tuple)) ||
  value instanceof Range ||
  value instanceof Undefined;

function toInt(value: unknown): number {
  if (!isInt(value)) throw typeError("* wants int");
  return Number(value);
}

function pad(body: string, width: number, flags: string, conversion: string): string {
  const length = Array.from(body).length;
  const missing = Math.abs(width) - length;
  if (missing <= 0) return body;
  if (width < 0 || flags.includes("-")) return body + " ".repeat(missing);
  if (flags.includes("0") && "diouxXeEfFgG".includes(conversion)) {
    const sign = /^[-+ ]?(0[xXo])?/.exec(body)?.[0] ?? "";
    return sign + "0".repeat(missing) + body.slice(sign.length);
  }
  return " ".repeat(missing) + body;
}

function convert(
  rt: Runtime,
  conversion: string,
  value: unknown,
  flags: string,
  precision: number | undefined,
): string {
  const signed = (negative: boolean, magnitude: string): string =>
    (negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + magnitude;
  switch (conversion) {
    case "s":
    case "r":
    case "a": {
      const full = conversion === "s" ? text(rt, value) : repr(rt, value);
      return precision === undefined ? full : Array.from(full).slice(0, precision).join("");
    }
    case "c":
      if (isInt(value)) return String.fromCodePoint(Math.min(0x10ffff, Math.max(0, Number(value))));
      if (typeof value === "string" && Array.from(value).length === 1) return value;
      throw typeError("%c requires int or char");
    case "d":
    case "i":
    case "u": {
      if (!isNumber(value)) throw typeError(`%${conversion} format: a real number is required, not ${typeName(value)}`);
      const whole = isInt(value) ? BigInt(value) : BigInt(Math.trunc(finite(toNumber(value))));
      return signed(whole < 0n, (whole < 0n ? -whole : whole).toString().padStart(precision ?? 0, "0"));
    }
    case "o":
    case "x":
    case "X": {
      if (!isInt(value)) throw typeError(`%${conversion} format: an integer is required, not ${typeName(value)}`);
      const whole = BigInt(value);
      const digits = (whole < 0n ? -whole : whole).toString(conversion === "o" ? 8 : 16).padStart(precision ?? 0, "0");
      const prefix = flags.includes("#") ? (conversion === "o" ? "0o" : "0x") : "";
      const magnitude = prefix + digits;
      return signed(whole < 0n, conversion === "X" ? magnitude.toUpperCase() : magnitude);
    }
    case "e":
    case "E":
    case "f":
    case "F":
    case "g":
    case "G": {
      if (!isNumber(value)) throw typeError(`must be real number, not ${typeName(value)}`);
      const number = toNumber(value);
      return signed(isNegative(number), formatFloat(Math.abs(number), conversion, precision ?? 6, flags.includes("#")));
    }
    default:
      throw valueError(`unsupported format character '${conversion}' (0x${conversion.charCodeAt(0).toString(16)})`);
  }
}

export const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

function finite(value: number): number {
  if (!Number.isFinite(value)) throw valueError(`cannot convert float ${floatText(value)} to integer`);
  return value;
}

/** A non-negative number in C's `e`, `f` or `g` form. */
export function formatFloat(value: number, conversion: string, precision: number, keepZeros = false): string {
  const lower = conversion.toLowerCase();
  let out: string;
  if (!Number.isFinite(value)) out = Number.isNaN(value) ? "nan" : "inf";
  else if (lower === "f") out = fixed(value, precision);
  else if (lower === "e") out = exponential(value, precision);
  else {
    const digits = Math.max(1, precision);
    const exponent = value === 0 ? 0 : Number(exponential(value, digits - 1).split("e")[1]);
    out = exponent < -4 || exponent >= digits ? exponential(value, digits - 1) : fixed(value, digits - 1 - exponent);
    if (!keepZeros && out.includes(".")) out = out.replace(/\.?0+(?=e|$)/, "");
  }
  return conversion === lower ? out : out.toUpperCase();
}

/** Beyond what `toFixed` can do (100 places, 1e21) a double has no more digits to show than zeros. */
function fixed(value: number, places: number): string {
  const known = Math.min(places, 100);
  const whole =
    value >= 1e21 ? BigInt(value).toString() + (known > 0 ? `.${"0".repeat(known)}` : "") : roundHalfEven(value, known);
  return whole + "0".repeat(places - known);
}

/** `toFixed` rounds ties away from zero; C and Python round them to even. */
function roundHalfEven(value: number, places: number): string {
  const rounded = value.toFixed(places);
  if (places > 22) return rounded;
  const exact = value.toFixed(Math.min(100, places + 30));
  const tail = exact.slice(exact.length - (Math.min(100, places + 30) - places));
  if (!/^50*$/.test(tail)) return rounded;
  const cut = exact.slice(0, exact.length - tail.length).replace(/\.$/, "");
  return Number(cut.at(-1)) % 2 === 0 ? cut : rounded;
}

function exponential(value: number, places: number): string {
  const known = Math.min(places, 100);
  const [digits = "", exponent = ""] = value.toExponential(known).split("e");
  const filled = digits + "0".repeat(places - known);
  return `${filled}e${exponent.startsWith("-") ? "-" : "+"}${exponent.slice(1).padStart(2, "0")}`;
}
