import { IANAZone } from "luxon";
import type { Wall } from "./wall-clock.ts";

/** A time zone as far as schedules need it. Times are milliseconds since 1970. */
export interface Zone {
  /** What the clocks show beyond UTC, in milliseconds. */
  offset(time: number): number;
  /** The change of the clocks between two times that show different offsets; they are at most two days apart. */
  change(from: number, to: number): Change | undefined;
}

/** Clocks jump from `before` to `after` at the time `at`. */
export interface Change {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

export function isZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

export function zoneOf(name: string): Zone {
  const zone = IANAZone.create(name);
  const offset = (time: number): number => Math.round(zone.offset(time) * 60_000);
  return {
    offset,
    change(from, to) {
      const before = offset(from);
      const after = offset(to);
      if (before === after) return undefined;
      let low = from;
      let high = to;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (offset(middle) === before) low = middle;
        else high = middle;
      }
      return { at: high, before, after };
    },
  };
}

const DAY = 86_400_000;

/** The change of the clocks within a day of a reading of them. */
export function changeNear(zone: Zone, wall: Wall): Change | undefined {
  // Offsets are at most 14 hours, so a day and a half in UTC is around the reading whatever the zone.
  return zone.change(wall - 1.5 * DAY, wall + 1.5 * DAY);
}

/**
 * When the clocks show a reading. One that is left out in spring or repeated in autumn counts by standard time, as
 * with APScheduler: the left-out 02:30 is 03:30 summer time, of the repeated 02:30 it is the second.
 */
export function timeOf(zone: Zone, wall: Wall): number {
  const change = changeNear(zone, wall);
  if (!change) return wall - zone.offset(wall);
  const lesser = Math.min(change.before, change.after);
  const greater = Math.max(change.before, change.after);
  if (wall < change.at + lesser) return wall - change.before;
  if (wall >= change.at + greater) return wall - change.after;
  return wall - lesser;
}
