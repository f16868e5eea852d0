import type { Context } from "../context.ts";
import { type Numeric, toDouble, isInteger, zeroDivision } from "../numbers.ts";
import { YaqlError } from "../errors.ts";
import type { FunctionDefinition } from "../signature.ts";
import { float, int } from "../values.ts";
import { DAY, floorDiv } from "../time/calendar.ts";
import { DateTime, Timespan } from "../time/date-time.ts";
import { formatDate, parseFormatted } from "../time/format.ts";
import { parseDate } from "../time/parse.ts";
import { fn, method } from "./define.ts";

const offsetOf = (timespan: Timespan | null | undefined): bigint => timespan?.micros ?? 0n;
/** What Python passes to C; nothing larger can be a part of a date. */
function small(value: number | bigint | boolean): number {
  const number = Number(value);
  if (Math.abs(number) > 2 ** 63) throw new YaqlError("overflow", "Python int too large to convert to C int");
  if (number > 2 ** 31 - 1) throw new YaqlError("overflow", "signed integer is greater than maximum");
  if (number < -(2 ** 31)) throw new YaqlError("overflow", "signed integer is less than minimum");
  return number;
}
const whole = (value: number | bigint | boolean): bigint => BigInt(value);

/** The time zone of this machine at a moment, in microseconds ahead of UTC. */
const localOffset = (now: number): bigint => BigInt(-new Date(now).getTimezoneOffset()) * 60_000_000n;

const property = (name: string, type: "datetime" | "timespan", read: (value: never) => unknown): FunctionDefinition =>
  fn(`#property#${name}(obj: ${type})`, (_context, value) => read(value as never));

const field = (name: "year" | "month" | "day" | "hour" | "minute" | "second" | "microsecond" | "weekday") =>
  property(name, "datetime", (date: DateTime) => date.fields[name]);

const total = (name: string, unit: number) =>
  property(name, "timespan", ({ micros }: Timespan) => float(Number(micros) / unit));

const midnight = (date: DateTime): DateTime => new DateTime(floorDiv(date.local, DAY) * DAY, date.offset);

function scaled(timespan: Timespan, factor: Numeric): Timespan {
  if (isInteger(factor)) return new Timespan(timespan.micros * BigInt(factor));
  return Timespan.rounded(Number(timespan.micros) * toDouble(factor));
}

function divided(timespan: Timespan, by: Numeric): Timespan {
  const divisor = toDouble(by);
  if (divisor === 0) throw zeroDivision(isInteger(by) ? "division by zero" : "float division by zero");
  return Timespan.rounded(Number(timespan.micros) / divisor);
}

function replaced(_context: Context, date: DateTime, ...parts: unknown[]): DateTime {
  const names = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
  const given = Object.fromEntries(
    names.flatMap((name, i) => (parts[i] === null ? [] : [[name, small(parts[i] as number)]])),
  );
  const offset = parts[7] as Timespan | null; // the signature says so
  return DateTime.of({ ...date.fields, ...given }, offset === null ? date.offset : offset.micros);
}

function comparison(operator: string, holds: (order: bigint) => boolean): FunctionDefinition[] {
  return [
    fn(`#operator_${operator}(left: datetime, right: datetime)`, (_context, a: DateTime, b: DateTime) =>
      holds(a.instant - b.instant),
    ),
    fn(`#operator_${operator}(left: timespan, right: timespan)`, (_context, a: Timespan, b: Timespan) =>
      holds(a.micros - b.micros),
    ),
  ];
}

