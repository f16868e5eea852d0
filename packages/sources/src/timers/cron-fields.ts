/** The fields of a cron timer, greatest first, with the bounds of their values (APScheduler's: weekday 0 is Monday). */
export const CRON_BOUNDS = {
  year: [1970, 9999],
  month: [1, 12],
  day: [1, 31],
  week: [1, 53],
  day_of_week: [0, 6],
  hour: [0, 23],
  minute: [0, 59],
  second: [0, 59],
} as const satisfies Record<string, readonly [number, number]>;

export type CronField = keyof typeof CRON_BOUNDS;
export const CRON_FIELDS = Object.keys(CRON_BOUNDS) as readonly CronField[];

/** Years later than this are not planned for (see LAST_TIME in schedule.ts), so they need not be kept. */
const LAST_YEAR = 2256;

/** What `*` allows, shared by all timers. */
const ALL: ReadonlyMap<CronField, ReadonlySet<number>> = new Map(
  CRON_FIELDS.map((field) => {
    const [min, max] = CRON_BOUNDS[field];
    return [field, new Set(Array.from({ length: Math.min(max, LAST_YEAR) - min + 1 }, (_, at) => min + at))];
  }),
);

/** What a field that is not given falls back to when every greater given field has been seen. */
const LEAST: Readonly<Record<CronField, string>> = {
  year: "*",
  month: "1",
  day: "1",
  week: "*",
  day_of_week: "*",
  hour: "0",
  minute: "0",
  second: "0",
};

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const POSITIONS = ["1st", "2nd", "3rd", "4th", "5th"];

/** The days of one month that `xth y`, `last x` and `last` name: they depend on the month. */
export type DayOfMonth = (firstWeekday: number, lastDay: number) => number | undefined;

export interface CronSpec {
  readonly sets: Readonly<Record<CronField, ReadonlySet<number>>>;
  /** In addition to `sets.day`. */
  readonly namedDays: readonly DayOfMonth[];
  /** The hour is not restricted: the timer goes by elapsed time, not by the clock on the wall. */
  readonly everyHour: boolean;
}

/**
 * Reads the fields of a cron timer as APScheduler's CronTrigger does
 * (https://apscheduler.readthedocs.io/en/3.x/modules/triggers/cron.html): fields below the least given one are at
 * their minimum, others that are not given are `*`. Gives the problems instead when there are any.
 */
export function parseCron(parameters: Readonly<Record<string, unknown>>): CronSpec | readonly string[] {
  const problems: string[] = [];
  const given = CRON_FIELDS.filter((field) => parameters[field] !== undefined && parameters[field] !== null);
  const least = given.length === 0 ? -1 : Math.max(...given.map((field) => CRON_FIELDS.indexOf(field)));
  const namedDays: DayOfMonth[] = [];
  const sets: Partial<Record<CronField, ReadonlySet<number>>> = {};
  let everyHour = false;
  for (const [at, field] of CRON_FIELDS.entries()) {
    const text = given.includes(field)
      ? String(parameters[field]).trim()
      : least >= 0 && at > least
        ? LEAST[field]
        : "*";
    if (text === "*") {
      sets[field] = ALL.get(field);
      everyHour ||= field === "hour";
      continue;
    }
    const values = new Set<number>();
    for (const expression of text.split(/ *, */)) {
      const problem = addExpression(field, expression, values, namedDays);
      if (problem) problems.push(`Error validating expression '${expression}' for field "${field}": ${problem}`);
    }
    sets[field] = values;
    everyHour ||= field === "hour" && values.size === 24;
  }
  if (problems.length > 0) return problems;
  return { sets: sets as Record<CronField, ReadonlySet<number>>, namedDays, everyHour };
}

/** Gives what is wrong, if anything. */
function addExpression(
  field: CronField,
  expression: string,
  values: Set<number>,
  namedDays: DayOfMonth[],
): string | undefined {
  const [min, max] = CRON_BOUNDS[field];
  const every = /^\*(?:\/(\d+))?$/.exec(expression);
  if (every) return addRange(values, [min, max], [min, max], every[1]);
  const range = /^(\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(expression);
  if (range) {
    const first = Number(range[1]);
    const last = range[2] !== undefined ? Number(range[2]) : range[3] === undefined ? first : max;
    return addRange(values, [first, last], [min, max], range[3]);
  }
  const names = { month: MONTHS, day_of_week: WEEKDAYS }[field as string];
  const named = names && /^([a-z]+)(?:-([a-z]+))?$/i.exec(expression);
  if (names && named) {
    const [first, last] = [named[1], named[2] ?? named[1]].map((name) => names.indexOf(name?.toLowerCase() ?? ""));
    if (first === undefined || last === undefined || first < 0 || last < 0) return `names are ${names.join(", ")}`;
    return addRange(values, [first + min, last + min], [min, max], undefined);
  }
  if (field === "day") return addNamedDay(expression, namedDays);
  return "Unrecognized expression";
}

function addRange(
  values: Set<number>,
  [first, last]: readonly [number, number],
  [min, max]: readonly [number, number],
  stepText: string | undefined,
): string | undefined {
  const step = Number(stepText ?? 1);
  if (step === 0) return "Increment must be higher than 0";
  if (first > last) return "The minimum value in a range must not be higher than the maximum";
  if (first < min) return `the first value (${first}) is lower than the minimum value (${min})`;
  if (last > max) return `the last value (${last}) is higher than the maximum value (${max})`;
  if (stepText !== undefined && step > last - first) {
    return `the step value (${step}) is higher than the total range of the expression (${last - first})`;
  }
  for (let value = first; value <= Math.min(last, LAST_YEAR); value += step) values.add(value);
  return undefined;
}

function addNamedDay(expression: string, namedDays: DayOfMonth[]): string | undefined {
  if (/^last$/i.test(expression)) {
    namedDays.push((_, lastDay) => lastDay);
    return undefined;
  }
  const match = /^(1st|2nd|3rd|4th|5th|last) +(\w+)$/i.exec(expression);
  if (!match) return "Unrecognized expression";
  const position = POSITIONS.indexOf((match[1] ?? "").toLowerCase());
  const weekday = WEEKDAYS.indexOf((match[2] ?? "").toLowerCase());
  if (weekday < 0) return `names are ${WEEKDAYS.join(", ")}`;
  namedDays.push((firstWeekday, lastDay) => {
    const first = 1 + ((weekday - firstWeekday + 7) % 7);
    const day = first + 7 * (position < 0 ? Math.floor((lastDay - first) / 7) : position);
    return day <= lastDay ? day : undefined;
  });
  return undefined;
}
