import { compileSchema, Invalid, type JsonObject, type Micros, type Validate } from "@squall/model";
import { DateTime, IANAZone } from "luxon";
import { parseCron } from "./cron-fields.ts";
import { nextCronTime } from "./cron-schedule.ts";
import { isTimerType, TIMER_PARAMETERS, type TimerType } from "./trigger-types.ts";
import { isZone, zoneOf } from "./zone.ts";

/** The planned times of a timer. */
export interface Schedule {
  /** The first planned time after `time`; undefined when there is none. `time` is a planned time or the creation. */
  following(time: Micros): Micros | undefined;
  /** The last planned time at or before `now`, given that there is one after `last`. */
  latest(last: Micros, now: Micros): Micros;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  weeks: 604_800,
  days: 86_400,
  hours: 3600,
  minutes: 60,
  seconds: 1,
};
const SECOND = 1_000_000;
/** Beyond this (the year 2255) microseconds are no longer exact; nothing is planned for so late. */
const LAST_TIME: Micros = Number.MAX_SAFE_INTEGER;

/** Everything that keeps a timer's parameters from making a schedule; empty when they do. */
export function checkTimerParameters(type: string, parameters: JsonObject): string[] {
  if (!isTimerType(type)) return [`"${type}" is no timer; timers are ${Object.keys(TIMER_PARAMETERS).join(", ")}`];
  const violations = schemaOf(type)(parameters);
  if (violations.length > 0) return violations.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  const problems: string[] = [];
  const { timezone, date } = parameters;
  if (typeof timezone === "string" && !isZone(timezone)) {
    problems.push(`timezone: there is no time zone "${timezone}"; use an IANA name such as Europe/Berlin`);
  }
  if (type === "core.st2.DateTimer" && parseDate(String(date), "UTC") === undefined) {
    problems.push(`date: "${String(date)}" is no date; write it as 2026-01-31T12:00:00Z or without the Z`);
  }
  if (type === "core.st2.CronTimer") {
    const spec = parseCron(parameters);
    if (Array.isArray(spec)) problems.push(...(spec as readonly string[]));
  }
  return problems;
}

const compiled = new Map<TimerType, Validate>();

/** Compiled once: thousands of timers share three schemas. */
function schemaOf(type: TimerType): Validate {
  const validate = compiled.get(type) ?? compileSchema(TIMER_PARAMETERS[type]);
  compiled.set(type, validate);
  return validate;
}

/** Throws Invalid with what `checkTimerParameters` finds. */
export function createSchedule(type: string, parameters: JsonObject, defaultTimezone: string): Schedule {
  const problems = checkTimerParameters(type, parameters);
  if (problems.length > 0 || !isTimerType(type)) {
    throw new Invalid("timer.parameters", { message: `The timer cannot be planned: ${problems.join("; ")}.` });
  }
  return MAKERS[type](parameters, String(parameters.timezone ?? defaultTimezone));
}

const MAKERS: Readonly<Record<TimerType, (parameters: JsonObject, timezone: string) => Schedule>> = {
  // Elapsed time, whatever the clocks do, as with APScheduler.
  "core.st2.IntervalTimer"({ unit, delta }) {
    const period = Number(delta) * (UNIT_SECONDS[String(unit)] ?? 1) * SECOND;
    return {
      following: (time) => inTime(time + period),
      latest: (last, now) => last + Math.floor((now - last) / period) * period,
    };
  },
  "core.st2.DateTimer"({ date }, timezone) {
    const planned = parseDate(String(date), timezone) ?? 0;
    return { following: (time) => (planned > time ? planned : undefined), latest: () => planned };
  },
  "core.st2.CronTimer"(parameters, timezone) {
    const spec = parseCron(parameters);
    if (!("sets" in spec)) throw new Invalid("timer.parameters", { message: spec.join("; ") });
    const zone = zoneOf(timezone);
    const following = (time: Micros): Micros | undefined => {
      const next = nextCronTime(spec, zone, Math.floor(time / 1000) + 1);
      return next === undefined ? undefined : inTime(next * 1000);
    };
    return {
      following,
      latest(last, now) {
        // `following` never falls as time rises, so the latest planned time is found by halving.
        let low = last;
        let high = now;
        while (high - low > SECOND) {
          const middle = Math.floor((low + high) / 2);
          if ((following(middle) ?? LAST_TIME) <= now) low = middle;
          else high = middle;
        }
        return following(low) ?? last;
      },
    };
  },
};

function inTime(time: Micros): Micros | undefined {
  return time <= LAST_TIME ? time : undefined;
}

/** ISO 8601, SQL and RFC 2822 dates; one without a zone is a reading of the clocks in `timezone`. */
function parseDate(text: string, timezone: string): Micros | undefined {
  const zone = IANAZone.create(timezone);
  const readings = [DateTime.fromISO, DateTime.fromSQL, DateTime.fromRFC2822].map((read) =>
    read(text.trim(), { zone }),
  );
  const found = readings.find((one) => one.isValid);
  return found && inTime(found.toMillis() * 1000);
}
