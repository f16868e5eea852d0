import { LimitError, valueError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import {
  Callable,
  DictView,
  HostObject,
  Markup,
  Namespace,
  PyFloat,
  PyIterator,
  Range,
  Tuple,
  Undefined,
  dictEntries,
  isDict,
  typeName,
} from "./values.ts";

const MAX_NESTING = 200;

/** Python's `repr` of a float: shortest digits, exponent from 1e16 up and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    const [digits = "", exponent = ""] = value.toExponential().split("e");
    const sign = exponent.startsWith("-") ? "-" : "+";
    return `${digits}e${sign}${exponent.slice(1).padStart(2, "0")}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return value === 0 ? "0" : String(value);
  return Number.isInteger(value) ? BigInt(value).toString() : floatText(value);
}

function bigintText(rt: Runtime, value: bigint): string {
  // Python refuses to print larger ones too: the time needed grows with the square of the digits.
  if (value > 10n ** 4300n || value < -(10n ** 4300n)) {
    throw valueError("Exceeds the limit (4300 digits) for integer string conversion");
  }
  const digits = value.toString();
  rt.spend(digits.length >> 4);
  return digits;
}

/** What `str()` gives: what is printed. Strict undefined values fail. */
export function text(rt: Runtime, value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return numberText(value);
    case "boolean":
      return value ? "True" : "False";
    case "bigint":
      return bigintText(rt, value);
    case "undefined":
      return "None";
    default:
      if (value === null) return "None";
      if (value instanceof Markup) return value.text;
      if (value instanceof Undefined) {
        if (value.strict) throw value.error();
        return "";
      }
      if (value instanceof HostObject) {
        const stands = value.value();
        return stands === undefined ? `<${value.typeName} object>` : text(rt, stands);
      }
      if (value instanceof Date) return dateText(value);
      return repr(rt, value);
  }
}

/** What `repr()` gives: how a value looks inside a printed container. */
export function repr(rt: Runtime, value: unknown): string {
  const pieces: string[] = [];
  let length = 0;
  const put = (piece: string): void => {
    length += piece.length;
    if (length > rt.setup.limits.output) rt.allowText(length);
    pieces.push(piece);
  };
  write(value, 0);
  rt.spend(pieces.length >> 2);
  return pieces.length === 1 ? (pieces[0] as string) : pieces.join("");

  function sequence(open: string, items: readonly unknown[], close: string, depth: number): void {
    put(open);
    for (let i = 0; i < items.length; i++) {
      if (i > 0) put(", ");
      write(items[i], depth + 1);
    }
    put(close);
  }

  function write(item: unknown, depth: number): void {
    if (typeof item === "string") return put(quote(item));
    if (typeof item !== "object" || item === null) return put(text(rt, item));
    rt.spend(1);
    if (depth > MAX_NESTING)
      throw new LimitError(`a value that is printed is nested more than ${MAX_NESTING} levels deep`);
    if (item instanceof Tuple) return sequence("(", item, item.length === 1 ? ",)" : ")", depth);
    if (Array.isArray(item)) return sequence("[", item, "]", depth);
    if (item instanceof PyFloat) return put(floatText(item.value));
    if (item instanceof Markup) return put(`Markup(${quote(item.text)})`);
    if (item instanceof Undefined) return put("Undefined");
    if (item instanceof Range) {
      return put(`range(${item.start}, ${item.stop}${item.step === 1 ? "" : `, ${item.step}`})`);
    }
    if (item instanceof DictView) return sequence(`dict_${item.kind}([`, item.items(), "])", depth);
    if (item instanceof Namespace) {
      put("<Namespace ");
      writeDict(item.values, depth);
      return put(">");
    }
    if (item instanceof Date) return put(dateText(item));
    if (item instanceof HostObject) {
      const stands = item.value();
      return stands === undefined ? put(`<${item.typeName} object>`) : write(stands, depth + 1);
    }
    if (item instanceof PyIterator) return put(`<${item.what} object>`);
    if (item instanceof Callable) return put(`<function ${item.name}>`);
    if (isDict(item)) return writeDict(item, depth);
    put(`<${typeName(item)} object>`);
  }

  function writeDict(dict: Map<unknown, unknown> | Record<string, unknown>, depth: number): void {
    put("{");
    let first = true;
    for (const [key, value] of dictEntries(dict)) {
      if (!first) put(", ");
      first = false;
      write(key, depth + 1);
      put(": ");
      write(value, depth + 1);
    }
    put("}");
  }
}

const NEEDS_ESCAPE = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** Python's quoting: single quotes, unless only those occur in the text. */
export function quote(value: string): string {
  const mark = value.includes("'") && !value.includes('"') ? '"' : "'";
  if (!NEEDS_ESCAPE.test(value) && !(mark === "'" && value.includes("'"))) return mark + value + mark;
  let out = mark;
  for (const char of value) {
    if (char === mark) out += `\\${char}`;
    else if (NEEDS_ESCAPE.test(char)) out += ESCAPES[char] ?? numericEscape(char.codePointAt(0) as number);
    else out += char;
  }
  return out + mark;
}

function numericEscape(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

function dateText(value: Date): string {
  if (Number.isNaN(value.getTime())) return "NaT";
  const iso = value.toISOString();
  const fraction = iso.slice(19, 23) === ".000" ? "" : `${iso.slice(19, 23)}000`;
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}+00:00`;
}

const HTML: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

export function escapeHtml(value: string): string {
  return /[&<>"']/.test(value) ? value.replace(/[&<>"']/g, (char) => HTML[char] as string) : value;
}

/** Marks as HTML: text that is none yet is escaped. */
export function escape(rt: Runtime, value: unknown): Markup {
  if (value instanceof Markup) return value;
  const plain = text(rt, value);
  rt.spend(plain.length >> 6);
  return new Markup(escapeHtml(plain));
}

/** Code points of a text: what Python counts, slices and iterates. */
export function characters(value: string): string[] {
  return hasSurrogates(value) ? Array.from(value) : value.split("");
}
export const hasSurrogates = (value: string): boolean => /[\ud800-\udbff]/.test(value);
export const textLength = (value: string): number => (hasSurrogates(value) ? Array.from(value).length : value.length);
