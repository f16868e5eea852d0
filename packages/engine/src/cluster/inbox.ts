import { setTimeout as delay } from "node:timers/promises";
import type { Told } from "@squall/store";
import type { Core } from "../core.ts";

/**
 * What other members told the workflows that are this one's: rows in the store, taken up in order, each gone with the
 * commit of what came of it.
 */
export interface Inbox {
  start(): void;
  close(): Promise<void>;
}

/** A message on the bus says when to look; this is for those that were lost. */
const LOOK_MS = 1_000;
const MOST = 1_000;

/** `hear` resolves once the row is seen to, whatever came of it; when it rejects, the row is taken up again later. */
export function createInbox(core: Core, hear: (told: Told) => Promise<void>): Inbox {
  const { parts, cluster } = core;
  const stopping = new AbortController();
  /** Being seen to: still in the store, and not to be taken up again. */
  const underWay = new Set<string>();
  let soon = Promise.withResolvers<void>();
  let loop: Promise<void> = Promise.resolve();
  let hears: (() => void) | undefined;

  const take = async (): Promise<boolean> => {
    const shards = cluster.shards();
    if (shards.length === 0) return false;
    const rows = await parts.store.told(shards, MOST + underWay.size);
    const fresh = rows.filter(({ id }) => !underWay.has(id));
    for (const told of fresh) {
      underWay.add(told.id);
      hear(told)
        .catch((error: unknown) => {
          if (stopping.signal.aborted) return;
          parts.log.error(
            { execution: told.execution, err: error },
            "what was told to a workflow could not be taken up; trying again",
          );
        })
        .finally(() => underWay.delete(told.id));
    }
    return fresh.length >= MOST;
  };

  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      soon = Promise.withResolvers();
      let more = false;
      try {
        more = await take();
      } catch (error) {
        if (!stopping.signal.aborted) {
          parts.log.error({ err: error }, "what was told to workflows cannot be read; trying again");
        }
      }
      if (more) continue;
      const timer = new AbortController();
      const until = AbortSignal.any([stopping.signal, timer.signal]);
      await Promise.race([soon.promise, delay(LOOK_MS, undefined, { signal: until }).catch(() => undefined)]);
      timer.abort();
    }
  };

  return {
    start() {
      hears = parts.bus.subscribe(["told"], ({ shard }) => {
        if (cluster.shards().includes(shard)) soon.resolve();
      });
      cluster.on({ changed: () => soon.resolve() });
      loop = work();
    },
    async close() {
      hears?.();
      stopping.abort();
      await loop;
    },
  };
}
