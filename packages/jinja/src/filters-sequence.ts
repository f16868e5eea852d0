import { getAttribute, getItem } from "./attributes.ts";
import { JinjaRuntimeError, typeError } from "./errors.ts";
import { applyFilter, filter, flag, rawFilter } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { isNumber, toNumber } from "./numbers.ts";
import { binary, concat } from "./arithmetic.ts";
import { equals, order } from "./comparison.ts";
import { intArgument, iterate, size, truth } from "./sequence.ts";
import type { Runtime } from "./runtime.ts";
import { characters, repr, text } from "./text.ts";
import {
  GroupTuple,
  Markup,
  PyIterator,
  Undefined,
  dictEntries,
  hostValue,
  isDict,
  isString,
  tuple,
  typeName,
} from "./values.ts";
import type { KeywordArguments } from "./values.ts";

/** How `attribute='a.b.0'` reads an element; without an attribute the element itself. */
function getter(
  rt: Runtime,
  attribute: unknown,
  post?: (value: unknown) => unknown,
  otherwise?: unknown,
): (item: unknown) => unknown {
  const path: unknown[] =
    attribute === undefined || attribute === null
      ? []
      : isString(attribute)
        ? String(attribute)
            .split(".")
            .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
        : [attribute];
  return (item) => {
    rt.spend(1);
    let value = item;
    for (const part of path) {
      value = getItem(rt, value, part);
      if (otherwise !== undefined && value instanceof Undefined) value = otherwise;
    }
    return post === undefined ? value : post(value);
  };
}

const ignoreCase = (value: unknown): unknown => (isString(value) ? String(value).toLowerCase() : value);

/** Sorts stably by a key; comparing counts as work. */
function sortBy(rt: Runtime, items: readonly unknown[], key: (item: unknown) => unknown, reverse: boolean): unknown[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  const sign = reverse ? -1 : 1;
  keyed.sort((a, b) => {
    rt.spend(1);
    return sign * (order(rt, "<", a.key, b.key) ?? 0);
  });
  return keyed.map((entry) => entry.item);
}

/** Groups in the order their keys first occur; scalars are found by hashing, other keys by comparing. */
function distinct(rt: Runtime, items: readonly unknown[], key: (item: unknown) => unknown): unknown[] {
  const seen = new Set<unknown>();
  const others: unknown[] = [];
  return items.filter((item) => {
    const value = hostValue(key(item));
    const hash = isNumber(value) ? toNumber(value) : isString(value) ? `s${String(value)}` : value;
    if (typeof hash !== "object" || hash === null) {
      if (seen.has(hash)) return false;
      seen.add(hash);
      return true;
    }
    if (isDict(value) || (Array.isArray(value) && typeName(value) === "list")) {
      throw typeError(`unhashable type: '${typeName(value)}'`);
    }
    rt.spend(others.length);
    if (others.some((other) => equals(rt, other, value))) return false;
    others.push(value);
    return true;
  });
}

function extreme(name: "min" | "max"): Filter {
  return filter("case_sensitive? attribute?", (rt, value, caseSensitive, attribute) => {
    const items = iterate(rt, value);
    if (items.length === 0) return rt.undefined("No aggregated item, sequence was empty.");
    const key = getter(rt, attribute, flag(rt, caseSensitive) ? undefined : ignoreCase);
    let best = items[0];
    let bestKey = key(best);
    for (const item of items.slice(1)) {
      const itemKey = key(item);
      const by = order(rt, name === "min" ? "<" : ">", itemKey, bestKey) ?? 0;
      if (name === "min" ? by < 0 : by > 0) {
        best = item;
        bestKey = itemKey;
      }
    }
    return best;
  });
}

/** `select`, `reject`, `selectattr`, `rejectattr`. */
function selection(wanted: boolean, byAttribute: boolean): Filter {
  return rawFilter((rt, value, args, keywords) => {
    const rest = [...args];
    let key = (item: unknown): unknown => item;
    if (byAttribute) {
      if (rest.length === 0) throw typeError("Missing parameter for attribute name");
      key = getter(rt, rest.shift());
    }
    let holds = (item: unknown): boolean => truth(rt, item);
    if (rest.length > 0) {
      const name = text(rt, rest.shift());
      const test = rt.setup.tests.get(name);
      if (test === undefined) throw new JinjaRuntimeError(`No test named '${name}'.`);
      holds = (item) => truth(rt, applyFilter(rt, name, test, item, rest, keywords));
    }
    if (!truth(rt, value)) return new PyIterator([]);
    const chosen = iterate(rt, value).filter((item) => {
      rt.spend(1);
      return holds(key(item)) === wanted;
    });
    return new PyIterator(chosen);
  });
}

