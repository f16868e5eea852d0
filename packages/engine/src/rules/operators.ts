import { Invalid, isObject, type Micros } from "@squall/model";
import type { MatchContext } from "./languages.ts";
import { parseLenientDate } from "./lenient-date.ts";
import { compilePythonRegex, type PythonRegexOptions } from "./python-regex.ts";
import { pythonCompare, pythonEquals, pythonIn, pythonType } from "./python-values.ts";
import { compileWildcard } from "./wildcard.ts";

/** A test of payload values, made for one pattern. It throws when it cannot be decided, as StackStorm's operators do. */
export type Test = (value: unknown, context: MatchContext) => boolean;
export type Operator = (pattern: unknown) => Test;

const NEVER: Test = () => false;

/** A null pattern decides before the value is looked at. */
function unlessNull(operator: Operator): Operator {
  return (pattern) => (pattern === null ? NEVER : operator(pattern));
}

function texts(decide: (value: string, pattern: string) => boolean): Operator {
  return unlessNull((pattern) => (value) => decide(text(value, "value"), text(pattern, "pattern")));
}

/** Like `texts`, for what is worth preparing once for each pattern; prepared at first use, where its errors belong. */
function prepared(prepare: (pattern: string) => (value: string) => boolean): Operator {
  return unlessNull((pattern) => {
    let decide: ((value: string) => boolean) | undefined;
    return (value) => {
      const subject = text(value, "value");
      decide ??= prepare(text(pattern, "pattern"));
      return decide(subject);
    };
  });
}

function text(value: unknown, role: "value" | "pattern"): string {
  if (typeof value === "string") return value;
  throw new Invalid("rule.not-text", { message: `the ${role} must be text, it is ${pythonType(value)}` });
}

const lower = (value: string): string => value.toLowerCase();
const regex = (options: PythonRegexOptions): Operator => prepared((pattern) => compilePythonRegex(pattern, options));

const equals: Operator = unlessNull((pattern) => (value) => pythonEquals(value, pattern));
const notEquals: Operator = (pattern) => (value) => !pythonEquals(value, pattern);
const equalsAnyCase = texts((value, pattern) => lower(value) === lower(pattern));
const lessThan: Operator = unlessNull((pattern) => (value) => pythonCompare(value, pattern) < 0);
const greaterThan: Operator = unlessNull((pattern) => (value) => pythonCompare(value, pattern) > 0);
const inside: Operator = unlessNull((pattern) => (value) => pythonIn(value, pattern));
const notInside: Operator = unlessNull((pattern) => (value) => !pythonIn(value, pattern));
const olderThan: Operator = unlessNull(
  (pattern) =>
    (value, { now }) =>
      pythonCompare(age(value, now), pattern) > 0,
);
const youngerThan: Operator = unlessNull(
  (pattern) =>
    (value, { now }) =>
      pythonCompare(age(value, now), pattern) < 0,
);

/** Seconds between the date in a value and now. */
function age(value: unknown, now: Micros): number {
  const date = parseLenientDate(text(value, "value"), now);
  if (date === undefined) {
    throw new Invalid("rule.not-a-date", { message: `"${String(value).slice(0, 100)}" cannot be read as a date` });
  }
  return (now - date) / 1_000_000;
}

/**
 * Every operator of rule criteria under all its names, but `search`, which needs the other criteria. Names and meaning
 * are StackStorm's (https://docs.stackstorm.com/rules.html#criteria-types); values are never undefined here: a
 * missing field is null.
 */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["matchwildcard", prepared(compileWildcard)],
  ["matchregex", regex({ anchored: true, dotAll: true })],
  ["regex", regex({})],
  ["iregex", regex({ ignoreCase: true })],
  ["eq", equals],
  ["equals", equals],
  ["nequals", notEquals],
  ["neq", notEquals],
  ["ieq", equalsAnyCase],
  ["iequals", equalsAnyCase],
  ["contains", unlessNull((pattern) => (value) => pythonIn(pattern, value))],
  ["icontains", texts((value, pattern) => lower(value).includes(lower(pattern)))],
  ["ncontains", unlessNull((pattern) => (value) => !pythonIn(pattern, value))],
  ["incontains", texts((value, pattern) => !lower(value).includes(lower(pattern)))],
  ["startswith", texts((value, pattern) => value.startsWith(pattern))],
  ["istartswith", texts((value, pattern) => lower(value).startsWith(lower(pattern)))],
  ["endswith", texts((value, pattern) => value.endsWith(pattern))],
  ["iendswith", texts((value, pattern) => lower(value).endsWith(lower(pattern)))],
  ["lt", lessThan],
  ["lessthan", lessThan],
  ["gt", greaterThan],
  ["greaterthan", greaterThan],
  ["td_lt", youngerThan],
  ["timediff_lt", youngerThan],
  ["td_gt", olderThan],
  ["timediff_gt", olderThan],
  ["exists", () => (value) => value !== null],
  ["nexists", () => (value) => value === null],
  ["inside", inside],
  ["in", inside],
  ["ninside", notInside],
  ["nin", notInside],
]);

export const OPERATOR_NAMES: readonly string[] = [...OPERATORS.keys(), "search"];

/** Everything wrong with a rule's criteria, in StackStorm's words. Empty: they can be loaded. */
export function checkCriteria(criteria: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(criteria).flatMap(([key, criterion]) => {
    const { type, pattern } = isObject(criterion) ? criterion : {};
    if (typeof type !== "string" || type === "") return [`Operator not specified for field: ${key}`];
    if (!OPERATOR_NAMES.includes(type)) {
      const names = OPERATOR_NAMES.map((name) => `'${name}'`).join(", ");
      return [`For field: ${key}, operator ${type} not in list of allowed operators: [${names}]`];
    }
    if (pattern === undefined || pattern === null) {
      return [`For field: ${key}, no pattern specified for operator ${type}`];
    }
    return [];
  });
}
