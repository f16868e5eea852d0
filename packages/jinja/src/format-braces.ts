import { JinjaRuntimeError, typeError, valueError } from "./errors.ts";
import { formatFloat, isNegative } from "./format-percent.ts";
import { isFloat, isInt, isNumber, toNumber } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { escapeHtml, floatText, repr, text, textLength } from "./text.ts";
import { Markup, hostValue, typeName } from "./values.ts";
import type { KeywordArguments } from "./values.ts";

/** How replacement fields such as `{0.name[key]}` read; handed in, because attributes include this very method. */
export interface Access {
  readonly attribute: (rt: Runtime, value: unknown, name: string) => unknown;
  readonly item: (rt: Runtime, value: unknown, key: unknown) => unknown;
}

/** `str.format`: replacement fields with attribute access (sandboxed as everywhere), conversions and format specs. */
export function formatBraces(
  rt: Runtime,
  format: string,
  args: readonly unknown[],
  keywords: KeywordArguments,
  isMarkup: boolean,
  access: Access,
): string {
  let automatic = 0;
  return run(format, 2);

  function run(pattern: string, depth: number): string {
    if (depth === 0) throw valueError("Max string recursion exceeded");
    let out = "";
    for (let i = 0; i < pattern.length; ) {
      const char = pattern[i] as string;
      if ((char === "{" || char === "}") && pattern[i + 1] === char) {
        out += char;
        i += 2;
      } else if (char === "}") {
        throw valueError("Single '}' encountered in format string");
      } else if (char === "{") {
        const end = closing(pattern, i);
        out += field(pattern.slice(i + 1, end), depth);
        i = end + 1;
      } else {
        out += char;
        i++;
      }
      rt.allowText(out.length);
    }
    return out;
  }

  function field(inside: string, depth: number): string {
    const parts = /^([^:!]*)(?:!([^:]*))?(?::([^]*))?$/.exec(inside);
    if (parts === null) throw valueError("bad replacement field in format string");
    const [, path = "", conversion, spec = ""] = parts;
    let value = lookUp(path);
    if (conversion === "s") value = text(rt, value);
    else if (conversion === "r" || conversion === "a") value = repr(rt, value);
    else if (conversion !== undefined) throw valueError(`Unknown conversion specifier '${conversion}'`);
    const full = spec.includes("{") ? run(spec, depth - 1) : spec;
    const formatted = formatValue(rt, value, full);
    return isMarkup && !(value instanceof Markup) ? escapeHtml(formatted) : formatted;
  }

  function lookUp(path: string): unknown {
    const [first = "", ...rest] = path.match(/^[^.[]*|\.[^.[]+|\[[^\]]*\]/g) ?? [""];
    let value: unknown;
    if (first === "" || /^\d+$/.test(first)) {
      const index = first === "" ? automatic++ : Number(first);
      if (index >= args.length) {
        throw new JinjaRuntimeError(`Replacement index ${index} out of range for positional args tuple`, "IndexError");
      }
      value = args[index];
    } else {
      value = keywords.get(first);
      if (value === undefined) throw new JinjaRuntimeError(repr(rt, first), "KeyError");
    }
    for (const step of rest) {
      if (step.startsWith(".")) value = access.attribute(rt, value, step.slice(1));
      else {
        const key = step.slice(1, -1);
        value = access.item(rt, value, /^\d+$/.test(key) ? Number(key) : key);
      }
    }
    return hostValue(value);
  }
}

function closing(pattern: string, from: number): number {
  let depth = 0;
  for (let i = from; i < pattern.length; i++) {
    if (pattern[i] === "{") depth++;
    else if (pattern[i] === "}" && --depth === 0) return i;
  }
  throw valueError("expected '}' before end of string");
}

const SPEC = /^(?:([^])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([_,])?(?:\.(\d+))?([a-zA-Z%])?$/u;

/** Python's `format(value, spec)`. */
export function formatValue(rt: Runtime, value: unknown, spec: string): string {
  if (spec === "") return text(rt, value);
  const parts = SPEC.exec(spec);
  if (parts === null) throw valueError(`Invalid format specifier '${spec}' for object of type '${typeName(value)}'`);
  const isText = typeof value === "string" || value instanceof Markup;
  if (!isText && !isNumber(value)) {
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const [, fillChar, alignment, sign, , alternate, zero, widthText, grouping, precisionText, type] = parts;
  const width = Number(widthText ?? 0);
  const precision = precisionText === undefined ? undefined : Number(precisionText);
  rt.allowText(Math.max(width, precision ?? 0));
  const fill = fillChar ?? (zero === undefined ? " " : "0");
  let prefix = "";
  let body: string;
  let align = alignment;
  if (isNumber(value)) {
    [prefix, body] = formatNumber(value, sign ?? "-", alternate !== undefined, type, precision, grouping);
    align ??= zero === undefined ? ">" : "=";
  } else {
    if (type !== undefined && type !== "s") {
      throw valueError(`Unknown format code '${type}' for object of type '${typeName(value)}'`);
    }
    if (sign !== undefined) throw valueError("Sign not allowed in string format specifier");
    if (grouping !== undefined) throw valueError(`Cannot specify '${grouping}' with 's'.`);
    if (align === "=") throw valueError("'=' alignment not allowed in string format specifier");
    body = text(rt, value);
    if (precision !== undefined) body = Array.from(body).slice(0, precision).join("");
    align ??= "<";
  }
  const missing = width - textLength(prefix + body);
  if (missing <= 0) return prefix + body;
  if (align === "=") return prefix + fill.repeat(missing) + body;
  if (align === ">") return fill.repeat(missing) + prefix + body;
  if (align === "<") return prefix + body + fill.repeat(missing);
  const left = Math.floor(missing / 2);
  return fill.repeat(left) + prefix + body + fill.repeat(missing - left);
}

function formatNumber(
  value: unknown,
  sign: string,
  alternate: boolean,
  type: string | undefined,
  precision: number | undefined,
  grouping: string | undefined,
): [string, string] {
  const bySign = (negative: boolean): string => (negative ? "-" : sign === "-" ? "" : sign);
  const group = (digits: string, size = 3): string =>
    grouping === undefined
      ? digits
      : digits.replace(new RegExp(`(?<=[\\da-fA-F])(?=(?:[\\da-fA-F]{${size}})+(?![\\da-fA-F]))`, "g"), grouping);
  if (isInt(value) && (type === undefined || "bcdoxXn".includes(type))) {
    if (precision !== undefined) throw valueError("Precision not allowed in integer format specifier");
    const whole = BigInt(value);
    const magnitude = whole < 0n ? -whole : whole;
    switch (type) {
      case "c":
        return ["", String.fromCodePoint(Number(whole))];
      case "b":
      case "o":
      case "x":
      case "X": {
        const digits = group(magnitude.toString(type === "b" ? 2 : type === "o" ? 8 : 16), 4);
        const prefix = bySign(whole < 0n) + (alternate ? `0${type}` : "");
        return [prefix, type === "X" ? digits.toUpperCase() : digits];
      }
      default:
        return [bySign(whole < 0n), group(magnitude.toString())];
    }
  }
  if (!isNumber(value)) throw valueError("not a number");
  const number = toNumber(value);
  const magnitude = Math.abs(number);
  const prefix = bySign(isNegative(number));
  let digits: string;
  if (type === undefined && precision === undefined) digits = floatText(magnitude);
  else if (type === undefined) {
    digits = formatFloat(magnitude, "g", precision as number);
    if (isFloat(value) && /^\d+$/.test(digits)) digits += ".0";
  } else if (type === "%") digits = `${formatFloat(magnitude * 100, "f", precision ?? 6)}%`;
  else if ("eEfFgGn".includes(type))
    digits = formatFloat(magnitude, type === "n" ? "g" : type, precision ?? 6, alternate);
  else throw valueError(`Unknown format code '${type}' for object of type '${typeName(value)}'`);
  const [, whole = "", rest = ""] = /^(\d*)([^]*)$/.exec(digits) ?? [];
  return [prefix, group(whole) + rest];
}
