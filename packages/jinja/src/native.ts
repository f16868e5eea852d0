import { LimitError, typeError } from "./errors.ts";
import type { JinjaError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import {
  Callable,
  DictView,
  HostObject,
  Markup,
  Namespace,
  PyFloat,
  PyIterator,
  Range,
  Tuple,
  Undefined,
  dictEntries,
  isDict,
  typeName,
} from "./values.ts";
import { text } from "./text.ts";

/**
 * A value as plain JavaScript: floats are numbers, tuples, ranges, views and iterators arrays, dicts objects (keys printed
 * as JSON prints them), marked text strings. Integers beyond 2^53 stay bigints.
 * @throws UndefinedError for a strict undefined value, JinjaRuntimeError (TypeError) for functions and the like
 */
export function toNative(rt: Runtime, value: unknown, depth = 0): unknown {
  if (typeof value === "function") throw noResult(value);
  if (typeof value !== "object" || value === null) return value === undefined ? null : value;
  if (depth > 200) throw new LimitError("the result is nested more than 200 levels deep");
  if (value instanceof PyFloat) return value.value;
  if (value instanceof Markup) return value.text;
  rt.spend(1);
  if (Array.isArray(value)) {
    if (!(value instanceof Tuple) && value.every(isPlain)) return value;
    return Array.from(value, (item) => toNative(rt, item, depth + 1));
  }
  if (value instanceof Range || value instanceof DictView) {
    return value.items().map((item) => toNative(rt, item, depth + 1));
  }
  if (value instanceof PyIterator) return value.drain().map((item) => toNative(rt, item, depth + 1));
  if (value instanceof HostObject) {
    const stands = value.value();
    if (stands === undefined) throw noResult(value);
    return toNative(rt, stands, depth + 1);
  }
  if (value instanceof Undefined) {
    if (value.strict || value.unsafe) throw value.error();
    return null;
  }
  if (value instanceof Callable || value instanceof Namespace) throw noResult(value);
  if (isDict(value)) {
    const out: Record<string, unknown> = {};
    for (const [key, item] of dictEntries(value)) {
      const name =
        typeof key === "string" ? key : typeof key === "boolean" || key === null ? String(key) : text(rt, key);
      const native = toNative(rt, item, depth + 1);
      if (name === "__proto__") {
        Object.defineProperty(out, name, { value: native, writable: true, enumerable: true, configurable: true });
      } else out[name] = native;
    }
    return out;
  }
  return value;
}

const noResult = (value: unknown): JinjaError =>
  typeError(`Object of type ${typeName(value)} is not JSON serializable`);

const isPlain = (item: unknown): boolean =>
  item === null || (typeof item !== "object" && typeof item !== "function" && item !== undefined);
