const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** A process that was up for this long was well: the next failure is a first one again. */
export const WELL_AFTER_MS = 30_000;

/**
 * Milliseconds before a sensor is started again, after this many failures in a row (1 is the first): twice as long each
 * time, up to a minute, for ever. StackStorm gives up after two; a sensor that is down for a network that is down should
 * come back with it. A quarter of it is left to chance (`random` is 0 to 1), so that many do not come back at once.
 */
export function backOff(failures: number, random: number): number {
  const whole = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 16), LONGEST_MS);
  return Math.round(whole * (0.75 + random / 4));
}
