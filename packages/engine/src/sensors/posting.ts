import { setTimeout as delay } from "node:timers/promises";
import type { SensorInstance } from "@squall/sources";
import type { Core } from "../core.ts";

/**
 * Which sensors run in this process of a cluster: each in one.
 *
 * S1  What members there are says whose a sensor should be. It runs only under a row of the store that names its member and that no
 *     other can have while that member is there; so it never runs twice, whatever each believes.
 * S2  The row is given back after the process has ended.
 * S3  A member that could not write for so long that the others may soon take it for dead ends its sensors before they do.
 */
export interface Posting {
  /** Those of these that this process runs now. */
  held(instances: readonly SensorInstance[]): SensorInstance[];
  /** Something may have changed: takes and gives back, soon. */
  review(): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface PostingDeps {
  /** All instances that there should be, wherever. */
  all(): readonly SensorInstance[];
  /** Runs what is held, and ends what is not. */
  apply(changed: readonly SensorInstance[]): void;
  /** Resolves when what was ended has ended. */
  ended(): Promise<void>;
  /** Ends what a killed process on this machine may have left of these. */
  endLeft(instances: readonly SensorInstance[]): Promise<void>;
}

/** Rows become free, and this member silent, without anybody saying so. */
const REVIEW_MS = 1_000;

export const postOf = ({ project, id }: Pick<SensorInstance, "project" | "id">): string => `sensor/${project}/${id}`;

export function createPosting(core: Core, deps: PostingDeps): Posting {
  const { parts, cluster } = core;
  const held = new Map<string, SensorInstance>();
  const stopping = new AbortController();
  let soon = Promise.withResolvers<void>();
  let loop: Promise<void> = Promise.resolve();

  const giveUp = async (names: readonly string[], tells: boolean): Promise<void> => {
    const given = names.flatMap((name) => held.get(name) ?? []);
    for (const name of names) held.delete(name);
    deps.apply(given);
    await deps.ended();
    if (!tells) return;
    for (const name of names) {
      await parts.store.commit([{ kind: "singleton.release", name, member: parts.worker }]); // S2
    }
  };

  const round = async (): Promise<void> => {
    const wanted = new Map(
      cluster.isSound // S3
        ? deps.all().flatMap((one) => (cluster.owns("sources", postOf(one)) ? [[postOf(one), one] as const] : []))
        : [],
    );
    const surplus = [...held.keys()].filter((name) => !wanted.has(name));
    if (surplus.length > 0) await giveUp(surplus, cluster.isSound);
    const taken: SensorInstance[] = [];
    for (const [name, instance] of wanted) {
      if (held.has(name)) continue;
      const done = await parts.store.commit([{ kind: "singleton.take", name, member: parts.worker }]);
      if (done.ok) taken.push(instance);
    }
    if (taken.length === 0 || stopping.signal.aborted) return;
    await deps.endLeft(taken);
    if (!cluster.isSound) return; // the next round takes them again, which is nothing
    for (const one of taken) held.set(postOf(one), one);
    deps.apply(taken);
  };

  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      soon = Promise.withResolvers();
      try {
        await round();
      } catch (error) {
        if (cluster.isSound)
          parts.log.error({ err: error }, "sensors could not be taken over or given back; trying again");
      }
      const timer = new AbortController();
      const until = AbortSignal.any([stopping.signal, timer.signal]);
      await Promise.race([soon.promise, delay(REVIEW_MS, undefined, { signal: until }).catch(() => undefined)]);
      timer.abort();
    }
  };

  cluster.on({
    changed: () => soon.resolve(),
    gone: () => soon.resolve(),
    // The rows went with the member: what runs may run elsewhere by now.
    returned: () => void giveUp([...held.keys()], false),
  });

  return {
    held: (instances) => instances.filter((one) => held.has(postOf(one))),
    review: () => soon.resolve(),
    async start() {
      loop = work();
    },
    async close() {
      stopping.abort();
      await loop;
      const names = [...held.keys()];
      try {
        await giveUp(names, true);
      } catch (error) {
        parts.log.warn({ err: error }, "sensors could not be given back; the others take them over within seconds");
      }
    },
  };
}
