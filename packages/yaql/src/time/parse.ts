/** Reads dates as people write them: the rules of python-dateutil's parser, as far as they concern English and ISO forms. */
import { YaqlError } from "../errors.ts";
import { daysInMonth, MONTHS, toFields, WEEKDAYS } from "./calendar.ts";
import { DateTime } from "./date-time.ts";

const JUMPS: ReadonlySet<string> = new Set([
  " ",
  ".",
  ",",
  ";",
  "-",
  "/",
  "'",
  "at",
  "on",
  "and",
  "ad",
  "m",
  "t",
  "of",
  "st",
  "nd",
  "rd",
  "th",
]); // prettier-ignore
const HOUR_WORDS: Readonly<Record<string, "hour" | "minute" | "second">> = {
  h: "hour",
  hour: "hour",
  hours: "hour",
  m: "minute",
  minute: "minute",
  minutes: "minute",
  s: "second",
  second: "second",
  seconds: "second",
}; // prettier-ignore
const UTC_NAMES: ReadonlySet<string> = new Set(["utc", "gmt", "z"]);

interface Found {
  year?: number;
  month?: number;
  day?: number;
  weekday?: number;
  hour?: number;
  minute?: number;
  second?: number;
  microsecond?: number;
  offset?: bigint;
}

const unknownFormat = (text: string) =>
  new YaqlError("value", `Unknown string format: ${text}`, { type: "ParserError" });

/** What is not in the text is taken from today's midnight, UTC. */
export function parseDate(text: string, now: number): DateTime {
  const today = toFields(BigInt(Math.floor(now)) * 1_000n);
  const found = scan(text, today.year);
  if (Object.values(found).every((value) => value === undefined)) {
    throw new YaqlError("value", `String does not contain a date: ${text}`, { type: "ParserError" });
  }
  const year = found.year ?? today.year;
  const month = found.month ?? today.month;
  // A day the month does not have is only a mistake when it was written.
  const day = found.day ?? (month >= 1 && month <= 12 ? Math.min(today.day, daysInMonth(year, month)) : today.day);
  const fields = {
    year,
    month,
    day,
    hour: found.hour ?? 0,
    minute: found.minute ?? 0,
    second: found.second ?? 0,
    microsecond: found.microsecond ?? 0,
  };
  try {
    const date = DateTime.of(fields, found.offset ?? 0n);
    if (found.weekday === undefined || found.day !== undefined) return date;
    return date.plus(BigInt((found.weekday - date.fields.weekday + 7) % 7) * 86_400_000_000n);
  } catch (error) {
    if (!(error instanceof YaqlError)) throw error;
    throw new YaqlError(error.class, `${error.message}: ${text}`, { type: "ParserError" });
  }
}

/** Numbers with their fraction, words, white space, and everything else one by one. */
function tokenize(text: string): string[] {
  return (text.match(/\d+(?:[.,]\d+)*|\p{L}+|\s+|[^]/gu) ?? []).flatMap((token) => {
    if (/^\s/.test(token)) return [" "];
    const dots = token.split(".").length - 1;
    // "29.8.2015" is three numbers, "28.5" is one.
    return token.length > 1 && (dots > 1 || (dots === 0 && token.split(",").length > 2))
      ? token.split(/([.,])/)
      : [token];
  });
}