export const DATES: readonly FunctionDefinition[] = [
  fn(
    "datetime(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0, offset: timespan = null)",
    (_context, year, month, day, hour, minute, second, microsecond, offset) => {
      const numbers = { year, month, day, hour, minute, second, microsecond };
      const fields = Object.fromEntries(
        Object.entries(numbers).map(([name, value]) => [name, small(value)]),
      ) as typeof numbers;
      return DateTime.of(fields, offsetOf(offset));
    },
  ),
  fn("datetime(timestamp: number, offset: timespan = null)", (_context, timestamp, offset) =>
    DateTime.fromTimestamp(toDouble(timestamp), offsetOf(offset)),
  ),
  fn("datetime(string: string, format: string? = null)", ({ run }, text, format) =>
    format === null || format === "" ? parseDate(text, run.now()) : parseFormatted(text, format),
  ),
  fn(
    "timespan(days: int = 0, hours: int = 0, minutes: int = 0, seconds: integer = 0, milliseconds: integer = 0, microseconds: integer = 0)",
    (_context, days, hours, minutes, seconds, milliseconds, microseconds) =>
      new Timespan(
        (((whole(days) * 24n + whole(hours)) * 60n + whole(minutes)) * 60n + whole(seconds)) * 1_000_000n +
          whole(milliseconds) * 1_000n +
          whole(microseconds),
      ),
  ),
  fn("now(offset: timespan? = null)", ({ run }, offset) => DateTime.fromTimestamp(run.now() / 1_000, offsetOf(offset))),
  fn("localtz()", ({ run }) => new Timespan(localOffset(run.now()))),
  fn("utctz()", () => Timespan.ZERO),
  field("year"),
  field("month"),
  field("day"),
  field("hour"),
  field("minute"),
  field("second"),
  field("microsecond"),
  field("weekday"),
  property("date", "datetime", midnight),
  property("time", "datetime", (date: DateTime) => new Timespan(date.local - midnight(date).local)),
  property("offset", "datetime", (date: DateTime) => new Timespan(date.offset)),
  // The clock is set back but the offset stays, so that it applies twice: as in the original.
  property("utc", "datetime", (date: DateTime) => date.plus(-date.offset)),
  property("timestamp", "datetime", (date: DateTime) => float(Number(date.instant - date.offset) / 1e6)),
  total("days", 86_400_000_000),
  total("hours", 3_600_000_000),
  total("minutes", 60_000_000),
  total("seconds", 1_000_000),
  total("milliseconds", 1_000),
  property("microseconds", "timespan", ({ micros }: Timespan) => int(micros)),
  fn("#operator_+(dt: datetime, ts: timespan)", (_context, dt: DateTime, ts: Timespan) => dt.plus(ts.micros)),
  fn("#operator_+(ts: timespan, dt: datetime)", (_context, ts: Timespan, dt: DateTime) => dt.plus(ts.micros)),
  fn(
    "#operator_+(ts1: timespan, ts2: timespan)",
    (_context, a: Timespan, b: Timespan) => new Timespan(a.micros + b.micros),
  ),
  fn("#operator_-(dt: datetime, ts: timespan)", (_context, dt: DateTime, ts: Timespan) => dt.plus(-ts.micros)),
  fn(
    "#operator_-(dt1: datetime, dt2: datetime)",
    (_context, a: DateTime, b: DateTime) => new Timespan(a.instant - b.instant),
  ),
  fn(
    "#operator_-(ts1: timespan, ts2: timespan)",
    (_context, a: Timespan, b: Timespan) => new Timespan(a.micros - b.micros),
  ),
  fn("#operator_*(ts: timespan, n: number)", (_context, ts, n) => scaled(ts, n)),
  fn("#operator_*(n: number, ts: timespan)", (_context, n, ts) => scaled(ts, n)),
  fn("#operator_/(ts1: timespan, ts2: timespan)", (_context, a: Timespan, b: Timespan) => {
    if (b.micros === 0n) throw zeroDivision("float division by zero");
    return float(Number(a.micros) / Number(b.micros));
  }),
  fn("#operator_/(ts: timespan, n: number)", (_context, ts, n) => divided(ts, n)),
  fn("#unary_operator_+(ts: timespan)", (_context, ts) => ts),
  fn("#unary_operator_-(ts: timespan)", (_context, ts: Timespan) => new Timespan(-ts.micros)),
  ...comparison("<", (order) => order < 0n),
  ...comparison("<=", (order) => order <= 0n),
  ...comparison(">", (order) => order > 0n),
  ...comparison(">=", (order) => order >= 0n),
  method(
    "replace(dt: datetime, year: int? = null, month: int? = null, day: int? = null, hour: int? = null, minute: int? = null, second: int? = null, microsecond: int? = null, offset: timespan? = null)",
    replaced,
  ),
  method("format(dt: datetime, format: string)", (_context, date: DateTime, format: string) =>
    formatDate(date, format),
  ),
  fn("isDatetime(value: any)", (_context, value) => value instanceof DateTime),
  fn("isTimespan(value: any)", (_context, value) => value instanceof Timespan),
];
