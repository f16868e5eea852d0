/** strftime and strptime, with English names. */
import { valueError } from "../errors.ts";
import { quote } from "../quote.ts";
import { daysFromCivil, MONTHS, toFields, WEEKDAYS } from "./calendar.ts";
import { DateTime, offsetText } from "./date-time.ts";

const pad = (value: number, width: number, fill = "0") => String(value).padStart(width, fill);
const short = (name: string | undefined) => (name ?? "").slice(0, 3);

/** Year and number of the ISO week. */
function isoWeek(year: number, yearDay: number, weekday: number): [year: number, week: number] {
  const week = Math.floor((yearDay - 1 - weekday + 10) / 7);
  if (week < 1) return isoWeek(year - 1, yearDay + daysFromCivil(year, 1, 1) - daysFromCivil(year - 1, 1, 1), weekday);
  const length = daysFromCivil(year + 1, 1, 1) - daysFromCivil(year, 1, 1);
  // The last days of a year belong to the next one's first week when most of that week does.
  return week === 53 && length - yearDay < 3 - weekday ? [year + 1, 1] : [year, week];
}

/** The date as the format says; a code that is none stays as it is. */
export function formatDate(date: DateTime, format: string): string {
  const f = date.fields;
  const hour12 = f.hour % 12 === 0 ? 12 : f.hour % 12;
  const [weekYear, week] = isoWeek(f.year, f.yearDay, f.weekday);
  const codes: Record<string, () => string> = {
    a: () => short(WEEKDAYS[f.weekday]),
    A: () => WEEKDAYS[f.weekday] ?? "",
    b: () => short(MONTHS[f.month - 1]),
    h: () => short(MONTHS[f.month - 1]),
    B: () => MONTHS[f.month - 1] ?? "",
    c: () => formatDate(date, "%a %b %e %H:%M:%S %Y"),
    C: () => String(Math.floor(f.year / 100)),
    d: () => pad(f.day, 2),
    D: () => formatDate(date, "%m/%d/%y"),
    e: () => pad(f.day, 2, " "),
    f: () => pad(f.microsecond, 6),
    F: () => formatDate(date, "%Y-%m-%d"),
    g: () => pad(weekYear % 100, 2),
    G: () => String(weekYear),
    H: () => pad(f.hour, 2),
    I: () => pad(hour12, 2),
    j: () => pad(f.yearDay, 3),
    k: () => pad(f.hour, 2, " "),
    l: () => pad(hour12, 2, " "),
    m: () => pad(f.month, 2),
    M: () => pad(f.minute, 2),
    n: () => "\n",
    p: () => (f.hour < 12 ? "AM" : "PM"),
    P: () => (f.hour < 12 ? "am" : "pm"),
    r: () => formatDate(date, "%I:%M:%S %p"),
    R: () => formatDate(date, "%H:%M"),
    s: () => String(date.local / 1_000_000n),
    S: () => pad(f.second, 2),
    t: () => "\t",
    T: () => formatDate(date, "%H:%M:%S"),
    u: () => String(f.weekday + 1),
    U: () => pad(Math.floor((f.yearDay + 6 - ((f.weekday + 1) % 7)) / 7), 2),
    V: () => pad(week, 2),
    w: () => String((f.weekday + 1) % 7),
    W: () => pad(Math.floor((f.yearDay + 6 - f.weekday) / 7), 2),
    x: () => formatDate(date, "%m/%d/%y"),
    X: () => formatDate(date, "%H:%M:%S"),
    y: () => pad(f.year % 100, 2),
    Y: () => String(f.year),
    z: () => offsetText(date.offset, ""),
    Z: () => (date.offset === 0n ? "UTC" : ""),
    "%": () => "%",
  };
  return format.replace(/%([\s\S])/gu, (whole: string, code: string) => codes[code]?.() ?? whole);
}

interface Parsed {
  [code: string]: string;
}