/** What `map` does to each element: read an attribute, or apply a filter. */
function mapping(rt: Runtime, args: unknown[], keywords: KeywordArguments): (item: unknown) => unknown {
  if (args.length === 0 && keywords.has("attribute")) {
    for (const name of keywords.keys()) {
      if (name !== "attribute" && name !== "default") throw typeError(`Unexpected keyword argument '${name}'`);
    }
    return getter(rt, keywords.get("attribute"), undefined, keywords.get("default"));
  }
  if (args.length === 0) throw typeError("map requires a filter argument");
  const [first, ...rest] = args;
  const name = text(rt, first);
  const target = rt.setup.filters.get(name);
  if (target === undefined) throw new JinjaRuntimeError(`No filter named '${name}'.`);
  return (item) => {
    rt.spend(1);
    return applyFilter(rt, name, target, item, rest, keywords);
  };
}

export const sequenceFilters: readonly (readonly [string, Filter])[] = [
  [
    "batch",
    filter("linecount fill_with?", (rt, value, count, fill) => {
      const width = intArgument(count, "batch");
      const items = iterate(rt, value);
      rt.spend(items.length);
      const batches: unknown[][] = [];
      if (width < 1) return new PyIterator(items.length > 0 ? [[...items]] : []);
      for (let i = 0; i < items.length; i += width) batches.push(items.slice(i, i + width));
      const last = batches.at(-1);
      if (fill !== undefined && fill !== null && last !== undefined) {
        rt.spend(width - last.length);
        while (last.length < width) last.push(fill);
      }
      return new PyIterator(batches);
    }),
  ],
  [
    "slice",
    filter("slices fill_with?", (rt, value, count, fill) => {
      const parts = intArgument(count, "slice");
      if (parts < 1) throw new JinjaRuntimeError("integer division or modulo by zero", "ZeroDivisionError");
      rt.spend(parts);
      const items = iterate(rt, value);
      const each = Math.floor(items.length / parts);
      const extra = items.length % parts;
      const slices: unknown[][] = [];
      let at = 0;
      for (let i = 0; i < parts; i++) {
        const end = at + each + (i < extra ? 1 : 0);
        const slice = items.slice(at, end);
        if (fill !== undefined && fill !== null && i >= extra) slice.push(fill);
        slices.push(slice);
        at = end;
      }
      return new PyIterator(slices);
    }),
  ],
  [
    "dictsort",
    filter("case_sensitive? by? reverse?", (rt, value, caseSensitive, by, reverse) => {
      if (value instanceof Undefined) throw value.error();
      if (!isDict(value))
        throw new JinjaRuntimeError(`'${typeName(value)} object' has no attribute 'items'`, "AttributeError");
      const which = by === undefined ? "key" : text(rt, by);
      if (which !== "key" && which !== "value") {
        throw new JinjaRuntimeError('You can only sort by either "key" or "value"', "FilterArgumentError");
      }
      const at = which === "key" ? 0 : 1;
      const pairs = dictEntries(value).map(([key, item]) => tuple(key, item));
      const key = (pair: unknown): unknown => (pair as unknown[])[at];
      return sortBy(rt, pairs, flag(rt, caseSensitive) ? key : (pair) => ignoreCase(key(pair)), flag(rt, reverse));
    }),
  ],
  [
    "first",
    filter("", (rt, value) => {
      const plain = hostValue(value);
      if (plain instanceof PyIterator) {
        const { done, value: item } = plain.next();
        return done ? rt.undefined("No first item, sequence was empty.") : item;
      }
      const items = iterate(rt, plain);
      return items.length === 0 ? rt.undefined("No first item, sequence was empty.") : items[0];
    }),
  ],
  [
    "last",
    filter("", (rt, value) => {
      const plain = hostValue(value);
      if (plain instanceof PyIterator) throw typeError(`'${plain.what}' object is not reversible`);
      const items = iterate(rt, plain);
      return items.length === 0 ? rt.undefined("No last item, sequence was empty.") : items.at(-1);
    }),
  ],
  ["length", filter("", (rt, value) => size(rt, value))],
  ["count", filter("", (rt, value) => size(rt, value))],
  [
    "list",
    filter("", (rt, value) => {
      const items = iterate(rt, value);
      rt.spend(items.length);
      return Array.from(items);
    }),
  ],
  [
    "items",
    filter("", (_, value) => {
      if (value instanceof Undefined) {
        return new PyIterator([]);
      }
      if (!isDict(value)) throw typeError("Can only get item pairs from a mapping.");
      return new PyIterator(dictEntries(value).map(([key, item]) => tuple(key, item)));
    }),
  ],
  [
    "groupby",
    filter("attribute default? case_sensitive?", (rt, value, attribute, otherwise, caseSensitive) => {
      const key = getter(rt, attribute, flag(rt, caseSensitive) ? undefined : ignoreCase, otherwise);
      const original = getter(rt, attribute, undefined, otherwise);
      const sorted = sortBy(rt, iterate(rt, value), key, false);
      const groups: GroupTuple[] = [];
      let current: { key: unknown; items: unknown[] } | undefined;
      for (const item of sorted) {
        const itemKey = key(item);
        if (current === undefined || !equals(rt, current.key, itemKey)) {
          current = { key: itemKey, items: [] };
          const group = new GroupTuple();
          group.push(original(item), current.items);
          groups.push(group);
        }
        current.items.push(item);
      }
      return groups;
    }),
  ],
  [
    "join",
    filter("d? attribute?", (rt, value, separator, attribute) => {
      const key = getter(rt, attribute);
      const items = iterate(rt, value).map(key);
      const by = separator ?? "";
      if (rt.autoescape && (by instanceof Markup || items.some((item) => item instanceof Markup))) {
        return concat(
          rt,
          items.flatMap((item, i) => (i > 0 ? [by, item] : [item])),
        );
      }
      const glue = text(rt, by);
      let out = "";
      items.forEach((item, i) => {
        out += i > 0 ? glue + text(rt, item) : text(rt, item);
        rt.allowText(out.length);
      });
      return out;
    }),
  ],
  [
    "map",
    rawFilter((rt, value, args, keywords) => {
      if (!truth(rt, value)) return new PyIterator([]);
      return new PyIterator(iterate(rt, value).map(mapping(rt, args, keywords)));
    }),
  ],
  ["min", extreme("min")],
  ["max", extreme("max")],
  [
    "random",
    filter("", (rt, value) => {
      const items = iterate(rt, value);
      if (items.length === 0) return rt.undefined("No random item, sequence was empty.");
      return items[Math.floor(rt.setup.random() * items.length)];
    }),
  ],
  ["select", selection(true, false)],
  ["reject", selection(false, false)],
  ["selectattr", selection(true, true)],
  ["rejectattr", selection(false, true)],
  [
    "reverse",
    filter("", (rt, value) => {
      const plain = hostValue(value);
      if (isString(plain)) {
        const reversed = characters(String(plain)).toReversed().join("");
        return plain instanceof Markup ? new Markup(reversed) : reversed;
      }
      return new PyIterator(iterate(rt, plain).toReversed(), "list_reverseiterator");
    }),
  ],
  [
    "sort",
    filter("reverse? case_sensitive? attribute?", (rt, value, reverse, caseSensitive, attribute) => {
      const post = flag(rt, caseSensitive) ? undefined : ignoreCase;
      const keys = isString(attribute)
        ? String(attribute)
            .split(",")
            .map((part) => getter(rt, part, post))
        : [getter(rt, attribute, post)];
      const key =
        keys.length === 1 ? (keys[0] as (item: unknown) => unknown) : (item: unknown) => keys.map((read) => read(item));
      return sortBy(rt, iterate(rt, value), key, flag(rt, reverse));
    }),
  ],
  [
    "sum",
    filter("attribute? start?", (rt, value, attribute, start) => {
      const key = getter(rt, attribute);
      let total: unknown = start ?? 0;
      for (const item of iterate(rt, value)) total = binary(rt, "+", total, key(item));
      return total;
    }),
  ],
  [
    "unique",
    filter("case_sensitive? attribute?", (rt, value, caseSensitive, attribute) => {
      return new PyIterator(
        distinct(rt, iterate(rt, value), getter(rt, attribute, flag(rt, caseSensitive) ? undefined : ignoreCase)),
      );
    }),
  ],
  [
    "attr",
    filter("name", (rt, value, name) => {
      const attribute = text(rt, name);
      // Unlike `.name`, this never reads a key.
      if (isDict(value)) {
        const found = getAttribute(rt, new Map(), attribute);
        return found instanceof Undefined
          ? rt.undefined(`'dict object' has no attribute '${attribute}'`)
          : getAttribute(rt, value, attribute);
      }
      return getAttribute(rt, value, attribute);
    }),
  ],
  [
    "default",
    filter("default_value? boolean?", (rt, value, otherwise, boolean) => {
      if (value instanceof Undefined || (flag(rt, boolean) && !truth(rt, value))) return otherwise ?? "";
      return value;
    }),
  ],
  ["pprint", filter("", (rt, value) => repr(rt, value))],
];
