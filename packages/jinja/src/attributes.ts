import { JinjaRuntimeError, typeError } from "./errors.ts";
import { formatBraces } from "./format-braces.ts";
import { dictMethods } from "./methods-dict.ts";
import { listMethods, tupleMethods } from "./methods-list.ts";
import { stringMethods } from "./methods-string.ts";
import { isInt, isNumber, toNumber } from "./numbers.ts";
import { intArgument } from "./sequence.ts";
import { iterate, size } from "./sequence.ts";
import type { Runtime } from "./runtime.ts";
import { characters, hasSurrogates, repr, text } from "./text.ts";
import {
  Callable,
  GroupTuple,
  HostObject,
  Markup,
  Namespace,
  Range,
  Tuple,
  Undefined,
  describeType,
  dictEntries,
  dictGet,
  float,
  hostValue,
  isDict,
  isString,
  tupleOf,
} from "./values.ts";
import type { KeywordArguments } from "./values.ts";

/** A method of a built-in type. */
export type Method = (rt: Runtime, self: unknown, args: unknown[], keywords: KeywordArguments) => unknown;

/** Methods that change the value they are called on. */
export const MUTATING: ReadonlySet<string> = new Set([
  "append",
  "clear",
  "extend",
  "insert",
  "pop",
  "popitem",
  "remove",
  "reverse",
  "setdefault",
  "sort",
  "update",
]);

/** Attributes that every object of Python has and the sandbox refuses, whatever else goes by that name. */
const FORBIDDEN: ReadonlySet<string> = new Set(
  (
    "__class__ __delattr__ __dict__ __dir__ __doc__ __eq__ __format__ __ge__ __getattribute__ __gt__ __hash__ __init__ " +
    "__init_subclass__ __le__ __lt__ __module__ __ne__ __new__ __reduce__ __reduce_ex__ __repr__ __setattr__ __sizeof__ " +
    "__str__ __subclasshook__ __call__ __globals__ __code__ __closure__ __func__ __self__ __mro__ __bases__ __subclasses__"
  ).split(" "),
);

const intMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    "bit_length",
    (_, self) =>
      (BigInt(self as number) < 0n ? -BigInt(self as number) : BigInt(self as number)).toString(2).replace(/^0$/, "")
        .length,
  ],
  ["conjugate", (_, self) => self],
]);
const floatMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["conjugate", (_, self) => self],
  ["is_integer", (_, self) => Number.isInteger(toNumber(self as number))],
]);
const dateMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["isoformat", (rt, self) => text(rt, self).replace(" ", "T")],
  ["timestamp", (_, self) => float((self as Date).getTime() / 1000)],
]);
const ACCESS = { attribute: getAttribute, item: getItem };
const textMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ...stringMethods,
  [
    "format",
    (rt, self, args, keywords) => {
      const result = formatBraces(rt, String(self), args, keywords, self instanceof Markup, ACCESS);
      return self instanceof Markup ? new Markup(result) : result;
    },
  ],
  [
    "format_map",
    (rt, self, args) => {
      const mapping = args[0];
      if (args.length !== 1 || !isDict(mapping)) throw typeError("format_map() takes exactly one mapping");
      const named = new Map(dictEntries(mapping).map(([key, value]) => [String(key), value]));
      return formatBraces(rt, String(self), [], named, self instanceof Markup, ACCESS);
    },
  ],
]);
const NO_METHODS: ReadonlyMap<string, Method> = new Map();

function methodsOf(value: unknown): ReadonlyMap<string, Method> {
  if (typeof value === "string" || value instanceof Markup) return textMethods;
  if (value instanceof Tuple) return tupleMethods;
  if (Array.isArray(value)) return listMethods;
  if (isDict(value)) return dictMethods;
  if (isInt(value)) return intMethods;
  if (isNumber(value)) return floatMethods;
  if (value instanceof Date) return dateMethods;
  return NO_METHODS;
}

/** The method `name` of a value, if its type has one. */
export function findMethod(rt: Runtime, value: unknown, name: string): Method | undefined {
  const method = methodsOf(value).get(name);
  if (method !== undefined && !rt.mutates && MUTATING.has(name)) {
    // Whether a template changes values is decided from its words, so that the others need no copy of the context.
    throw new JinjaRuntimeError(
      `the method '${name}' changes its object and must be called by a name that is written out`,
      "SecurityError",
    );
  }
  return method;
}

/** Attributes (not methods) of built-in types; `undefined` when there is none. */
function ownAttribute(rt: Runtime, value: unknown, name: string): unknown {
  if (value instanceof Namespace) return value.values.get(name);
  if (value instanceof GroupTuple) return name === "grouper" ? value[0] : name === "list" ? value[1] : undefined;
  if (value instanceof Callable) return value.read(name);
  if (value instanceof HostObject) return value.read(name);
  if (value instanceof Range) return name === "start" || name === "stop" || name === "step" ? value[name] : undefined;
  if (value instanceof Date) return dateAttribute(value, name);
  if (isNumber(value)) {
    if (name === "real") return value;
    if (name === "imag") return 0;
    if (isInt(value) && name === "numerator") return value;
    if (isInt(value) && name === "denominator") return 1;
  }
  const method = findMethod(rt, value, name);
  if (method === undefined) return undefined;
  return new Callable(name, (args, keywords) => method(rt, value, args, keywords));
}

