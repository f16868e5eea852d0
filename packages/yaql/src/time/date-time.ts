/** Dates with an offset, and lengths of time: immutable, to the microsecond. */
import { YaqlError, valueError } from "../errors.ts";
import { DAY, type Fields, floorDiv, inRange, toFields, toMicros } from "./calendar.ts";

const pad = (value: number | bigint, width: number) => String(value).padStart(width, "0");
/** Python's timedelta goes no further. */
const MAX_TIMESPAN = 1_000_000_000n * DAY;

/** Seconds of a mean year, and of as many as the calendar has. */
const YEAR = 31_556_952;
const MAX_TIMESTAMP = 8_029 * YEAR;

export class Timespan {
  static readonly ZERO = new Timespan(0n);
  readonly micros: bigint;
  constructor(micros: bigint) {
    if (micros >= MAX_TIMESPAN || micros <= -MAX_TIMESPAN) {
      throw new YaqlError("overflow", `days=${floorDiv(micros, DAY)}; must have magnitude <= 999999999`);
    }
    this.micros = micros;
  }
  /** Of microseconds with a fraction, rounded half to even. */
  static rounded(micros: number): Timespan {
    if (Number.isNaN(micros)) throw valueError("cannot convert float NaN to integer");
    if (!Number.isFinite(micros)) throw new YaqlError("overflow", "cannot convert float infinity to integer");
    return new Timespan(BigInt(roundHalfEven(micros)));
  }
  get #parts(): { days: bigint; seconds: number; micros: number } {
    const days = floorDiv(this.micros, DAY);
    const rest = Number(this.micros - days * DAY);
    return { days, seconds: Math.floor(rest / 1_000_000), micros: rest % 1_000_000 };
  }
  /** `1 day, 2:00:00` */
  toString(): string {
    const { days, seconds, micros } = this.#parts;
    const clock = `${Math.floor(seconds / 3_600)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
    const text = micros === 0 ? clock : `${clock}.${pad(micros, 6)}`;
    if (days === 0n) return text;
    return `${days} day${days === 1n || days === -1n ? "" : "s"}, ${text}`;
  }
  repr(): string {
    const { days, seconds, micros } = this.#parts;
    const parts = [
      days !== 0n && `days=${days}`,
      seconds !== 0 && `seconds=${seconds}`,
      micros !== 0 && `microseconds=${micros}`,
    ];
    return `datetime.timedelta(${parts.filter(Boolean).join(", ") || "0"})`;
  }
  toJSON(): string {
    return this.toString();
  }
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

export class DateTime {
  /** Microseconds since 1970 by the clock on the wall. */
  readonly local: bigint;
  /** How far that clock is ahead of UTC, in microseconds. */
  readonly offset: bigint;
  constructor(local: bigint, offset = 0n) {
    if (offset <= -DAY || offset >= DAY) {
      throw valueError(
        `offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not ${new Timespan(offset).repr()}.`,
      );
    }
    this.local = inRange(local);
    this.offset = offset;
  }
  static of(fields: Fields, offset = 0n): DateTime {
    return new DateTime(toMicros(fields), offset);
  }
  static fromMillis(millis: number): DateTime {
    return new DateTime(BigInt(Math.round(millis)) * 1_000n);
  }
  /** Of seconds since 1970. */
  static fromTimestamp(seconds: number, offset: bigint): DateTime {
    const whole = Math.floor(seconds);
    if (!Number.isFinite(whole)) throw valueError("cannot convert float NaN to integer");
    if (Math.abs(whole) > MAX_TIMESTAMP) throw valueError(`year ${1970 + Math.floor(whole / YEAR)} is out of range`);
    const micros = BigInt(whole) * 1_000_000n + BigInt(roundHalfEven((seconds - whole) * 1e6));
    return new DateTime(micros + offset, offset);
  }
  /** Microseconds since 1970 in UTC. */
  get instant(): bigint {
    return this.local - this.offset;
  }
  get fields(): ReturnType<typeof toFields> {
    return toFields(this.local);
  }
  plus(micros: bigint): DateTime {
    return new DateTime(this.local + micros, this.offset);
  }
  /** `2015-09-29T00:00:00+00:00` */
  iso(separator = "T"): string {
    const { year, month, day, hour, minute, second, microsecond } = this.fields;
    const fraction = microsecond === 0 ? "" : `.${pad(microsecond, 6)}`;
    const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
    return `${date}${separator}${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${fraction}${offsetText(this.offset, ":")}`;
  }
  toString(): string {
    return this.iso(" ");
  }
  repr(): string {
    const { year, month, day, hour, minute, second, microsecond } = this.fields;
    const clock = [
      hour,
      minute,
      ...(second === 0 && microsecond === 0 ? [] : [second]),
      ...(microsecond === 0 ? [] : [microsecond]),
    ];
    const zone = this.offset === 0n ? "tzutc()" : `tzoffset(None, ${this.offset / 1_000_000n})`;
    return `datetime.datetime(${[year, month, day, ...clock].join(", ")}, tzinfo=${zone})`;
  }
  toJSON(): string {
    return this.iso();
  }
}

/** `+02:00`, with seconds and their fraction where there are any. */
export function offsetText(offset: bigint, separator: string): string {
  const size = Number(offset < 0n ? -offset : offset);
  const seconds = Math.floor(size / 1_000_000);
  const micros = size % 1_000_000;
  const parts = [pad(Math.floor(seconds / 3_600), 2), pad(Math.floor(seconds / 60) % 60, 2)];
  if (seconds % 60 !== 0 || micros !== 0) parts.push(pad(seconds % 60, 2));
  return `${offset < 0n ? "-" : "+"}${parts.join(separator)}${micros === 0 ? "" : `.${pad(micros, 6)}`}`;
}
