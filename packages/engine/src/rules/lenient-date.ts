import { type Micros, parseMicros } from "@squall/model";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const FILLERS = new Set(["t", "at", "on", "and", "of", "ad", "st", "nd", "rd", "th", "m", "utc", "gmt", "z"]);
const TIME = /(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?\s*([ap]\.?m\.?(?![a-z]))?/;
const HOUR = /(?<!\d)(\d{1,2})\s*([ap]\.?m\.?(?![a-z]))/;
/** Right after a time only: `10:11 2024-01-05` has no zone in it. */
const OFFSET = /^\s*(utc|gmt)?\s*([+-])(\d{1,2}):?(\d{2})?(?!\d)/;
/** Longer texts are not dates. */
const LONGEST = 100;

/**
 * Reads a date the way people and programs write them, as Python's dateutil does for StackStorm: ISO 8601 and its
 * compact forms, RFC 2822, `Jan 5, 2024 10:00 PM`, `5 January`, `01/31/2024` (month first where both could be),
 * `10:30`. What is not said is taken from the day of `now`, at midnight; without a zone it is UTC. Undefined if it
 * is no date.
 */
export function parseLenientDate(text: string, now: Micros): Micros | undefined {
  const iso = parseMicros(text);
  // JavaScript takes hour 24 for the next day's midnight.
  if (iso !== undefined) return /[T ]24:/.test(text) ? undefined : iso;
  if (text.length > LONGEST || text.trim() === "") return undefined;
  let rest = spreadCompact(text.trim().toLowerCase());

  const clock = readClock(rest);
  if (clock === "wrong") return undefined;
  if (clock) rest = clock.rest;
  const date = readDate(rest, clock !== undefined, new Date(now / 1000));
  if (!date) return undefined;
  const millis = Date.UTC(date.year, date.month, date.day);
  const found = new Date(millis);
  if (found.getUTCMonth() !== date.month || found.getUTCDate() !== date.day) return undefined;
  return millis * 1000 + (clock?.micros ?? 0) - (clock?.offsetMinutes ?? 0) * 60_000_000;
}

/** `20240105T101112` and `20240105101112` as `2024-01-05 10:11:12`. */
function spreadCompact(text: string): string {
  return text.replace(
    /^(\d{4})(\d{2})(\d{2})(?:[t ]?(\d{2})(\d{2})(\d{2})?)?(?!\d)/,
    (_, year, month, day, hour, minute, second) =>
      `${year}-${month}-${day}${hour ? ` ${hour}:${minute}${second ? `:${second}` : ""}` : ""}`,
  );
}

interface Clock {
  readonly micros: number;
  readonly offsetMinutes: number;
  /** The text without what was read. */
  readonly rest: string;
}

function readClock(text: string): Clock | "wrong" | undefined {
  const match = TIME.exec(text) ?? HOUR.exec(text);
  if (!match) return undefined;
  const withMinutes = match[0].includes(":");
  const half = (withMinutes ? match[5] : match[2])?.[0];
  let hour = Number(match[1]);
  const minute = withMinutes ? Number(match[2]) : 0;
  const second = withMinutes ? Number(match[3] ?? 0) : 0;
  if (half && (hour < 1 || hour > 12)) return "wrong";
  if (half) hour = (hour % 12) + (half === "p" ? 12 : 0);
  if (hour > 23 || minute > 59 || second > 59) return "wrong";
  const fraction = withMinutes ? Number((match[4] ?? "").slice(0, 6).padEnd(6, "0")) : 0;
  const before = text.slice(0, match.index);
  let after = text.slice(match.index + match[0].length);
  let offsetMinutes = 0;
  const offset = OFFSET.exec(after);
  if (offset) {
    // +05 are hours, +0530 hours and minutes; UTC+3 is what must be added to reach UTC, as dateutil reads it.
    const sign = (offset[2] === "-") === (offset[1] === undefined) ? -1 : 1;
    offsetMinutes = sign * (Number(offset[3]) * 60 + Number(offset[4] ?? 0));
    after = after.slice(offset[0].length).replace(/^\s*\([a-z]+\)/, "");
  }
  return {
    micros: ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction,
    offsetMinutes,
    rest: `${before} ${after}`,
  };
}

interface Day {
  readonly year: number;
  /** from 0 */
  readonly month: number;
  readonly day: number;
}

function readDate(text: string, hasClock: boolean, today: Date): Day | undefined {
  const words = text.match(/[a-z]+|\d+/g) ?? [];
  if (/[^a-z0-9\s,.;:/'()-]/.test(text)) return undefined;
  if (words.length === 0 && !hasClock) return undefined;
  const numbers: string[] = [];
  let month: number | undefined;
  let weekday: number | undefined;
  for (const word of words) {
    if (/^\d/.test(word)) numbers.push(word);
    else if (FILLERS.has(word)) continue;
    else {
      const named = nameIndex(MONTHS, word, LONG_MONTHS);
      const dayName = nameIndex(WEEKDAYS, word, LONG_WEEKDAYS);
      if (named >= 0 && month === undefined) month = named;
      else if (dayName >= 0 && weekday === undefined) weekday = dayName;
      else return undefined;
    }
  }
  if (numbers.length > (month === undefined ? 3 : 2) || numbers.some((number) => number.length > 4)) return undefined;
  const day = arrange(numbers, month, today);
  if (!day || weekday === undefined || numbers.length > 0 || month !== undefined) return day;
  // A weekday alone is the next one, today included.
  const ahead = (weekday - ((today.getUTCDay() + 6) % 7) + 7) % 7;
  const next = new Date(Date.UTC(day.year, day.month, day.day + ahead));
  return { year: next.getUTCFullYear(), month: next.getUTCMonth(), day: next.getUTCDate() };
}

const LONG_MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const LONG_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

function nameIndex(short: readonly string[], word: string, long: readonly string[]): number {
  return word === "sept" && short === MONTHS ? 8 : Math.max(short.indexOf(word), long.indexOf(word));
}

/** Decides which number is the year, the month and the day. */
function arrange(numbers: readonly string[], named: number | undefined, today: Date): Day | undefined {
  const isYear = (text: string): boolean => text.length > 2 || Number(text) > 31;
  let yearText: string | undefined;
  let others = numbers;
  const yearAt = numbers.findIndex(isYear);
  if (yearAt >= 0) {
    yearText = numbers[yearAt];
    others = numbers.filter((_, at) => at !== yearAt);
    if (others.some(isYear)) return undefined;
  } else if (numbers.length === (named === undefined ? 3 : 2)) {
    yearText = numbers.at(-1);
    others = numbers.slice(0, -1);
  }
  let month = named ?? today.getUTCMonth();
  let day = others.length === 0 ? today.getUTCDate() : Number(others.at(-1));
  if (named === undefined && others.length === 2) {
    const [first, second] = [Number(others[0]), Number(others[1])];
    const dayFirst = first > 12 && yearAt !== 0;
    month = (dayFirst ? second : first) - 1;
    day = dayFirst ? first : second;
  } else if (named === undefined && yearText !== undefined && others.length === 1) {
    month = Number(others[0]) - 1;
    day = today.getUTCDate();
  }
  const year = yearText === undefined ? today.getUTCFullYear() : fullYear(yearText, today);
  if (month < 0 || month > 11 || day < 1) return undefined;
  // A day that was not said gives way to a shorter month; one that was said is checked by the caller.
  const dayWasSaid = named !== undefined ? others.length > 0 : others.length !== 1 || yearText === undefined;
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return { year, month, day: dayWasSaid ? day : Math.min(day, last) };
}

/** Two digits mean the year of that ending within 50 years of today. */
function fullYear(text: string, today: Date): number {
  const year = Number(text);
  if (text.length > 2) return year;
  const full = year + Math.floor(today.getUTCFullYear() / 100) * 100;
  if (full >= today.getUTCFullYear() + 50) return full - 100;
  return full < today.getUTCFullYear() - 50 ? full + 100 : full;
}
