import { isObject, type JsonObject, messageOf, SquallError, TooMany, Unavailable } from "@squall/model";
import { setTimeout as delay } from "node:timers/promises";
import { createRate } from "./rate.ts";
import type { SensorDeps, SensorEvent, SensorInstance, SensorLimits } from "./sensor.ts";
import type { SensorLog } from "./sensor-log.ts";

/** What a sensor has dispatched since the server started. */
export interface EventCounts {
  events: number;
  refused: number;
  throttled: boolean;
}

export interface Dispatching {
  /** Emits what a `dispatch` message says. Resolves with why it was refused; undefined once it is durable. */
  take(instance: SensorInstance, message: JsonObject, signal: AbortSignal): Promise<string | undefined>;
  /** The sensor's own side refused one: it was no JSON. */
  refused(): void;
}

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;
/** A sensor that keeps on flooding is not told of it every time. */
const SAY_EVERY_MS = 60_000;

/**
 * The way of events from one sensor to the engine.
 *
 * - D1: a sensor hears of the end of a dispatch when the event is durable, or never will be. What cannot be taken now
 *   (the engine is full, the disk does not answer) is tried until it can.
 * - D2: above its rate a sensor waits; nothing is dropped.
 */
export function createDispatching(
  deps: SensorDeps,
  limits: SensorLimits,
  log: SensorLog,
  counts: EventCounts,
): Dispatching {
  const rate = createRate(limits.eventsPerSecond, limits.eventBurst);
  let saidAt = Number.NEGATIVE_INFINITY;

  const hold = async (ms: number, signal: AbortSignal): Promise<void> => {
    counts.throttled = ms > 0;
    if (ms === 0) return;
    const now = performance.now();
    if (now - saidAt > SAY_EVERY_MS) {
      saidAt = now;
      log.write(
        "squall",
        `it dispatches more than ${limits.eventsPerSecond} events a second, which is the limit: it is made to wait`,
      );
    }
    await delay(ms, undefined, { signal });
  };

  return {
    async take(instance, message, signal) {
      const event = eventOf(message);
      if (typeof event === "string") {
        counts.refused++;
        return event;
      }
      await hold(rate.take(performance.now()), signal); // D2
      for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
        try {
          await deps.emit(instance, event);
          counts.events++;
          return undefined;
        } catch (thrown) {
          if (!(thrown instanceof TooMany || thrown instanceof Unavailable)) {
            counts.refused++;
            if (thrown instanceof SquallError) return thrown.message;
            deps.log.error(
              { sensor: instance.id, error: messageOf(thrown) },
              "an event of a sensor could not be emitted",
            );
            return "an error that nobody expected; the server's log has it";
          }
          if (retryMs === FIRST_RETRY_MS) log.write("squall", `an event waits: ${thrown.message}`);
          await delay(retryMs, undefined, { signal }); // D1
        }
      }
    },
    refused: () => void counts.refused++,
  };
}

/** The event, or what is wrong with it. */
function eventOf({ trigger, payload, trace_tag: tag }: JsonObject): SensorEvent | string {
  if (typeof trigger !== "string" && !isObject(trigger)) return "it names no trigger";
  if (!isObject(payload))
    return `the payload is ${Array.isArray(payload) ? "a list" : `a ${typeof payload}`}; it has to be a dict`;
  return { trigger, payload, ...(typeof tag === "string" && tag !== "" && { traceTag: tag }) };
}
