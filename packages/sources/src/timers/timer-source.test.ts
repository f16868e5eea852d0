import assert from "node:assert/strict";
import { test } from "node:test";
import { microsNow, type JsonObject, type TimerState, type Trigger } from "@squall/model";
import * as fc from "fast-check";
import type { Emission, Source } from "../port.ts";
import { createTimerSource, type TimerDeps } from "./timer-source.ts";

const SECOND = 1_000_000;
const START = Date.UTC(2024, 0, 1) * 1000;

function triggerOf(parameters: JsonObject, type = "core.st2.IntervalTimer", id = "t1"): Trigger {
  return { id, uid: `trigger:core:${id}`, ref: `core.${id}`, name: id, pack: "core", type, parameters };
}

interface WakeUp {
  readonly at: number;
  readonly callback: () => void;
}

/** The world outside of a timer source: stored states, what was emitted, a clock that stands until it is moved. */
interface World {
  now: number;
  readonly emitted: Emission[];
  readonly warnings: string[];
  readonly wakeUps: Set<WakeUp>;
  /** Throws or answers true instead of writing, where a test wants that. */
  refuse: (() => boolean) | undefined;
  readonly deps: TimerDeps;
  /** Moves the clock on, waking who asked for it, and lets all work come to rest. */
  pass(micros: number): Promise<void>;
  /** Seconds since the start at which events were planned. */
  planned(): number[];
}

function createWorld(): World {
  const stored = new Map<string, TimerState>();
  const world: World = {
    now: START,
    emitted: [],
    warnings: [],
    wakeUps: new Set(),
    refuse: undefined,
    deps: {
      now: () => world.now,
      load: async () => [...stored.values()],
      async fire(state, expectVersion, emission) {
        await Promise.resolve();
        if (world.refuse?.()) return false;
        const key = `${state.project} ${state.trigger}`;
        if ((stored.get(key)?.version ?? 0) !== expectVersion) return false;
        stored.set(key, state);
        if (emission) world.emitted.push(emission);
        return true;
      },
      setTimer(callback, milliseconds) {
        assert.ok(milliseconds >= 0 && milliseconds < 2 ** 31);
        const handle = { at: world.now + milliseconds * 1000, callback };
        world.wakeUps.add(handle);
        return handle;
      },
      clearTimer: (handle) => void world.wakeUps.delete(handle as WakeUp),
      defaultTimezone: "UTC",
      log: { warn: (_, message) => void world.warnings.push(message) },
    },
    async pass(micros: number): Promise<void> {
      const end = world.now + micros;
      for (;;) {
        const [next] = [...world.wakeUps].sort((left, right) => left.at - right.at);
        if (!next || next.at > end) break;
        world.wakeUps.delete(next);
        world.now = Math.max(world.now, next.at);
        next.callback();
        await rest();
      }
      world.now = end;
    },
    planned: () => world.emitted.map((emission) => ((emission.occurredAt ?? 0) - START) / SECOND),
  };
  return world;
}