const names = (list: readonly string[]) => list.map((name) => name.toLowerCase());
const alternatives = (list: readonly string[]) => list.join("|");
const PATTERNS: Readonly<Record<string, string>> = {
  a: alternatives(WEEKDAYS.map(short)),
  A: alternatives(WEEKDAYS),
  b: alternatives(MONTHS.map(short)),
  B: alternatives(MONTHS),
  d: "3[01]|[12]\\d|0[1-9]|[1-9]| [1-9]",
  f: "\\d{1,6}",
  H: "2[0-3]|[01]\\d|\\d",
  I: "1[0-2]|0[1-9]|[1-9]",
  j: "36[0-6]|3[0-5]\\d|[12]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9]",
  m: "1[0-2]|0[1-9]|[1-9]",
  M: "[0-5]\\d|\\d",
  p: "am|pm",
  S: "6[01]|[0-5]\\d|\\d",
  w: "[0-6]",
  u: "[1-7]",
  U: "5[0-3]|[0-4]\\d|\\d",
  W: "5[0-3]|[0-4]\\d|\\d",
  y: "\\d\\d",
  Y: "\\d{4}",
  z: "[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d(?:\\.\\d{1,6})?)?|Z",
  Z: "utc|gmt",
};
const EXPANSIONS: Readonly<Record<string, string>> = {
  c: "%a %b %d %H:%M:%S %Y",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
  D: "%m/%d/%y",
  T: "%H:%M:%S",
  F: "%Y-%m-%d",
  R: "%H:%M",
};

/** Reads a date as the format says. Throws YaqlError when it does not say so. */
export function parseFormatted(text: string, format: string): DateTime {
  const codes: string[] = [];
  const mismatch = () => valueError(`time data ${quote(text)} does not match format ${quote(format)}`);
  const expanded = format.replace(/%([cxXDTFR])/g, (whole, code: string) => EXPANSIONS[code] ?? whole);
  const source = expanded.replace(/%([\s\S]?)|\s+|[\\^$.*+?()[\]{}|/]/gu, (whole: string, code: string | undefined) => {
    if (code === undefined) return /\s/.test(whole) ? "\\s+" : `\\${whole}`;
    if (code === "%") return "%";
    const pattern = PATTERNS[code];
    if (code === "") throw valueError(`stray % in format ${quote(format)}`);
    if (pattern === undefined) throw valueError(`'${code}' is a bad directive in format ${quote(format)}`);
    codes.push(code);
    return `(${pattern})`;
  });
  const match = new RegExp(`^${source}`, "iu").exec(text);
  if (!match) throw mismatch();
  if (match[0].length !== text.length) throw valueError(`unconverted data remains: ${text.slice(match[0].length)}`);
  const parsed: Parsed = Object.fromEntries(codes.map((code, i) => [code, (match[i + 1] ?? "").toLowerCase().trim()]));
  return assemble(parsed);
}

function assemble(parsed: Parsed): DateTime {
  const number = (code: string, preset: number) => (parsed[code] === undefined ? preset : Number(parsed[code]));
  const short2 = number("y", -1);
  const year = number("Y", short2 < 0 ? 1900 : short2 + (short2 < 69 ? 2000 : 1900));
  let month = number("m", 1);
  if (parsed.B !== undefined) month = names(MONTHS).indexOf(parsed.B) + 1;
  if (parsed.b !== undefined) month = names(MONTHS.map(short)).indexOf(parsed.b) + 1;
  let day = number("d", 1);
  const fromJulian = number("j", 0);
  if (fromJulian > 0 && parsed.m === undefined && parsed.B === undefined && parsed.b === undefined) {
    const fields = toFields(BigInt(daysFromCivil(year, 1, 1) + fromJulian - 1) * 86_400_000_000n);
    ({ month, day } = fields);
  }
  let hour = number("H", 0);
  if (parsed.I !== undefined) hour = (Number(parsed.I) % 12) + (parsed.p === "pm" ? 12 : 0);
  const microsecond = Number((parsed.f ?? "0").padEnd(6, "0"));
  const fields = { year, month, day, hour, minute: number("M", 0), second: number("S", 0), microsecond };
  return DateTime.of(fields, parsed.z === undefined ? 0n : parseOffset(parsed.z));
}

function parseOffset(text: string): bigint {
  if (text === "z") return 0n;
  const digits = text.slice(1).replaceAll(":", "");
  const [whole = "", fraction = ""] = digits.split(".");
  const at = (i: number) => BigInt(whole.slice(i, i + 2) || "0");
  const micros =
    (at(0) * 3_600n + at(2) * 60n + at(4)) * 1_000_000n + BigInt(fraction.padEnd(6, "0").slice(0, 6) || "0");
  return text.startsWith("-") ? -micros : micros;
}