function dateAttribute(value: Date, name: string): unknown {
  switch (name) {
    case "year":
      return value.getUTCFullYear();
    case "month":
      return value.getUTCMonth() + 1;
    case "day":
      return value.getUTCDate();
    case "hour":
      return value.getUTCHours();
    case "minute":
      return value.getUTCMinutes();
    case "second":
      return value.getUTCSeconds();
    case "isoformat":
    case "timestamp": {
      const method = dateMethods.get(name) as Method;
      return new Callable(name, () => method(undefined as never, value, [], new Map()));
    }
    default:
      return undefined;
  }
}

function refuse(rt: Runtime, value: unknown, name: string): Undefined {
  const type = describeType(value)
    .replace(/ object$/, "")
    .replace("markupsafe.", "");
  return new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`, rt.setup.strict, true);
}

/** `value.name`: a method or attribute of the type first, then a key. */
export function getAttribute(rt: Runtime, value: unknown, name: string): unknown {
  if (value instanceof Undefined && (value.unsafe || !FORBIDDEN.has(name))) throw value.error();
  if (FORBIDDEN.has(name)) return refuse(rt, value, name);
  const own = ownAttribute(rt, value, name);
  if (own !== undefined) return own;
  if (isDict(value)) {
    const item = dictGet(value, name);
    if (item !== undefined) return item;
  }
  return rt.undefined(`'${describeType(value)}' has no attribute '${name}'`);
}

/** `value[key]`: an element or key first, then an attribute. */
export function getItem(rt: Runtime, value: unknown, keyValue: unknown): unknown {
  if (value instanceof Undefined) throw value.error();
  const key = hostValue(keyValue);
  if (key instanceof Undefined) throw key.error();
  if (isDict(value)) {
    const item = dictGet(value, key);
    if (item !== undefined) return item;
  } else if (isInt(key)) {
    const item = element(value, Number(key));
    if (item !== undefined) return item;
  }
  if (isString(key)) {
    const name = String(key);
    if (FORBIDDEN.has(name)) return refuse(rt, value, name);
    const own = ownAttribute(rt, value, name);
    if (own !== undefined) return own;
    return rt.undefined(`'${describeType(value)}' has no attribute '${name}'`);
  }
  return rt.undefined(`${describeType(value)} has no element ${repr(rt, key)}`);
}

function element(operand: unknown, index: number): unknown {
  const value = hostValue(operand);
  if (Array.isArray(value)) return nullable(value.at(index), value.length, index);
  if (isString(value)) {
    const string = String(value);
    return hasSurrogates(string) ? characters(string).at(index) : string.at(index);
  }
  if (value instanceof Range) {
    const at = index < 0 ? index + value.length : index;
    return at >= 0 && at < value.length ? value.start + at * value.step : undefined;
  }
  return undefined;
}

/** Arrays from outside may hold `undefined`, which is None; beyond the end there is nothing. */
function nullable(item: unknown, length: number, index: number): unknown {
  return item === undefined && index < length && index >= -length ? null : item;
}

/** `value[start:stop:step]`. */
export function getSlice(rt: Runtime, operand: unknown, bounds: readonly unknown[]): unknown {
  const value = hostValue(operand);
  if (value instanceof Undefined) throw value.error();
  if (!isString(value) && !Array.isArray(value) && !(value instanceof Range)) {
    return rt.undefined(`${describeType(value)} has no element slice`);
  }
  const length = size(rt, value);
  const bound = (item: unknown): number | undefined =>
    item === undefined || item === null ? undefined : intArgument(item, "slice indices");
  const step = bound(bounds[2]) ?? 1;
  if (step === 0) throw new JinjaRuntimeError("slice step cannot be zero", "ValueError");
  const clamp = (at: number | undefined, otherwise: number): number => {
    if (at === undefined) return otherwise;
    const from = at < 0 ? at + length : at;
    return step > 0 ? Math.min(Math.max(from, 0), length) : Math.min(Math.max(from, -1), length - 1);
  };
  const start = clamp(bound(bounds[0]), step > 0 ? 0 : length - 1);
  const stop = clamp(bound(bounds[1]), step > 0 ? length : -1);
  if (typeof value === "string" && step === 1 && !hasSurrogates(value))
    return value.slice(start, Math.max(start, stop));
  const items = iterate(rt, value);
  const taken: unknown[] = [];
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) taken.push(items[i]);
  rt.spend(taken.length);
  if (typeof value === "string") return taken.join("");
  if (value instanceof Markup) return new Markup(taken.join(""));
  return value instanceof Tuple ? tupleOf(taken) : taken;
}