function scan(text: string, thisYear: number): Found {
  const tokens = tokenize(text);
  const found: Found = {};
  const date = new DateParts(text, thisYear);
  let at = 0;
  const is = (offset: number, ...wanted: string[]) => wanted.includes((tokens[at + offset] ?? "").toLowerCase());
  const isDigits = (offset: number) => /^\d+$/.test(tokens[at + offset] ?? "");
  while (at < tokens.length) {
    const token = tokens[at] ?? "";
    const word = token.toLowerCase();
    if (/^\d/.test(token)) at += numeric(token);
    else if (weekdayOf(word) >= 0) {
      found.weekday = weekdayOf(word);
      at++;
    } else if (monthOf(word) > 0) at += monthName(word);
    else if ((is(0, "am", "pm") || is(0, "a", "p")) && found.hour !== undefined) {
      setMeridiem(word.startsWith("p"));
      at++;
      if (is(0, ".") && is(1, "m")) at += 2;
    } else if (isZone(word)) at += zoneName(word);
    else if (found.hour !== undefined && (token === "+" || token === "-") && isDigits(1)) at += zoneOffset(token);
    else if (JUMPS.has(word)) at++;
    else throw unknownFormat(text);
  }
  return Object.assign(found, date.resolve());

  function isZone(word: string): boolean {
    return (
      found.hour !== undefined &&
      /^[a-z]{1,5}$/.test(word) &&
      (UTC_NAMES.has(word) || /^[A-Z]{3,5}$/.test(tokens[at] ?? ""))
    );
  }

  function zoneName(word: string): number {
    // Names other than UTC's own say nothing certain, and are read as UTC like no name at all.
    if (UTC_NAMES.has(word)) found.offset = 0n;
    return 1;
  }

  function setMeridiem(isAfternoon: boolean): void {
    const { hour = 0 } = found;
    if (hour < 1 || hour > 12) throw unknownFormat(text);
    found.hour = (hour % 12) + (isAfternoon ? 12 : 0);
  }

  function zoneOffset(sign: string): number {
    const digits = tokens[at + 1] ?? "";
    let used = 2;
    let hours: number;
    let minutes = 0;
    if (digits.length === 4) [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
    else if (is(2, ":") && isDigits(3)) {
      [hours, minutes] = [Number(digits), Number(tokens[at + 3])];
      used = 4;
    } else if (digits.length <= 2) hours = Number(digits);
    else throw unknownFormat(text);
    const micros = BigInt(hours * 3_600 + minutes * 60) * 1_000_000n;
    found.offset = sign === "-" ? -micros : micros;
    return used;
  }

  function monthName(word: string): number {
    date.add(String(monthOf(word)), "month");
    if (!is(1, "-", "/")) {
      // "Jan of 01": the number is a year.
      if (is(1, " ") && is(2, "of") && is(3, " ") && isDigits(4)) {
        const year = tokens[at + 4] ?? "";
        date.add(String(fullYear(Number(year), year.length, thisYear)), "year");
        return 5;
      }
      return 1;
    }
    const separator = tokens[at + 1] ?? "";
    if (!isDigits(2)) throw unknownFormat(text);
    date.add(tokens[at + 2] ?? "");
    if (!is(3, separator)) return 3;
    date.add(tokens[at + 4] ?? "");
    return 5;
  }

  function setSeconds(value: string): void {
    const [whole = "0", fraction = ""] = value.split(/[.,]/);
    found.second = Number(whole);
    if (fraction !== "") found.microsecond = Number(fraction.padEnd(6, "0").slice(0, 6));
  }

  function numeric(token: string): number {
    const next = (tokens[at + 1] ?? "").toLowerCase();
    const isWhole = /^\d+$/.test(token);
    // YYYYMMDD and the like: only where a date may begin or a time follow.
    if (isWhole && date.length === 3 && (token.length === 2 || token.length === 4) && found.hour === undefined) {
      if (next !== ":" && HOUR_WORDS[next] === undefined) {
        found.hour = Number(token.slice(0, 2));
        if (token.length === 4) found.minute = Number(token.slice(2));
        return 1;
      }
    }
    if (token.length === 6 || (token.length > 6 && /^\d{6}[.,]/.test(token))) {
      if (date.length === 0 && isWhole) {
        for (const part of [token.slice(0, 2), token.slice(2, 4), token.slice(4)]) date.add(part);
      } else {
        found.hour = Number(token.slice(0, 2));
        found.minute = Number(token.slice(2, 4));
        setSeconds(token.slice(4));
      }
      return 1;
    }
    if (isWhole && (token.length === 8 || token.length === 12 || token.length === 14)) {
      date.add(token.slice(0, 4), "year");
      date.add(token.slice(4, 6));
      date.add(token.slice(6, 8));
      if (token.length > 8) {
        found.hour = Number(token.slice(8, 10));
        found.minute = Number(token.slice(10, 12));
        if (token.length > 12) found.second = Number(token.slice(12));
      }
      return 1;
    }
    const unit = HOUR_WORDS[next] ?? (next === " " ? HOUR_WORDS[(tokens[at + 2] ?? "").toLowerCase()] : undefined);
    if (unit !== undefined && !(unit === "minute" && next === " " && found.hour === undefined)) {
      duration(token, unit);
      return next === " " ? 3 : 2;
    }
    if (next === ":" && isWhole) {
      found.hour = Number(token);
      if (!/^\d/.test(tokens[at + 2] ?? "")) throw unknownFormat(text);
      const minutes = tokens[at + 2] ?? "";
      found.minute = Number(minutes.split(/[.,]/)[0]);
      if (!is(3, ":")) {
        if (/[.,]/.test(minutes)) found.second = Math.floor((Number(minutes.replace(",", ".")) % 1) * 60);
        return 3;
      }
      setSeconds(tokens[at + 4] ?? "");
      return 5;
    }
    if (["-", "/", "."].includes(next) && isWhole) {
      date.add(token);
      const following = tokens[at + 2] ?? "";
      if (following === "" || JUMPS.has(following.toLowerCase())) return 2;
      if (/^\d+$/.test(following)) date.add(following);
      else if (monthOf(following.toLowerCase()) > 0) date.add(String(monthOf(following.toLowerCase())), "month");
      else throw unknownFormat(text);
      if (!is(3, next)) return 3;
      const third = tokens[at + 4] ?? "";
      if (monthOf(third.toLowerCase()) > 0) date.add(String(monthOf(third.toLowerCase())), "month");
      else if (/^\d+$/.test(third)) date.add(third);
      else throw unknownFormat(text);
      return 5;
    }
    if (next === "am" || next === "pm" || (next === " " && is(2, "am", "pm"))) {
      found.hour = Number(token);
      return 1;
    }
    if (next === "" || JUMPS.has(next) || (isWhole && date.length < 3)) {
      date.add(token.split(/[.,]/)[0] ?? "");
      return 1;
    }
    throw unknownFormat(text);
  }

  function duration(value: string, unit: "hour" | "minute" | "second"): void {
    const [whole = "0"] = value.split(/[.,]/);
    const fraction = Number(value.replace(",", ".")) % 1;
    if (unit === "second") setSeconds(value);
    else {
      found[unit] = Number(whole);
      if (fraction !== 0) found[unit === "hour" ? "minute" : "second"] = Math.floor(fraction * 60);
    }
  }
}

function monthOf(word: string): number {
  if (word === "sept") return 9;
  return MONTHS.findIndex((name) => name.toLowerCase() === word || name.slice(0, 3).toLowerCase() === word) + 1;
}

function weekdayOf(word: string): number {
  return WEEKDAYS.findIndex((name) => name.toLowerCase() === word || name.slice(0, 3).toLowerCase() === word);
}

/** Two digits mean the year within fifty of this one. */
function fullYear(year: number, digits: number, current: number): number {
  if (digits > 2 || year >= 100) return year;
  const guess = year + Math.floor(current / 100) * 100;
  if (guess >= current + 50) return guess - 100;
  return guess < current - 50 ? guess + 100 : guess;
}

/** Up to three numbers of which it has to be found out which is the year, the month and the day. */
class DateParts {
  readonly #text: string;
  readonly #values: number[] = [];
  readonly #digits: number[] = [];
  #monthAt = -1;
  #yearAt = -1;
  readonly #thisYear: number;
  constructor(text: string, thisYear: number) {
    this.#text = text;
    this.#thisYear = thisYear;
  }
  get length(): number {
    return this.#values.length;
  }
  add(value: string, label?: "month" | "year"): void {
    const isYear = label === "year" || value.length > 2;
    if (this.#values.length === 3 || (isYear && this.#yearAt >= 0) || (label === "month" && this.#monthAt >= 0)) {
      throw unknownFormat(this.#text);
    }
    if (label === "month") this.#monthAt = this.#values.length;
    if (isYear) this.#yearAt = this.#values.length;
    this.#values.push(Number(value));
    this.#digits.push(value.length);
  }
  resolve(): Found {
    const [a = 0, b = 0, c = 0] = this.#values;
    const found = this.#resolve(a, b, c);
    if (found.year !== undefined) {
      const at = this.#values.indexOf(found.year);
      found.year = fullYear(found.year, this.#digits[at] ?? 2, this.#thisYear);
    }
    return found;
  }
  #resolve(a: number, b: number, c: number): Found {
    const month = this.#monthAt;
    switch (this.#values.length) {
      case 0:
        return {};
      case 1:
        if (month === 0) return { month: a };
        return a > 31 || this.#yearAt === 0 ? { year: a } : { day: a };
      case 2:
        if (month >= 0) {
          const other = month === 0 ? b : a;
          const named = month === 0 ? a : b;
          return other > 31 || this.#yearAt === 1 - month
            ? { month: named, year: other }
            : { month: named, day: other };
        }
        if (a > 31 || this.#yearAt === 0) return { year: a, month: b };
        if (b > 31 || this.#yearAt === 1) return { month: a, year: b };
        return a > 12 ? { day: a, month: b } : { month: a, day: b };
      default:
        break;
    }
    if (month === 0)
      return b > 31 || this.#yearAt === 1 ? { month: a, year: b, day: c } : { month: a, day: b, year: c };
    if (month === 1)
      return a > 31 || this.#yearAt === 0 ? { year: a, month: b, day: c } : { day: a, month: b, year: c };
    if (month === 2)
      return b > 31 || this.#yearAt === 1 ? { day: a, year: b, month: c } : { year: a, day: b, month: c };
    if (a > 31 || this.#yearAt === 0) return { year: a, month: b, day: c };
    return a > 12 ? { day: a, month: b, year: c } : { month: a, day: b, year: c };
  }
}
