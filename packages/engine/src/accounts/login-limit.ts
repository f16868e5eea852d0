import { TooMany } from "@squall/model";

/**
 * Failed logins are counted per user and per origin, so that neither one account nor one address can be tried at will.
 * A try counts as failed from its beginning, or many at once would all be let in before the first one failed.
 */
export interface LoginLimit {
  /** Throws TooMany when the user or the origin failed too often lately; else the try is counted. */
  attempt(user: string, origin: string, nowMs: number): void;
  /** Takes back that the try failed, and for the user those before it. */
  succeeded(user: string, origin: string): void;
}

const FREE_TRIES = { user: 5, origin: 20 } as const;
/** After the free tries each failure doubles the wait, from a second up to this. */
const LONGEST_WAIT_MS = 15 * 60_000;
/** A count is forgotten when nothing failed for this long. */
const FORGET_MS = 30 * 60_000;
const MOST_COUNTS = 10_000;

interface Count {
  failures: number;
  last: number;
}

export function createLoginLimit(): LoginLimit {
  const counts = new Map<string, Count>();
  const wait = (key: string, free: number, nowMs: number): number => {
    const count = counts.get(key);
    if (!count) return 0;
    if (nowMs - count.last > FORGET_MS) {
      counts.delete(key);
      return 0;
    }
    if (count.failures < free) return 0;
    const pause = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.min(count.failures - free, 20));
    return Math.max(0, count.last + pause - nowMs);
  };
  const add = (key: string, nowMs: number) => {
    const count = counts.get(key) ?? { failures: 0, last: nowMs };
    count.failures++;
    count.last = nowMs;
    counts.delete(key);
    counts.set(key, count);
    if (counts.size > MOST_COUNTS) counts.delete(counts.keys().next().value as string);
  };
  return {
    attempt(user, origin, nowMs) {
      const ms = Math.max(
        wait(`user ${user}`, FREE_TRIES.user, nowMs),
        wait(`origin ${origin}`, FREE_TRIES.origin, nowMs),
      );
      if (ms === 0) {
        add(`user ${user}`, nowMs);
        add(`origin ${origin}`, nowMs);
        return;
      }
      const seconds = Math.ceil(ms / 1000);
      throw new TooMany("login.too-many", {
        message: `too many failed logins; try again in ${seconds} s`,
        fields: { retryAfterSeconds: seconds },
      });
    },
    succeeded(user, origin) {
      counts.delete(`user ${user}`);
      const count = counts.get(`origin ${origin}`);
      if (count) count.failures--;
    },
  };
}
