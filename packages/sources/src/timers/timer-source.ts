import {
  Conflict,
  canonicalJson,
  type JsonObject,
  MISFIRE_POLICIES,
  type Micros,
  type MisfirePolicy,
  messageOf,
  parseRef,
  type TimerState,
  type Trigger,
} from "@squall/model";
import type { Emission, Source } from "../port.ts";
import { type DueTimes, dueTimes, MOST_MADE_UP } from "./due-times.ts";
import { createSchedule, type Schedule } from "./schedule.ts";
import { createTimerHeap } from "./timer-heap.ts";
import { TIMER_PARAMETERS } from "./trigger-types.ts";

export interface TimerDeps {
  /**
   * Writes the timer's new state and the event, if there is one, in ONE commit. False when the stored version is not
   * `expectVersion` (0: there must be none) and nothing was written. May throw; it is tried again then.
   */
  fire(state: TimerState, expectVersion: number, emission: Emission | undefined): Promise<boolean>;
  /** The stored states of all projects. */
  load(): Promise<readonly TimerState[]>;
  now(): Micros;
  /** `setTimeout` and `clearTimeout`, or a test's own. */
  setTimer?(callback: () => void, milliseconds: number): unknown;
  clearTimer?(handle: unknown): void;
  /** IANA name for timers that name no zone. */
  readonly defaultTimezone: string;
  readonly log: { warn(fields: JsonObject, message: string): void };
}

interface Timer {
  readonly key: string;
  readonly project: string;
  trigger: Trigger;
  readonly definition: string;
  readonly schedule: Schedule;
  readonly policy: MisfirePolicy;
  state: TimerState | undefined;
  /** Was removed or replaced: whatever still runs for it stops at its next step. */
  gone: boolean;
  failures: number;
}

/** The clock may be set, and machines sleep: look at it at least this often. */
const LONGEST_SLEEP_MS = 30_000;
/** Timers that write at once; the store groups their commits. */
const PARALLEL = 64;
/** A last firing this far ahead of now means that the clock was wrong then, or is now. */
const CLOCK_ERROR: Micros = 3_600_000_000;
const MOST_CONFLICTS = 5;
const RETRY_MS = [100, 500, 2000, 10_000, 30_000];

/**
 * Serves interval, date and cron timers.
 *
 * - T1: an event and the step past its planned time are one commit, so each planned time fires at most once, whatever
 *   is killed when; what is to become of those that nobody could fire says the timer's `misfire`.
 * - T2: a stored `next` is what the schedule makes of `last`. If it is not, the schedule was changed, and the timer
 *   begins anew from now.
 * - T3: a timer is either in the heap, or waiting for or at its one write. So it never races with itself.
 */
