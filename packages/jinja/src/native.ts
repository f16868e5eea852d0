import { LimitError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { DictView, HostObject, Markup, PyFloat, PyIterator, Range, Tuple, dictEntries, isDict } from "./values.ts";
import { text } from "./text.ts";

/**
 * A value as plain JavaScript: floats are numbers, tuples, ranges, views and iterators arrays, dicts objects (keys printed
 * as JSON prints them), marked text strings. Integers beyond 2^53 stay bigints.
 * @throws UndefinedError for a strict undefined value
 */
export function toNative(rt: Runtime, value: unknown, depth = 0): unknown {
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
    return stands === undefined ? value : toNative(rt, stands, depth + 1);
  }
  if (isDict(value)) {
    const out: Record<string, unknown> = {};
    for (const [key, item] of dictEntries(value)) {
      const name = typeof key === "string" ? key : typeof key === "boolean" || key === null ? String(key) : text(rt, key);
      const native = toNative(rt, item, depth + 1);
      if (name === "__proto__") {
        Object.defineProperty(out, name, { value: native, writable: true, enumerable: true, configurable: true });
      } else out[name] = native;
    }
    return out;
  }
  return value;
}

const isPlain = (item: unknown): boolean => item === null || (typeof item !== "object" && item !== undefined);
