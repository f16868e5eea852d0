import { setTimeout as delay } from "node:timers/promises";
import type { Member } from "@squall/model";
import type { PresentMember } from "@squall/store";
import type { EngineParts } from "../parts.ts";

/**
 * Who takes part, and who does not any more.
 *
 * M1  A member writes its row again and again, which counts its beats. No clock is compared with another's: whoever looks
 *     measures, by a clock of its own that never jumps, how long a row has not changed.
 * M2  Time in which the looker itself could not look does not count. So after the database was away nobody is evicted
 *     for having been silent, only who stays silent.
 * M3  An eviction is guarded by the count of beats: of two lookers, or a looker and the member, one wins.
 * M4  A member that was evicted finds out with its next beat, is a member again, and is told that what it held may be
 *     another's by now.
 */
export interface Membership {
  /** Writes the row, and reads those of the others. */
  join(): Promise<void>;
  /** Beats and looks from now on. */
  start(): void;
  /** As last seen; this process among them once it has joined. Sorted by id. */
  present(): readonly PresentMember[];
  /** Looks now instead of soon. */
  look(): void;
  /** Milliseconds since the last beat that was written. */
  silentFor(): number;
  /** Stops beating, and removes the row when the store can be reached. */
  leave(): Promise<void>;
}

export interface MembershipNews {
  /** What this process tells about itself with each beat. */
  describe(): Member;
  /** Members came, went, or changed roles, labels or address. */
  changed(): void;
  /** This member was evicted, and is back. */
  returned(): void;
  /** Executions leased to this member that somebody wants to stop. */
  canceling(executions: readonly { readonly project: string; readonly id: string }[]): void;
  /** Who may evict: engines. */
  readonly evicts: boolean;
  /** Somebody was evicted, or left: what they held is free. */
  gone(members: readonly string[]): void;
}

export const BEAT_MS = 1_500;
const LOOK_MS = 1_000;
/** A member whose row has not changed for so long is gone. */
export const SILENT_MS = 6_000;
/** Looks further apart than this do not add up. */
const GAP_MS = 3_000;

export function createMembership(
  parts: Pick<EngineParts, "store" | "log" | "worker" | "bus">,
  news: MembershipNews,
): Membership {
  const { store, log, worker } = parts;
  const stopping = new AbortController();
  const seen = new Map<string, { beats: number; since: number }>();
  let members: readonly PresentMember[] = [];
  let lastLook = Number.NEGATIVE_INFINITY;
  let lastBeat = performance.now();
  let isMember = false;
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let loops: Promise<unknown> = Promise.resolve();
  let hurry = new AbortController();
  let beatTrouble = false;

  const beat = async (): Promise<void> => {
    const { joined, canceling } = await store.beat(news.describe());
    lastBeat = performance.now();
    if (beatTrouble) log.info({}, "this member can tell the others again that it is alive");
    beatTrouble = false;
    if (canceling.length > 0) news.canceling(canceling);
    if (joined && isMember) {
      log.warn({ worker }, "this member was taken for dead by the others, and is back; it looks what is still its own");
      news.returned();
    }
    isMember = true;
  };

  const lookOnce = async (): Promise<void> => {
    const found = [...(await store.members())].sort((a, b) => (a.id < b.id ? -1 : 1));
    const now = performance.now();
    if (now - lastLook > GAP_MS) for (const one of seen.values()) one.since = now; // M2
    lastLook = now;
    const silent: PresentMember[] = [];
    for (const one of found) {
      const known = seen.get(one.id);
      if (known === undefined || known.beats !== one.beats) seen.set(one.id, { beats: one.beats, since: now });
      else if (one.id !== worker && now - known.since >= SILENT_MS) silent.push(one);
    }
    const before = members;
    members = found;
    const gone = before.filter((one) => !found.some(({ id }) => id === one.id)).map(({ id }) => id);
    for (const id of gone) seen.delete(id);
    if (shapeOf(before) !== shapeOf(found)) news.changed();
    if (gone.length > 0) news.gone(gone);
    if (!news.evicts) return;
    for (const { id, beats, host, roles } of silent) {
      const done = await store.commit([{ kind: "member.evict", id, beats }]);
      if (!done.ok) continue; // it beat, or somebody else was first
      log.warn({ member: id, host, roles }, "a member that said nothing any more was taken out");
      parts.bus.publish({ topic: "member", change: "evict", id });
      lookAgain = true;
    }
  };

  /** One look at a time; who asks during one gets another after it. */
  const look = (): Promise<void> => {
    if (looking) {
      lookAgain = true;
      return looking;
    }
    looking = (async () => {
      try {
        do {
          lookAgain = false;
          await lookOnce();
        } while (lookAgain as boolean); // set meanwhile
      } finally {
        looking = undefined;
      }
    })();
    return looking;
  };

  const every = async (ms: number, what: () => Promise<void>, trouble: string): Promise<void> => {
    let told = false;
    while (!stopping.signal.aborted) {
      try {
        await what();
        told = false;
      } catch (error) {
        if (!told && !stopping.signal.aborted) log.error({ err: error }, trouble);
        told = true;
      }
      await delay(ms, undefined, { signal: AbortSignal.any([stopping.signal, hurry.signal]) }).catch(() => undefined);
      if (hurry.signal.aborted) hurry = new AbortController();
    }
  };

  return {
    async join() {
      await beat();
      await look();
      parts.bus.publish({ topic: "member", change: "join", id: worker });
    },
    start() {
      loops = Promise.all([
        every(
          BEAT_MS,
          async () => {
            try {
              await beat();
            } catch (error) {
              beatTrouble = true;
              throw error;
            }
          },
          "this member cannot tell the others that it is alive; trying again",
        ),
        every(LOOK_MS, look, "the members of the cluster cannot be read; trying again"),
      ]);
    },
    present: () => members,
    look: () => hurry.abort(),
    silentFor: () => performance.now() - lastBeat,
    async leave() {
      stopping.abort();
      await loops;
      try {
        await store.commit([{ kind: "member.leave", id: worker }]);
        parts.bus.publish({ topic: "member", change: "leave", id: worker });
      } catch (error) {
        log.warn({ err: error }, "this member could not sign off; the others notice within seconds");
      }
    },
  };
}

/** What others decide by. */
function shapeOf(members: readonly PresentMember[]): string {
  return JSON.stringify(members.map(({ id, roles, labels, url }) => [id, roles, labels, url]));
}
