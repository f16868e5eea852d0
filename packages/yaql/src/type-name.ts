import { Dict, DictView, isDict, YaqlSet } from "./containers.ts";
import { Iter, MutableList, Ordering, PyFloat } from "./values.ts";
import { Regex } from "./regex/regex.ts";
import { DateTime, Timespan } from "./time/date-time.ts";

/** Python's name of a value's type; the full one has the module, as messages about types have it. */
export function typeName(value: unknown, full = false): string {
  const named = (module: string, name: string) => (full ? `${module}.${name}` : name);
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "string") return "str";
  if (value instanceof PyFloat) return "float";
  if (value instanceof MutableList) return "list";
  if (Array.isArray(value)) return "tuple";
  if (value instanceof Dict && !value.frozen) return "dict";
  if (isDict(value)) return "FrozenDict";
  if (value instanceof YaqlSet) return "frozenset";
  if (value instanceof DateTime) return named("datetime", "datetime");
  if (value instanceof Timespan) return named("datetime", "timedelta");
  if (value instanceof Regex) return named("re", "Pattern");
  if (value instanceof Iter) return value.what;
  if (value instanceof DictView) return value.className;
  if (value instanceof Ordering) return "OrderingIterable";
  if (typeof value === "function") return "function";
  return Object.getPrototypeOf(value)?.constructor?.name ?? "object";
}
