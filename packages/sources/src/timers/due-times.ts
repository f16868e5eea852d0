import type { Micros, MisfirePolicy } from "@squall/model";
import type { Schedule } from "./schedule.ts";

/** A planned time this late was not missed, only busy waiting. */
export const GRACE: Micros = 5_000_000;
/** The most times that `all` makes up for; older ones are passed over. */
export const MOST_MADE_UP = 1000;

export interface DueTimes {
  /** Oldest first. */
  readonly fire: readonly Micros[];
  /** The last planned time that is now behind, fired or not. */
  readonly last: Micros;
  /** More were missed than `all` makes up for. */
  readonly passedOver: boolean;
}

/**
 * Which planned times to fire at `now`, when `next` (the first after `last`) is due: `once` fires the latest for all
 * that were missed, `skip` fires it only if it is not late, `all` fires each.
 */
export function dueTimes(schedule: Schedule, policy: MisfirePolicy, last: Micros, next: Micros, now: Micros): DueTimes {
  const after = schedule.following(next);
  const latest = after !== undefined && after <= now ? schedule.latest(next, now) : next;
  if (policy === "once") return { fire: [latest], last: latest, passedOver: false };
  if (policy === "skip") return { fire: now - latest <= GRACE ? [latest] : [], last: latest, passedOver: false };
  const newest: Micros[] = [];
  let time: Micros | undefined = next;
  for (; time !== undefined && time <= now && newest.length < MOST_MADE_UP; time = schedule.following(time)) {
    newest.push(time);
  }
  if (time === undefined || time > now) return { fire: newest, last: latest, passedOver: false };
  // Too many: the newest ones count, so walk back from the latest.
  newest.length = 0;
  for (let at = latest; newest.length < MOST_MADE_UP; at = schedule.latest(last, at - 1)) newest.push(at);
  return { fire: newest.toReversed(), last: latest, passedOver: true };
}
