/**
 * Plain scalars as PyYAML's safe loader resolves them (YAML 1.1, PyYAML 6): what is a boolean, a number, a date, null,
 * or just text. StackStorm reads its metadata with that loader, so `mode: 0777` is 511 and `1e3` is a string there.
 */
export type ScalarTag = "str" | "bool" | "int" | "float" | "null" | "timestamp" | "merge" | "value" | "binary";

// The expressions are the facts of PyYAML's resolver, in its order of trial.
const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INT =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const TIMESTAMP =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/;
const TIMESTAMP_PARTS =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d{1,2})(?::(\d{2}))?))?)?$/;

/** Which type a plain (unquoted, untagged) scalar has. */
export function resolvePlain(text: string): ScalarTag {
  if (BOOL.test(text)) return "bool";
  if (FLOAT.test(text)) return "float";
  if (INT.test(text)) return "int";
  if (text === "<<") return "merge";
  if (NULL.test(text)) return "null";
  if (TIMESTAMP.test(text)) return "timestamp";
  if (text === "=") return "value";
  return "str";
}

/**
 * The value of a scalar of that type, in JSON's terms. Dates and times become the text Python's `isoformat()` gives
 * (`2026-01-31`, `2026-01-31T10:00:00+00:00`; microseconds only when there are some), since JSON has no dates; binary
 * stays base64 text without its white space. Throws an Error whose message says what is wrong with the text.
 */
export function constructScalar(tag: ScalarTag, text: string): unknown {
  switch (tag) {
    case "str":
      return text;
    case "merge":
      throw new Error("'<<' is the merge key of YAML 1.1 and no value; put it in quotes");
    case "null":
      return null;
    case "bool":
      return boolean(text);
    case "int":
      return integer(text);
    case "float":
      return float(text);
    case "timestamp":
      return timestamp(text);
    case "binary":
      return binary(text);
    case "value":
      throw new Error("a bare '=' has a special meaning in YAML 1.1 and cannot be read; put it in quotes");
    default:
      return tag satisfies never;
  }
}

function boolean(text: string): boolean {
  const word = text.toLowerCase();
  if (["yes", "true", "on"].includes(word)) return true;
  if (["no", "false", "off"].includes(word)) return false;
  throw new Error(`'${text}' is not a boolean`);
}

function integer(text: string): number {
  const plain = text.replaceAll("_", "");
  const sign = plain.startsWith("-") ? -1 : 1;
  const digits = plain.replace(/^[-+]/, "");
  if (digits === "0") return 0;
  if (digits.startsWith("0b")) return sign * parse(digits.slice(2), /^[01]+$/, 2, text);
  if (digits.startsWith("0x")) return sign * parse(digits.slice(2), /^[0-9a-fA-F]+$/, 16, text);
  if (digits.startsWith("0")) return sign * parse(digits, /^[0-7]+$/, 8, text);
  if (digits.includes(":")) {
    return sign * digits.split(":").reduce((sum, part) => sum * 60 + parse(part, /^[0-9]+$/, 10, text), 0);
  }
  return sign * parse(digits, /^[0-9]+$/, 10, text);
}

function parse(digits: string, shape: RegExp, base: number, text: string): number {
  if (!shape.test(digits)) throw new Error(`'${text}' is not an integer`);
  // Number() is exact to the nearest double for decimals of any length, which parseInt need not be.
  return base === 10 ? Number(digits) : Number.parseInt(digits, base);
}

function float(text: string): number {
  const plain = text.replaceAll("_", "").toLowerCase();
  const sign = plain.startsWith("-") ? -1 : 1;
  const digits = plain.replace(/^[-+]/, "");
  if (digits === ".inf") return sign * Number.POSITIVE_INFINITY;
  if (digits === ".nan") return Number.NaN;
  if (digits.includes(":")) {
    // From the right, as PyYAML adds them up: the order decides the last bits of the sum.
    let sum = 0;
    let base = 1;
    for (const part of digits.split(":").toReversed()) {
      sum += decimal(part, text) * base;
      base *= 60;
    }
    return sign * sum;
  }
  return sign * decimal(digits, text);
}

function decimal(digits: string, text: string): number {
  if (!/^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(digits)) throw new Error(`'${text}' is not a number`);
  return Number(digits);
}

function timestamp(text: string): string {
  const parts = TIMESTAMP_PARTS.exec(text);
  if (!parts) throw new Error(`'${text}' is not a timestamp`);
  const [, year = "", month = "", day = "", hour, minute, second, fraction, utc, sign, zoneHour, zoneMinute] = parts;
  const two = (digits: string) => digits.padStart(2, "0");
  const date = `${year}-${two(month)}-${two(day)}`;
  const moment = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(moment.getTime()) || moment.toISOString().slice(0, 10) !== date || year === "0000") {
    throw new Error(`'${text}' is no day of the calendar; put it in quotes if it is meant as text`);
  }
  if (hour === undefined || minute === undefined || second === undefined) return date;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw new Error(`'${text}' is no time of the day; put it in quotes if it is meant as text`);
  }
  if (Number(zoneHour ?? 0) > 23)
    throw new Error(`'${text}' is in no time zone; put it in quotes if it is meant as text`);
  const micros = (fraction ?? "").slice(0, 6).padEnd(6, "0");
  const zone = utc
    ? "+00:00"
    : sign && zoneHour !== undefined
      ? // Python prints a zone of minus nothing as plus nothing.
        `${Number(zoneHour) + Number(zoneMinute ?? 0) === 0 ? "+" : sign}${two(zoneHour)}:${zoneMinute ?? "00"}`
      : "";
  return `${date}T${two(hour)}:${minute}:${second}${micros === "000000" ? "" : `.${micros}`}${zone}`;
}

function binary(text: string): string {
  // Python's decoder passes over what is not of the alphabet.
  const base64 = text.replace(/[^A-Za-z0-9+/=]/g, "");
  if (base64.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(base64)) {
    throw new Error("failed to decode base64 data: its length is no multiple of four characters");
  }
  return base64;
}
