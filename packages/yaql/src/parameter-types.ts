/** What parameters accept. The names are those of signatures: `first(collection: iterable, default: any = omitted)`. */
import { Context } from "./context.ts";
import { Lambda } from "./lambda.ts";
import { isInteger, isNumber } from "./numbers.ts";
import { Regex } from "./regex/regex.ts";
import type { Run } from "./run.ts";
import { DateTime, Timespan } from "./time/date-time.ts";
import { isDict, isSet } from "./containers.ts";
import { isIterable } from "./iteration.ts";
import { Iter, Ordering } from "./values.ts";

/** `k => v` with both sides evaluated: what `dict` and `{}` take. */
export class EvaluatedPair {
  readonly key: unknown;
  readonly value: unknown;
  constructor(key: unknown, value: unknown) {
    this.key = key;
    this.value = value;
  }
}

/** How an argument reaches the function. */
export type Passing =
  /** evaluated */
  | "value"
  /** as a `Lambda`, evaluated as often as the function likes */
  | "lambda"
  /** as a `LazyPair`: an unevaluated `k => v` */
  | "pair"
  /** must be a bare word, whose text is passed */
  | "keyword"
  /** must be a text constant */
  | "constant";

interface TypeRule {
  readonly passing: Passing;
  /** Never asked about null. */
  readonly accepts: (value: unknown, run: Run) => boolean;
  /**
   * The Python class behind it, its ancestors after it: of two overloads that fit, the one with a descendant wins.
   * Without any, the type takes no part in that.
   */
  readonly lineage: readonly string[];
}

const value = (lineage: string, accepts: TypeRule["accepts"]): TypeRule => ({
  passing: "value",
  accepts,
  lineage: lineage.split(" "),
});
const always = () => true;
const isInt = (v: unknown) => isInteger(v) || typeof v === "boolean";

const RULES = {
  any: value("object", always),
  /** Anything but null. */
  object: value("object", always),
  string: value("str sequence iterable object", (v) => typeof v === "string"),
  bool: value("bool int object", (v) => typeof v === "boolean"),
  /** Python's int, of which bool is a kind. */
  int: value("int object", isInt),
  integer: value("int object", isInteger),
  number: { passing: "value", accepts: isNumber, lineage: [] },
  iterable: value("iterable object", (v, run) => isIterable(v) || (run.iterableDicts && isDict(v))),
  iterator: value("iterable object", (v) => v instanceof Iter),
  /** An iterable that is no set. */
  nonSet: value("iterable object", (v) => isIterable(v) && !isSet(v)),
  sequence: value("sequence iterable object", (v) => Array.isArray(v)),
  map: value("mapping iterable object", isDict),
  set: value("set iterable object", isSet),
  ordering: value("ordering iterable object", (v) => v instanceof Ordering),
  regex: value("pattern object", (v) => v instanceof Regex),
  datetime: value("datetime object", (v) => v instanceof DateTime),
  timespan: value("timedelta object", (v) => v instanceof Timespan),
  context: value("context object", (v) => v instanceof Context),
  callable: value("object", (v) => v instanceof Lambda || typeof v === "function"),
  nothing: value("none object", () => false),
  pair: value("pair object", (v) => v instanceof EvaluatedPair),
  lazyPair: { passing: "pair", accepts: always, lineage: [] },
  lambda: { passing: "lambda", accepts: always, lineage: [] },
  keyword: { passing: "keyword", accepts: always, lineage: [] },
  constant: { passing: "constant", accepts: (v) => typeof v === "string", lineage: [] },
} satisfies Record<string, TypeRule>;

export type TypeName = keyof typeof RULES;

export const isTypeName = (name: string): name is TypeName => Object.hasOwn(RULES, name);

export interface ParameterType extends TypeRule {
  readonly name: TypeName;
  readonly nullable: boolean;
  readonly isCollection: boolean;
}

export function parameterType(name: TypeName, nullable: boolean): ParameterType {
  return {
    ...RULES[name],
    name,
    nullable: nullable || name === "any" || name === "lambda" || name === "nothing",
    isCollection: name === "iterable" || name === "iterator" || name === "nonSet",
  };
}

export function accepts(type: ParameterType, value: unknown, run: Run): boolean {
  return value === null || value === undefined ? type.nullable : type.accepts(value, run);
}

/** Whether a value of `a` always is one of `b`, but not the other way round. */
export function isMoreSpecific(a: ParameterType, b: ParameterType): boolean {
  const [own] = a.lineage;
  const [other] = b.lineage;
  return own !== undefined && other !== undefined && own !== other && a.lineage.includes(other);
}
