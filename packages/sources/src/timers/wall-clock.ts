import type { CronSpec } from "./cron-fields.ts";

/**
 * A reading of a clock on the wall: milliseconds as if that reading were UTC. Plain numbers, so that readings can be
 * compared and searched without a time zone, even readings that a change of the clocks leaves out or repeats.
 */
export type Wall = number;

/** The Gregorian calendar repeats after this; what has not come by then never will. */
const CALENDAR_YEARS = 400;
const DAY = 86_400_000;

/** The first reading at or after `from` (whole seconds) that all fields allow; undefined when there is none. */
export function nextWall(spec: CronSpec, from: Wall): Wall | undefined {
  const start = new Date(from);
  const startDay = Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate());
  for (const day of days(spec, start)) {
    const within = day === startDay ? Math.floor((from - startDay) / 1000) : 0;
    const second = nextSecond(spec, within);
    if (second !== undefined) return day + second * 1000;
  }
  return undefined;
}

/** The midnights of the allowed days from the day of `start` on. */
function* days({ sets, namedDays }: CronSpec, start: Date): Generator<Wall> {
  const firstYear = start.getUTCFullYear();
  const months = sorted(sets.month);
  for (const year of sorted(sets.year)) {
    if (year < firstYear) continue;
    if (year > firstYear + CALENDAR_YEARS) return;
    for (const month of months) {
      if (year === firstYear && month < start.getUTCMonth() + 1) continue;
      const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
      const firstWeekday = weekdayOf(Date.UTC(year, month - 1, 1));
      const extra = namedDays.map((named) => named(firstWeekday, lastDay)).filter((day) => day !== undefined);
      for (const day of sorted(new Set([...sets.day, ...extra]))) {
        if (day > lastDay) break;
        if (year === firstYear && month === start.getUTCMonth() + 1 && day < start.getUTCDate()) continue;
        const midnight = Date.UTC(year, month - 1, day);
        if (sets.day_of_week.has(weekdayOf(midnight)) && sets.week.has(isoWeek(midnight))) yield midnight;
      }
    }
  }
}

/** The first allowed second of a day at or after `from`. */
function nextSecond({ sets }: CronSpec, from: number): number | undefined {
  for (const hour of sorted(sets.hour)) {
    if ((hour + 1) * 3600 <= from) continue;
    for (const minute of sorted(sets.minute)) {
      const base = hour * 3600 + minute * 60;
      if (base + 60 <= from) continue;
      const second = sorted(sets.second).find((one) => base + one >= from);
      if (second !== undefined) return base + second;
    }
  }
  return undefined;
}

/** 0 is Monday. */
function weekdayOf(midnight: Wall): number {
  return (new Date(midnight).getUTCDay() + 6) % 7;
}

/** ISO 8601: week 1 holds the year's first Thursday. */
function isoWeek(midnight: Wall): number {
  const thursday = midnight + (3 - weekdayOf(midnight)) * DAY;
  const newYear = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return 1 + Math.floor((thursday - newYear) / DAY / 7);
}

const order = new WeakMap<ReadonlySet<number>, readonly number[]>();

function sorted(set: ReadonlySet<number>): readonly number[] {
  let values = order.get(set);
  if (!values) {
    values = [...set].sort((left, right) => left - right);
    order.set(set, values);
  }
  return values;
}
