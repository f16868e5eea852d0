import type { Execution, Lane } from "@squall/model";
import type { Core } from "../core.ts";

/**
 * Claims what waits, as far as slots are free.
 *
 * C1  A lane that could claim less than it has slots for has its next due time on the clock; a full one claims when a
 *     slot is given back. So nothing waits for somebody to come by.
 * C2  Where others ask for executions as well, they say so on the bus, and a worker looks from time to time in case that
 *     was lost.
 */
export interface Claiming {
  pump(lane: Lane): void;
  /** An execution was committed that waits: for a slot here or elsewhere, or for its time. */
  asked(execution: Execution): void;
  /** Begins to claim; before it, nothing that waits is touched. */
  start(): void;
  /** Claims nothing more; resolves when what was being claimed has begun. */
  stop(): Promise<void>;
}

/** A message on the bus says when something is to be claimed; this is for those that were lost. */
const LOOK_MS = 1_000;

/** `begin` takes over what was claimed, with its slots. */
export function createClaiming(core: Core, begin: (claimed: readonly Execution[]) => Promise<void>): Claiming {
  const { parts, lanes, cluster } = core;
  const pumping: Record<Lane, "no" | "yes" | "again"> = { inline: "no", process: "no" };
  /** Under way: what they claim is ours before it is among the runs. */
  const claims = new Set<Promise<void>>();
  /** Lanes that others were told of in this turn of the event loop. */
  const told = new Set<Lane>();
  let started = false;
  let stopped = false;
  let due: { at: number; timer: NodeJS.Timeout } | undefined;
  let unlisten: (() => void) | undefined;

  const pump = (lane: Lane) => {
    if (!started || stopped || !cluster.has("worker") || !cluster.isSound) return;
    if (pumping[lane] !== "no") {
      pumping[lane] = "again";
      return;
    }
    pumping[lane] = "yes";
    const claim = claimAll(lane).finally(() => claims.delete(claim));
    claims.add(claim);
  };

  const claimAll = async (lane: Lane) => {
    try {
      for (;;) {
        if (stopped) return;
        pumping[lane] = "yes";
        const slots = lanes.takeForWaiting(lane);
        if (slots === 0) return;
        let claimed: Execution[];
        const now = parts.now();
        try {
          claimed = await parts.store.claim({ lane, limit: slots, worker: parts.worker, labels: parts.labels, now });
        } catch (error) {
          lanes.give(lane, slots);
          throw error;
        }
        lanes.give(lane, slots - claimed.length);
        lanes.claimed(lane, claimed.length, claimed.length < slots);
        await begin(claimed);
        if (claimed.length === slots) continue; // there may be more than we could take
        if (stopped) return;
        if ((pumping[lane] as string) === "again") continue; // someone asked meanwhile
        // C1
        const next = await parts.store.nextDue(lane, now);
        if ((pumping[lane] as string) === "again") continue;
        if (next === undefined) return;
        if (next > parts.now()) {
          wakeAt(next);
          return;
        }
      }
    } catch (error) {
      parts.log.error({ lane, err: error }, "waiting executions could not be claimed; trying again in a second");
      setTimeout(() => pump(lane), 1000).unref();
    } finally {
      pumping[lane] = "no";
    }
  };

  /** Claims again at this time, or before. */
  const wakeAt = (at: number) => {
    if (!started || stopped || (due && due.at <= at)) return;
    clearTimeout(due?.timer);
    // setTimeout cannot wait longer than 2^31 ms; waking up early only means to look and wait again.
    const ms = Math.min(Math.max(0, Math.ceil((at - parts.now()) / 1000)), 2 ** 31 - 1);
    due = { at, timer: setTimeout(wake, ms) };
  };
  const wake = () => {
    due = undefined;
    look();
  };
  const look = (which: readonly Lane[] = ["inline", "process"]) => {
    for (const lane of which) {
      // So that the next slot that is given back claims.
      if (lanes.isFull(lane) && lanes.waiting(lane) === 0) lanes.wait(lane, 1);
      pump(lane);
    }
  };

  /** Wakes every worker, this process too if it is one. Once a turn is enough: whoever hears of it comes after all that was committed in it. */
  const tell = (lane: Lane) => {
    if (told.has(lane)) return;
    if (told.size === 0) setImmediate(() => told.clear());
    told.add(lane);
    parts.bus.publish({ topic: "wake", lane });
  };

  return {
    pump,
    asked({ lane, status, due: at }) {
      if (status === "delayed") wakeAt(at);
      if (!cluster.alone) tell(lane);
      else if (status !== "delayed") pump(lane);
    },
    start() {
      started = true;
      if (!cluster.alone && cluster.has("worker")) {
        const leave = parts.bus.subscribe(["wake"], ({ lane }) => look(lane && [lane])); // C2
        const timer = setInterval(() => look(), LOOK_MS);
        timer.unref();
        unlisten = () => {
          clearInterval(timer);
          leave();
        };
      }
      wake();
    },
    async stop() {
      stopped = true;
      unlisten?.();
      clearTimeout(due?.timer);
      await Promise.all(claims);
    },
  };
}
