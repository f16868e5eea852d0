import { messageOf, type Micros, type Trigger } from "@squall/model";
import type { ProcessTable } from "@squall/processes";
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { backOff, WELL_AFTER_MS } from "./back-off.ts";
import { createDispatching, type EventCounts } from "./dispatching.ts";
import { type RunningSensor, runSensor, type SensorRun } from "./run-sensor.ts";
import type { SensorDeps, SensorInstance, SensorLimits, SensorState, SensorStatus } from "./sensor.ts";
import type { SensorLog } from "./sensor-log.ts";

/** One instance under supervision. */
export interface Supervised {
  readonly log: SensorLog;
  status(): SensorStatus;
  /** Starts it, or tries again at once. Does nothing when it runs, or is disabled. */
  start(): void;
  /** Ends its process and starts it no more. Resolves when it is gone. */
  stop(reason: string): Promise<void>;
  /** Takes over what has changed: restarts it where that matters, starts or ends it as it is enabled. */
  become(instance: SensorInstance): void;
  tell(change: "add" | "update" | "remove", trigger: Trigger): void;
  /** Resolves when nothing of it is under way. */
  idle(): Promise<void>;
}

/**
 * Keeps one process of a sensor running.
 *
 * - S1: there is one life at a time. A new one begins when the process of the one before is gone with all its children.
 * - S2: a life goes on until it is aborted or the sensor ends by itself with 0; every other end is followed by another
 *   attempt, for ever (back-off.ts).
 * - S3: what is known of the triggers when a process is started goes with its start; what comes later is told, so
 *   nothing is missed and nothing comes twice.
 */
export function createSupervised(
  deps: SensorDeps,
  limits: SensorLimits,
  table: ProcessTable,
  log: SensorLog,
  first: SensorInstance,
  triggers: (instance: SensorInstance) => readonly Trigger[],
): Supervised {
  let instance = first;
  let state: SensorState = first.enabled ? "stopped" : "disabled";
  let since: Micros = deps.now();
  let reason: string | undefined;
  let restarts = 0;
  let lastError: SensorStatus["lastError"];
  let lastExit: SensorStatus["lastExit"];
  let nextAttempt: Micros | undefined;
  let startedAt: Micros | undefined;
  let running: RunningSensor | undefined;
  /** Aborted when its life is to end; undefined when it has none. */
  let life: AbortController | undefined;
  /** Settles when the last life begun is over. */
  let over: Promise<void> = Promise.resolve();
  /** Somebody stopped it: changes of its content do not start it. */
  let isHeld = false;
  const counts: EventCounts = { events: 0, refused: 0, throttled: false };
  const dispatching = createDispatching(deps, limits, log, counts);

  const enter = (next: SensorState, why?: string): void => {
    if (next !== state) since = deps.now();
    state = next;
    reason = why;
    if (next !== "backing-off" && next !== "failed") nextAttempt = undefined;
  };

  const begin = (): void => {
    const controller = (life = new AbortController());
    enter("starting");
    const before = over;
    over = (async () => {
      await before; // S1
      await live(controller.signal);
      if (life === controller) life = undefined;
    })();
  };

  /** S2 */
  const live = async (signal: AbortSignal): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      enter("starting");
      const run = await attempt(signal);
      if (signal.aborted) return;
      if (run.wasReady && run.code === 0) {
        log.write("squall", "it ended by itself with 0; `squall sensor start` starts it again");
        enter("stopped", "ended by itself");
        return;
      }
      failures = run.upMs >= WELL_AFTER_MS ? 1 : failures + 1;
      await waitAfter(run, failures, signal);
      if (!signal.aborted) restarts++;
    }
  };

  const waitAfter = async (run: SensorRun, failures: number, signal: AbortSignal): Promise<void> => {
    const message = run.error ?? endOf(run);
    const ms = backOff(failures, deps.random());
    lastError = { message, at: deps.now() };
    log.write("squall", `${message}; starting again in ${(ms / 1000).toFixed(1)} s`);
    if (failures === 1) deps.log.warn({ sensor: instance.id, error: message }, "a sensor ended and is started again");
    nextAttempt = deps.now() + ms * 1000;
    enter(run.wasReady ? "backing-off" : "failed", message);
    await delay(ms, undefined, { signal }).catch(() => undefined); // stopped meanwhile, which the caller looks at
  };

  const attempt = async (signal: AbortSignal): Promise<SensorRun> => {
    let run: SensorRun;
    try {
      run = await runSensor(
        deps,
        {
          instance,
          limits,
          table,
          log,
          dispatching,
          triggers: () => triggers(instance),
          onStarted: (process) => {
            running = process;
            startedAt = deps.now();
            log.write("squall", `started as process ${process.pid}`);
          },
          onReady: () => {
            if (signal.aborted) return;
            enter("running");
            log.write("squall", "running");
          },
        },
        signal,
      );
    } catch (thrown) {
      return { code: -1, wasReady: false, upMs: 0, error: messageOf(thrown) };
    }
    running = undefined;
    startedAt = undefined;
    counts.throttled = false;
    lastExit = { code: run.code, at: deps.now() };
    return run;
  };

  const end = async (next: SensorState, why?: string): Promise<void> => {
    if (life === undefined && state !== "stopping") {
      enter(next, why);
      return over;
    }
    const ending = life;
    life = undefined;
    enter("stopping", why);
    ending?.abort();
    await over;
    // Unless it was started again meanwhile.
    if (life !== undefined || state !== "stopping") return;
    log.write("squall", why ?? next);
    enter(next, why);
  };

  return {
    log,
    status: () => ({
      instance,
      state,
      since,
      restarts,
      events: counts.events,
      refused: counts.refused,
      throttled: counts.throttled,
      ...(reason !== undefined && { reason }),
      ...(counts.throttled && { reason: `slowed down: more than ${limits.eventsPerSecond} events a second` }),
      ...(running !== undefined && { pid: running.pid }),
      ...(startedAt !== undefined && { startedAt }),
      ...(lastError !== undefined && { lastError }),
      ...(lastExit !== undefined && { lastExit }),
      ...(nextAttempt !== undefined && { nextAttempt }),
    }),
    start() {
      if (!instance.enabled) return;
      isHeld = false;
      if (state === "running" || state === "starting") return;
      life?.abort(); // one that waits to try again
      begin();
    },
    stop(why) {
      isHeld = true;
      return instance.enabled ? end("stopped", why) : end("disabled");
    },
    become(next) {
      const before = instance;
      instance = next;
      if (!next.enabled) {
        isHeld = false;
        void end("disabled");
      } else if (!before.enabled) {
        begin();
      } else if (next.version !== before.version && !isHeld) {
        if (life !== undefined) {
          log.write("squall", "its code or configuration has changed");
          life.abort();
          enter("stopping");
        }
        begin();
      }
    },
    tell: (change, trigger) => running?.tell(change, trigger),
    idle: () => over,
  };
}

function endOf(run: SensorRun): string {
  const how =
    run.code >= 0
      ? `with exit status ${run.code}`
      : `by ${Object.entries(constants.signals).find(([, number]) => number === -run.code)?.[0] ?? `signal ${-run.code}`}`;
  return run.wasReady ? `it ended ${how}` : `it ended ${how} before it was set up`;
}
