import type { CronSpec } from "./cron-fields.ts";
import { nextWall } from "./wall-clock.ts";
import { changeNear, timeOf, type Zone } from "./zone.ts";

/** The first time (milliseconds, whole seconds) at or after `from` at which a cron timer fires; undefined if never. */
export function nextCronTime(spec: CronSpec, zone: Zone, from: number): number | undefined {
  const start = Math.ceil(from / 1000) * 1000;
  return spec.everyHour ? byElapsedTime(spec, zone, start) : byWallClock(spec, zone, start);
}

const DAY = 86_400_000;

/**
 * Timers of every hour go by elapsed time: no reading of the clocks counts when it is left out, and one that is
 * repeated counts twice. So "every 15 minutes" stays every 15 minutes through both changes.
 */
function byElapsedTime(spec: CronSpec, zone: Zone, from: number): number | undefined {
  let start = from;
  for (;;) {
    const offset = zone.offset(start);
    const wall = nextWall(spec, start + offset);
    if (wall === undefined) return undefined;
    const time = wall - offset;
    // Far away the clocks may have changed and changed back: look again from nearby.
    if (time - start > 2 * DAY) {
      start = time - DAY;
      continue;
    }
    const change = zone.change(start, time);
    if (!change) return time;
    start = change.at;
  }
}

/**
 * Timers of certain hours go by the clock on the wall and fire once for each reading (see `timeOf`), so that a daily
 * job runs daily. Readings come in the order of their times except about a change of the clocks.
 */
function byWallClock(spec: CronSpec, zone: Zone, from: number): number | undefined {
  const reading = from + zone.offset(from);
  const change = changeNear(zone, reading);
  const times: number[] = [];
  const consider = (wall: number | undefined): void => {
    if (wall === undefined) return;
    const time = timeOf(zone, wall);
    if (time >= from) times.push(time);
  };
  let start = reading;
  if (change) {
    const jump = change.after - change.before;
    // Before the clocks go back, the readings to be repeated count when they come again.
    if (jump < 0 && from < change.at && from >= change.at + jump) start = change.at + change.after;
    // Just after they went forward, the readings left out are still to come.
    if (jump > 0 && from >= change.at && from < change.at + jump) {
      const leftOut = nextWall(spec, from + change.before);
      if (leftOut !== undefined && leftOut < change.at + change.after) consider(leftOut);
    }
  }
  const wall = nextWall(spec, start);
  consider(wall);
  const ahead = wall === undefined ? undefined : changeNear(zone, wall);
  if (wall !== undefined && ahead && ahead.after > ahead.before) {
    // A reading left out comes together with one after the gap; that one may be sooner.
    const end = ahead.at + ahead.after;
    if (wall >= ahead.at + ahead.before && wall < end) consider(nextWall(spec, end));
  }
  return times.length === 0 ? undefined : Math.min(...times);
}