/** Until every promise that can settle without the clock has settled. */
async function rest(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function startWith(world: World, ...triggers: Trigger[]): Promise<Source> {
  const source = createTimerSource(world.deps);
  for (const trigger of triggers) source.add("default", trigger);
  await source.start();
  return source;
}

test("an interval fires first one interval after its creation and then on the beat", async () => {
  const world = createWorld();
  await using _source = await startWith(world, triggerOf({ unit: "seconds", delta: 10 }));
  await world.pass(35 * SECOND);
  assert.deepEqual(world.planned(), [10, 20, 30]);
  const [first] = world.emitted;
  assert.deepEqual(first?.payload, { executed_at: "2024-01-01 00:00:10.000000+00:00", schedule: null });
  assert.equal(first?.traceTag, "st2.IntervalTimer-t1");
});

test("date timers fire once, and not at all when they are past", async () => {
  const world = createWorld();
  const later = triggerOf({ date: "2024-03-01T00:00:00Z" }, "core.st2.DateTimer", "later");
  const past = triggerOf({ date: "2023-03-01T00:00:00Z" }, "core.st2.DateTimer", "past");
  await using _source = await startWith(world, later, past);
  await world.pass(90 * 86_400 * SECOND);
  assert.deepEqual(
    world.emitted.map((emission) => emission.trigger.id),
    ["later"],
  );
  assert.deepEqual(world.planned(), [60 * 86_400]);
});

test("a restart goes on with the beat, and a timer that was not due does not fire", async () => {
  const world = createWorld();
  const trigger = triggerOf({ unit: "seconds", delta: 10 });
  await (await startWith(world, trigger))[Symbol.asyncDispose]();
  assert.equal(world.wakeUps.size, 0);
  world.now += 4 * SECOND;
  await using _source = await startWith(world, trigger);
  assert.deepEqual(world.planned(), []);
  await world.pass(20 * SECOND);
  assert.deepEqual(world.planned(), [10, 20]);
});

for (const [misfire, planned] of [
  [undefined, [50]],
  ["once", [50]],
  ["skip", []],
  ["all", [10, 20, 30, 40, 50]],
] as const) {
  test(`times missed while nothing ran, with misfire ${misfire ?? "left to the default"}`, async () => {
    const world = createWorld();
    const trigger = triggerOf({ unit: "seconds", delta: 10, ...(misfire && { misfire }) });
    await (await startWith(world, trigger))[Symbol.asyncDispose]();
    world.now += 58 * SECOND;
    await using _source = await startWith(world, trigger);
    await rest();
    assert.deepEqual(world.planned(), planned);
    await world.pass(2 * SECOND);
    assert.deepEqual(world.planned(), [...planned, 60]);
  });
}

test("a time that is only a little late is no misfire", async () => {
  const world = createWorld();
  const trigger = triggerOf({ unit: "seconds", delta: 10, misfire: "skip" });
  await (await startWith(world, trigger))[Symbol.asyncDispose]();
  world.now += 12 * SECOND;
  await using _source = await startWith(world, trigger);
  assert.deepEqual(world.planned(), [10]);
});

test("no more than a thousand missed times are made up for, the newest, with a warning", async () => {
  const world = createWorld();
  const trigger = triggerOf({ second: "*", misfire: "all" }, "core.st2.CronTimer");
  await (await startWith(world, trigger))[Symbol.asyncDispose]();
  world.now += 86_400 * SECOND;
  await using _source = await startWith(world, trigger);
  while (world.emitted.length < 1000) await rest();
  assert.deepEqual([world.planned()[0], world.planned().at(-1)], [86_400 - 999, 86_400]);
  assert.match(world.warnings.join(), /passed over/);
});

test("each planned time fires exactly once, wherever the process dies and whoever else runs", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          run: fc.integer({ min: 0, max: 25 }),
          down: fc.integer({ min: 0, max: 40 }),
          writes: fc.integer({ min: 0, max: 6 }),
        }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      async (lives) => {
        const world = createWorld();
        const trigger = triggerOf({ unit: "seconds", delta: 3, misfire: "all" });
        await (await startWith(world, trigger))[Symbol.asyncDispose]();
        for (const life of lives) {
          // Two at once: the second is what an operator starts by mistake.
          const sources = await Promise.all([startWith(world, trigger), startWith(world, trigger)]);
          let left = life.writes;
          world.refuse = () => left-- <= 0 && never();
          await world.pass(life.run * SECOND);
          world.refuse = undefined;
          world.wakeUps.clear();
          void sources;
          world.now += life.down * SECOND;
        }
        world.refuse = undefined;
        await using _last = await startWith(world, trigger);
        await rest();
        const until = Math.floor((world.now - START) / SECOND / 3);
        assert.deepEqual(
          world.planned(),
          Array.from({ length: until }, (_, at) => (at + 1) * 3),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("of two that serve one timer, the one that is left goes on", async () => {
  const world = createWorld();
  const trigger = triggerOf({ unit: "seconds", delta: 10 });
  const first = await startWith(world, trigger);
  await using _second = await startWith(world, trigger);
  await world.pass(25 * SECOND);
  await first[Symbol.asyncDispose]();
  await world.pass(20 * SECOND);
  assert.deepEqual(world.planned(), [10, 20, 30, 40]);
  assert.deepEqual(world.warnings, []);
});

/** A write that dies with its process. */
function never(): boolean {
  throw new Error("the process was killed");
}

test("a write that fails is tried again, and nothing fires twice or is lost", async () => {
  const world = createWorld();
  await using _source = await startWith(world, triggerOf({ unit: "seconds", delta: 60 }));
  let failures = 3;
  world.refuse = () => {
    if (failures-- > 0) throw new Error("disk full");
    return false;
  };
  await world.pass(125 * SECOND);
  assert.deepEqual(world.planned(), [60, 120]);
  assert.match(world.warnings.join(), /tried again/);
});

test("changed parameters begin anew, also when they changed while nothing ran", async () => {
  const world = createWorld();
  const source = await startWith(world, triggerOf({ unit: "seconds", delta: 10 }));
  await world.pass(15 * SECOND);
  source.add("default", triggerOf({ unit: "seconds", delta: 7 }));
  await rest();
  await world.pass(8 * SECOND);
  assert.deepEqual(world.planned(), [10, 22]);
  await source[Symbol.asyncDispose]();
  world.now += 100 * SECOND;
  await using _source = await startWith(world, triggerOf({ unit: "seconds", delta: 50 }));
  await world.pass(51 * SECOND);
  assert.deepEqual(world.planned(), [10, 22, 173]);
});

test("a removed timer is silent; one that comes while running is served", async () => {
  const world = createWorld();
  await using source = await startWith(world, triggerOf({ unit: "seconds", delta: 10 }));
  source.add("default", triggerOf({ unit: "seconds", delta: 4 }, undefined, "t2"));
  await rest();
  source.remove("default", "t1");
  await world.pass(13 * SECOND);
  assert.deepEqual(world.planned(), [4, 8, 12]);
});

test("a trigger that cannot be planned is told and disturbs no other", async () => {
  const world = createWorld();
  const bad = triggerOf({ minute: "99" }, "core.st2.CronTimer", "bad");
  await using _source = await startWith(world, bad, triggerOf({ unit: "seconds", delta: 10 }));
  await world.pass(10 * SECOND);
  assert.deepEqual(world.planned(), [10]);
  assert.match(world.warnings.join(), /cannot be planned/);
});

test("a clock that was set back by years does not silence a timer", async () => {
  const world = createWorld();
  const trigger = triggerOf({ unit: "seconds", delta: 10 });
  world.now = START + 1e15;
  await (await startWith(world, trigger))[Symbol.asyncDispose]();
  world.now = START;
  await using _source = await startWith(world, trigger);
  await world.pass(10 * SECOND);
  assert.deepEqual(world.planned(), [10]);
});

test("a clock that is set forward is noticed within half a minute", async () => {
  const world = createWorld();
  await using _source = await startWith(world, triggerOf({ unit: "days", delta: 1 }));
  const asleep = [...world.wakeUps];
  world.now += 86_400 * SECOND;
  assert.ok(asleep.every((one) => one.at <= START + 30 * SECOND));
  await world.pass(0);
  assert.deepEqual(world.planned(), [86_400]);
});

test("thousands of timers due at one time all fire, from one wake-up", async () => {
  const world = createWorld();
  const triggers = Array.from({ length: 3000 }, (_, at) => triggerOf({ minute: "*" }, "core.st2.CronTimer", `t${at}`));
  await using _source = await startWith(world, ...triggers);
  assert.equal(world.wakeUps.size, 1);
  await world.pass(60 * SECOND);
  while (world.emitted.length < 3000) await rest();
  assert.equal(new Set(world.emitted.map((emission) => emission.trigger.id)).size, 3000);
});

test("it fires with the process's own clock and timers", async () => {
  const world = createWorld();
  const fired = Promise.withResolvers<Emission>();
  const { load, defaultTimezone, log } = world.deps;
  await using source = createTimerSource({
    load,
    defaultTimezone,
    log,
    now: microsNow,
    fire: async (_state, _expect, emission) => {
      if (emission) fired.resolve(emission);
      return true;
    },
  });
  const date = new Date(Date.now() + 50).toISOString();
  source.add("default", triggerOf({ date }, "core.st2.DateTimer"));
  await source.start();
  assert.equal((await fired.promise).occurredAt, Date.parse(date) * 1000);
});