export function createTimerSource(deps: TimerDeps): Source {
  const setTimer = deps.setTimer ?? ((callback, milliseconds) => setTimeout(callback, milliseconds));
  const clearTimer = deps.clearTimer ?? ((handle) => clearTimeout(handle as NodeJS.Timeout));
  const timers = new Map<string, Timer>();
  const heap = createTimerHeap<Timer>();
  const waiting: Timer[] = [];
  const running = new Set<Promise<void>>();
  let sleeping: unknown;
  let started = false;
  const stopping = new AbortController();

  function add(project: string, trigger: Trigger): void {
    const key = keyOf(project, trigger.id);
    const definition = canonicalJson([trigger.type, trigger.parameters]);
    const known = timers.get(key);
    if (known?.definition === definition) {
      known.trigger = trigger;
      return;
    }
    remove(project, trigger.id);
    try {
      const timer: Timer = {
        key,
        project,
        trigger,
        definition,
        schedule: createSchedule(trigger.type, trigger.parameters, deps.defaultTimezone),
        policy: policyOf(trigger),
        state: known?.state,
        gone: false,
        failures: 0,
      };
      timers.set(key, timer);
      if (started) enqueue(timer);
    } catch (thrown) {
      deps.log.warn({ project, trigger: trigger.ref, error: messageOf(thrown) }, "A timer trigger cannot be planned");
    }
  }

  function remove(project: string, triggerId: string): void {
    const key = keyOf(project, triggerId);
    const timer = timers.get(key);
    if (timer) timer.gone = true;
    timers.delete(key);
  }

  async function start(): Promise<void> {
    await adopt();
    started = true;
    for (const timer of timers.values()) enqueue(timer);
    while (running.size > 0 && !stopping.signal.aborted) await Promise.race(running);
  }

  /** Takes over what is stored, for all timers or one. */
  async function adopt(only?: Timer): Promise<void> {
    const states = new Map((await deps.load()).map((state) => [keyOf(state.project, state.trigger), state]));
    for (const timer of only ? [only] : timers.values()) timer.state = states.get(timer.key);
  }

  function enqueue(timer: Timer): void {
    waiting.push(timer);
    work();
  }

  function work(): void {
    while (!stopping.signal.aborted && running.size < PARALLEL) {
      const timer = waiting.shift();
      if (!timer) return;
      if (timer.gone) continue;
      const done = turn(timer).finally(() => {
        running.delete(done);
        work();
      });
      running.add(done);
    }
  }

  /** Everything a timer does at one time; afterwards it is in the heap or has nothing planned. */
  async function turn(timer: Timer): Promise<void> {
    let wakeAt: Micros | undefined;
    try {
      for (let conflicts = 0; !(await step(timer)); conflicts++) {
        if (conflicts === MOST_CONFLICTS)
          throw new Conflict("timer.contended", { message: "Its stored state changes faster than it can be read." });
        await adopt(timer);
      }
      timer.failures = 0;
      wakeAt = timer.state?.next;
    } catch (thrown) {
      const delay = RETRY_MS[Math.min(timer.failures++, RETRY_MS.length - 1)] ?? 0;
      deps.log.warn(
        { project: timer.project, trigger: timer.trigger.ref, error: messageOf(thrown), retry_ms: delay },
        "A timer could not be written and is tried again",
      );
      wakeAt = deps.now() + delay * 1000;
    }
    if (timer.gone || stopping.signal.aborted || wakeAt === undefined) return;
    heap.push(wakeAt, timer);
    sleep();
  }

  /** False when the stored state is not what was believed. */
  async function step(timer: Timer): Promise<boolean> {
    const { state, schedule } = timer;
    const now = deps.now();
    if (!state) return begin(timer, now, 0);
    if (state.last > now + CLOCK_ERROR) {
      const fields = { project: timer.project, trigger: timer.trigger.ref };
      deps.log.warn(fields, "A timer last fired in the future: the clock was set back, so it begins anew");
      return begin(timer, now, state.version);
    }
    if (schedule.following(state.last) !== state.next) return begin(timer, now, state.version);
    if (state.next === undefined || state.next > now) return true;
    return fireDue(timer, dueTimes(schedule, timer.policy, state.last, state.next, now));
  }

  function begin(timer: Timer, now: Micros, expect: number): Promise<boolean> {
    return write(timer, now, expect, undefined);
  }

  async function fireDue(timer: Timer, due: DueTimes): Promise<boolean> {
    if (due.passedOver) {
      const fields = { project: timer.project, trigger: timer.trigger.ref, made_up: MOST_MADE_UP };
      deps.log.warn(fields, "A timer missed more times than are made up for; the oldest are passed over");
    }
    for (const time of due.fire) {
      if (timer.gone || stopping.signal.aborted) return true;
      if (!(await write(timer, time, timer.state?.version ?? 0, emissionOf(timer, time, deps.now())))) return false;
    }
    return due.fire.length > 0 || write(timer, due.last, timer.state?.version ?? 0, undefined);
  }

  async function write(timer: Timer, last: Micros, expect: number, emission: Emission | undefined): Promise<boolean> {
    const next = timer.schedule.following(last);
    const state: TimerState = {
      project: timer.project,
      trigger: timer.trigger.id,
      last,
      ...(next === undefined ? {} : { next }),
      version: expect + 1,
    };
    if (!(await deps.fire(state, expect, emission))) return false;
    timer.state = state;
    return true;
  }

  function sleep(): void {
    if (sleeping !== undefined) clearTimer(sleeping);
    sleeping = undefined;
    const soonest = heap.soonest();
    if (soonest === undefined || stopping.signal.aborted) return;
    const milliseconds = Math.ceil((soonest - deps.now()) / 1000);
    sleeping = setTimer(wake, Math.max(0, Math.min(milliseconds, LONGEST_SLEEP_MS)));
  }

  function wake(): void {
    sleeping = undefined;
    const now = deps.now();
    while ((heap.soonest() ?? Number.POSITIVE_INFINITY) <= now) {
      const timer = heap.pop();
      if (timer && !timer.gone) waiting.push(timer);
    }
    work();
    sleep();
  }

  return {
    triggerTypes: Object.keys(TIMER_PARAMETERS),
    add,
    remove,
    start,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      if (sleeping !== undefined) clearTimer(sleeping);
      sleeping = undefined;
      await Promise.allSettled(running);
    },
  };
}

function keyOf(project: string, triggerId: string): string {
  return `${project} ${triggerId}`;
}

function policyOf(trigger: Trigger): MisfirePolicy {
  return MISFIRE_POLICIES.find((policy) => policy === trigger.parameters.misfire) ?? "once";
}

/** StackStorm's payload and trace tag. The event occurred when it was planned, `executed_at` says when it was fired. */
function emissionOf(timer: Timer, planned: Micros, now: Micros): Emission {
  return {
    project: timer.project,
    trigger: timer.trigger,
    payload: { executed_at: pythonTime(now), schedule: null },
    traceTag: `${parseRef(timer.trigger.type)?.name ?? timer.trigger.type}-${timer.trigger.name}`,
    occurredAt: planned,
  };
}

/** `str()` of an aware Python datetime with microseconds. */
function pythonTime(micros: Micros): string {
  const milliseconds = Math.floor(micros / 1000);
  const [date, time] = new Date(milliseconds).toISOString().slice(0, -1).split("T");
  return `${date} ${time}${String(micros - milliseconds * 1000).padStart(3, "0")}+00:00`;
}
