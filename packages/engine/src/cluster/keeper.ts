import { setTimeout as delay } from "node:timers/promises";
import type { Core } from "../core.ts";
import type { Dispatch } from "../executions/dispatch.ts";
import type { InquiriesWithin } from "../inquiries/inquiries.ts";
import { settleLost } from "../recover.ts";
import type { Workflows } from "../workflows/workflows.ts";

/**
 * The books of a cluster: what members that are gone left is settled, and workflows and questions are somebody's. Every engine
 * does all of it; guards make that each thing happens once.
 */
export interface Keeper {
  /** Takes up what is there. Answers what begins workflows that had not begun: for when slots are given out. */
  start(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Changes of members say when there is something to do; this is for what was missed, and for the time between. */
const LOOK_MS = 10_000;

export function createKeeper(
  core: Core,
  {
    dispatch,
    workflows,
    inquiries,
    projects,
  }: {
    readonly dispatch: Dispatch;
    readonly workflows: Workflows;
    readonly inquiries: InquiriesWithin;
    projects(): readonly string[];
  },
): Keeper {
  const { parts, cluster } = core;
  const stopping = new AbortController();
  let soon = Promise.withResolvers<void>();
  let loop: Promise<void> = Promise.resolve();
  /** Shards whose workflows were taken up. */
  let taken = new Set<number>();

  const settle = async (): Promise<void> => {
    const settled = await settleLost(core, dispatch);
    if (settled > 0) parts.log.warn({ executions: settled }, "executions of a process that is gone were settled");
  };
  const takeUp = async (): Promise<() => Promise<void>> => {
    const shards = cluster.shards();
    const fresh = shards.filter((shard) => !taken.has(shard));
    if (fresh.length === 0) {
      taken = new Set(shards);
      return async () => undefined;
    }
    const begin = await workflows.recover(projects(), fresh);
    taken = new Set(shards);
    return begin;
  };
  const round = async (): Promise<void> => {
    await settle();
    const begin = await takeUp();
    await begin();
    await inquiries.recover(projects());
  };
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const timer = new AbortController();
      const until = AbortSignal.any([stopping.signal, timer.signal]);
      await Promise.race([soon.promise, delay(LOOK_MS, undefined, { signal: until }).catch(() => undefined)]);
      timer.abort();
      if (stopping.signal.aborted) return;
      soon = Promise.withResolvers();
      try {
        await round();
      } catch (error) {
        parts.log.error({ err: error }, "what members that are gone left could not be settled; trying again");
        await delay(1_000, undefined, { signal: stopping.signal }).catch(() => undefined);
        soon.resolve();
      }
    }
  };

  return {
    async start() {
      await settle();
      const begin = await takeUp();
      await inquiries.recover(projects());
      if (!cluster.alone) {
        cluster.on({ changed: () => soon.resolve(), gone: () => soon.resolve() });
        loop = work();
      }
      return begin;
    },
    async close() {
      stopping.abort();
      soon.resolve();
      await loop;
    },
  };
}
