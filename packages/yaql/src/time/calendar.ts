/** The proleptic Gregorian calendar, years 1 to 9999. */
import { YaqlError, valueError } from "../errors.ts";

export const DAY = 86_400_000_000n;
export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
]; // prettier-ignore
export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

export interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

export const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

export function daysInMonth(year: number, month: number): number {
  return month === 2 ? (isLeapYear(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days since 1970-01-01. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return Math.round(date.getTime() / 86_400_000);
}

/** Microseconds since 1970, by the clock on the wall. Throws YaqlError when there is no such time. */
export function toMicros(fields: Fields): bigint {
  const { year, month, day, hour, minute, second, microsecond } = fields;
  if (year < 1 || year > 9999) throw valueError(`year ${year} is out of range`);
  if (month < 1 || month > 12) throw valueError("month must be in 1..12");
  if (day < 1 || day > daysInMonth(year, month)) throw valueError("day is out of range for month");
  if (hour < 0 || hour > 23) throw valueError("hour must be in 0..23");
  if (minute < 0 || minute > 59) throw valueError("minute must be in 0..59");
  if (second < 0 || second > 59) throw valueError("second must be in 0..59");
  if (microsecond < 0 || microsecond > 999_999) throw valueError("microsecond must be in 0..999999");
  const seconds = daysFromCivil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
  return BigInt(seconds) * 1_000_000n + BigInt(microsecond);
}

const FIRST = toMicrosOfYear(1);
const AFTER_LAST = toMicrosOfYear(10_000);
function toMicrosOfYear(year: number): bigint {
  return BigInt(daysFromCivil(year, 1, 1)) * DAY;
}

/** The time itself when it is one the calendar has. */
export function inRange(micros: bigint): bigint {
  if (micros < FIRST || micros >= AFTER_LAST) throw new YaqlError("overflow", "date value out of range");
  return micros;
}

export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

export function toFields(micros: bigint): Fields & { readonly weekday: number; readonly yearDay: number } {
  const days = Number(floorDiv(micros, DAY));
  const rest = Number(micros - BigInt(days) * DAY);
  const date = new Date(days * 86_400_000);
  const year = date.getUTCFullYear();
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: Math.floor(rest / 3_600_000_000),
    minute: Math.floor(rest / 60_000_000) % 60,
    second: Math.floor(rest / 1_000_000) % 60,
    microsecond: rest % 1_000_000,
    weekday: (date.getUTCDay() + 6) % 7,
    yearDay: days - daysFromCivil(year, 1, 1) + 1,
  };
}
