import { CRON_RULE, CRON_SECONDS, SENSOR_TRIGGER, TICKS } from "../content.ts";
import { twice } from "../../events.ts";
import type { Books } from "./books.ts";

const SECOND = 1_000_000;

/** A planned time fires at most once; with `misfire: all` each does. */
export function auditTimers(books: Books): string[] {
  return [
    ...TICKS.flatMap((misfire) => auditTimer(books, `chaos.tick_${misfire}`, SECOND, misfire === "all")),
    ...auditTimer(books, CRON_RULE, CRON_SECONDS * SECOND, true),
  ];
}

function auditTimer({ events, timers, rules, triggers }: Books, rule: string, every: number, all: boolean): string[] {
  const ref = rules.find((one) => one.ref === rule)?.trigger;
  const id = triggers.find((one) => one.ref === ref)?.id;
  const times = events.filter((one) => one.trigger === ref).map((one) => one.occurrence_time);
  const stored = timers.find((one) => one.trigger === id);
  if (times.length < 3 || !stored) return [`the timer of ${rule} fired ${times.length} times`];
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const bad = steps.filter((step) => (all ? step !== every : step < every || step % every !== 0));
  const last = times.at(-1) ?? 0;
  // A time that is passed over on purpose is behind the timer as well.
  const isBehind = all ? stored.last !== last : stored.last < last;
  return [
    ...(bad.length > 0 ? [`the timer of ${rule} fired after ${bad.map((step) => step / SECOND).join(", ")} s`] : []),
    ...(isBehind ? [`the timer of ${rule} stands at another time than its last event`] : []),
  ];
}

/** What the sensor was told is stored is there, and each dispatch at most once. */
export function auditSensor({ events }: Books, sensed: readonly string[]): string[] {
  const numbers = events.filter((one) => one.trigger === SENSOR_TRIGGER).map((one) => String(one.payload.number));
  const known = new Set(numbers);
  const acknowledged = sensed.flatMap((line) => /^\S+ \S+ acknowledged (\S+)$/.exec(line)?.[1] ?? []);
  return [
    ...(acknowledged.length === 0 ? ["the sensor emitted nothing"] : []),
    ...twice(numbers, (number) => number).map((number) => `the sensor's event ${number} is there twice`),
    ...acknowledged
      .filter((number) => !known.has(number))
      .map((number) => `the sensor's event ${number} was acknowledged and is not there`),
  ];
}
