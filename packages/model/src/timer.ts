import type { Micros } from "./time.ts";

/** What a timer does about times that passed while nobody could fire it. */
export const MISFIRE_POLICIES = ["skip", "once", "all"] as const;
export type MisfirePolicy = (typeof MISFIRE_POLICIES)[number];

/** Where a timer trigger stands; survives restarts. */
export interface TimerState {
  readonly project: string;
  /** id of the trigger */
  readonly trigger: string;
  /** The last time that was fired or deliberately passed over. */
  readonly last: Micros;
  /** The next planned time; absent when there is none (a date timer that fired). */
  readonly next?: Micros;
  readonly version: number;
}
