import type { Method } from "./attributes.ts";
import { JinjaRuntimeError, typeError, valueError } from "./errors.ts";
import { bind } from "./filter.ts";
import { intArgument, iterate, truth } from "./sequence.ts";
import type { Runtime } from "./runtime.ts";
import { characters, escape, textLength } from "./text.ts";
import { Markup, Tuple, dictGet, hostValue, isDict, isString, tuple, typeName } from "./values.ts";

type Run = (rt: Runtime, self: string, ...args: unknown[]) => unknown;

/** A method of `str`; on `Markup` its text arguments are escaped and its text result is `Markup` again. */
function method(name: string, signature: string, required: number, run: Run): [string, Method] {
  const names = signature.split(" ").filter(Boolean);
  return [
    name,
    (rt, self, args, keywords) => {
      rt.spend(String(self).length >> 6);
      const bound = bind(`str.${name}`, names, required, args, keywords).map(hostValue);
      if (!(self instanceof Markup))
        return run(rt, self as string, ...bound.map((arg) => (arg instanceof Markup ? arg.text : arg)));
      const result = run(rt, self.text, ...bound.map((arg) => (isString(arg) ? escape(rt, arg).text : arg)));
      const mark = (item: unknown): unknown => (typeof item === "string" ? new Markup(item) : item);
      if (result instanceof Tuple) return tuple(...result.map(mark));
      return Array.isArray(result) ? result.map(mark) : mark(result);
    },
  ];
}

function string(value: unknown, what: string): string {
  if (!isString(value)) throw typeError(`${what} must be str, not ${typeName(value)}`);
  return String(value);
}

/** What Python strips when it is not told: spaces by Unicode, but no byte order mark. */
export function strip(text: string, chars: string | undefined, sides: "both" | "left" | "right"): string {
  if (chars === undefined) {
    if (sides === "left") return text.trimStart();
    return sides === "right" ? text.trimEnd() : text.trim();
  }
  const set = new Set(characters(chars));
  const items = characters(text);
  let start = 0;
  let end = items.length;
  if (sides !== "right") while (start < end && set.has(items[start] as string)) start++;
  if (sides !== "left") while (end > start && set.has(items[end - 1] as string)) end--;
  return items.slice(start, end).join("");
}

const stripper = (name: string, sides: "both" | "left" | "right"): [string, Method] =>
  method(name, "chars", 0, (_, self, chars) =>
    strip(self, chars === undefined || chars === null ? undefined : string(chars, "strip arg"), sides),
  );

export const capitalize = (text: string): string => {
  const [first = "", ...rest] = characters(text);
  return first.toUpperCase() + rest.join("").toLowerCase();
};

export function splitLines(text: string, keepEnds = false): string[] {
  // oxlint-disable-next-line no-control-regex -- these are the line boundaries Python knows
  const lines =
    text.match(
      /[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])|[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+$/g,
    ) ?? [];
  // oxlint-disable-next-line no-control-regex -- as above
  return keepEnds ? lines : lines.map((line) => line.replace(/(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])$/, ""));
}

function split(rt: Runtime, self: string, separator: unknown, max: unknown, fromRight: boolean): string[] {
  const limit = max === undefined ? -1 : intArgument(max, "maxsplit");
  let parts: string[];
  if (separator === undefined || separator === null) {
    const trimmed = self.trim();
    if (trimmed === "") return [];
    if (limit < 0) parts = trimmed.split(/\s+/);
    else return splitAtSpace(rt, self, limit, fromRight);
  } else {
    const by = string(separator, "must be str or None:");
    if (by === "") throw valueError("empty separator");
    parts = self.split(by);
    if (limit >= 0 && parts.length > limit + 1) {
      parts = fromRight
        ? [parts.slice(0, parts.length - limit).join(by), ...parts.slice(parts.length - limit)]
        : [...parts.slice(0, limit), parts.slice(limit).join(by)];
    }
  }
  rt.spend(parts.length);
  return parts;
}

/** `split(None, limit)`: the rest keeps its inner spaces and its far edge. */
function splitAtSpace(rt: Runtime, self: string, limit: number, fromRight: boolean): string[] {
  const words: string[] = [];
  const isSpace = (at: number): boolean => (self[at] as string).trim() === "";
  const step = fromRight ? -1 : 1;
  const end = fromRight ? -1 : self.length;
  let at = fromRight ? self.length - 1 : 0;
  for (;;) {
    while (at !== end && isSpace(at)) at += step;
    if (at === end) break;
    rt.spend(1);
    const start = at;
    if (words.length === limit) {
      words.push(fromRight ? self.slice(0, start + 1).trimEnd() : self.slice(start));
      break;
    }
    while (at !== end && !isSpace(at)) at += step;
    words.push(fromRight ? self.slice(at + 1, start + 1) : self.slice(start, at));
  }
  return fromRight ? words.toReversed() : words;
}

function pad(rt: Runtime, self: string, width: unknown, fill: unknown, side: "left" | "right" | "both"): string {
  const to = intArgument(width, "width");
  const char = fill === undefined ? " " : string(fill, "The fill character");
  if (textLength(char) !== 1) throw typeError("The fill character must be exactly one character long");
  const missing = to - textLength(self);
  if (missing <= 0) return self;
  rt.allowText(to);
  if (side === "left") return char.repeat(missing) + self;
  if (side === "right") return self + char.repeat(missing);
  // Python puts the odd one to the left when the width is odd, else to the right.
  const left = Math.floor(missing / 2) + (missing & to & 1);
  return char.repeat(left) + self + char.repeat(missing - left);
}
export const center = (rt: Runtime, self: string, width: unknown): string => pad(rt, self, width, undefined, "both");

/** The part of a text that `start` and `end` of `find`, `count`, `startswith`... select, and where it starts. */
function window(self: string, start: unknown, end: unknown): [string, number] {
  if (start === undefined && end === undefined) return [self, 0];
  const items = characters(self);
  const at = (value: unknown, otherwise: number): number => {
    if (value === undefined || value === null) return otherwise;
    const index = intArgument(value, "slice indices");
    return Math.min(Math.max(index < 0 ? index + items.length : index, 0), items.length);
  };
  const from = at(start, 0);
  return [items.slice(from, Math.max(from, at(end, items.length))).join(""), from];
}

function search(self: string, part: unknown, start: unknown, end: unknown, fromRight: boolean): number {
  const [inside, offset] = window(self, start, end);
  const needle = string(part, "must be str:");
  const at = fromRight ? inside.lastIndexOf(needle) : inside.indexOf(needle);
  return at < 0 ? -1 : offset + textLength(inside.slice(0, at));
}

function affix(name: "startsWith" | "endsWith", python: string): [string, Method] {
  return method(python, "prefix start end", 1, (_, self, affixes, start, end) => {
    const [inside] = window(self, start, end);
    const all = affixes instanceof Tuple ? affixes : [affixes];
    return all.some((one) => {
      if (!isString(one)) throw typeError(`${python} first arg must be str or a tuple of str, not ${typeName(one)}`);
      return inside[name](String(one));
    });
  });
}

export function replaceText(rt: Runtime, self: string, old: string, fresh: string, count: number): string {
  const pieces = old === "" ? ["", ...characters(self), ""] : self.split(old);
  const limit = count < 0 ? pieces.length - 1 : Math.min(count, pieces.length - 1);
  rt.allowText(self.length + limit * Math.max(0, fresh.length - old.length));
  if (limit === pieces.length - 1) return pieces.join(fresh);
  return (
    pieces.slice(0, limit + 1).join(fresh) + (limit > 0 || old !== "" ? old : "") + pieces.slice(limit + 1).join(old)
  );
}

const cased = (self: string): boolean => self.toLowerCase() !== self.toUpperCase();
const predicate = (name: string, holds: (self: string) => boolean): [string, Method] =>
  method(name, "", 0, (_, self) => holds(self));

export const titleCase = (text: string): string =>
  text.replace(/\p{L}+/gu, (word) => {
    const [first = "", ...rest] = characters(word);
    return first.toUpperCase() + rest.join("").toLowerCase();
  });

export const stringMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  method("upper", "", 0, (_, self) => self.toUpperCase()),
  method("lower", "", 0, (_, self) => self.toLowerCase()),
  method("casefold", "", 0, (_, self) => self.toLowerCase().replaceAll("ß", "ss")),
  method("capitalize", "", 0, (_, self) => capitalize(self)),
  method("title", "", 0, (_, self) => titleCase(self)),
  method("swapcase", "", 0, (_, self) =>
    characters(self)
      .map((char) => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase()))
      .join(""),
  ),
  stripper("strip", "both"),
  stripper("lstrip", "left"),
  stripper("rstrip", "right"),
  method("split", "sep maxsplit", 0, (rt, self, sep, max) => split(rt, self, sep, max, false)),
  method("rsplit", "sep maxsplit", 0, (rt, self, sep, max) => split(rt, self, sep, max, true)),
  method("splitlines", "keepends", 0, (rt, self, keep) => splitLines(self, keep !== undefined && truth(rt, keep))),
  method("partition", "sep", 1, (_, self, separator) => {
    const by = string(separator, "must be str:");
    if (by === "") throw valueError("empty separator");
    const at = self.indexOf(by);
    return at < 0 ? tuple(self, "", "") : tuple(self.slice(0, at), by, self.slice(at + by.length));
  }),
  method("rpartition", "sep", 1, (_, self, separator) => {
    const by = string(separator, "must be str:");
    if (by === "") throw valueError("empty separator");
    const at = self.lastIndexOf(by);
    return at < 0 ? tuple("", "", self) : tuple(self.slice(0, at), by, self.slice(at + by.length));
  }),
  method("join", "iterable", 1, (rt, self, items) => {
    const parts = iterate(rt, items);
    let out = "";
    parts.forEach((part, i) => {
      if (!isString(part)) throw typeError(`sequence item ${i}: expected str instance, ${typeName(part)} found`);
      out += (i > 0 ? self : "") + String(part);
      rt.allowText(out.length);
    });
    rt.spend(parts.length);
    return out;
  }),
  method("replace", "old new count", 2, (rt, self, old, fresh, count) =>
    replaceText(
      rt,
      self,
      string(old, "replace() argument 1"),
      string(fresh, "replace() argument 2"),
      count === undefined ? -1 : intArgument(count, "count"),
    ),
  ),
  affix("startsWith", "startswith"),
  affix("endsWith", "endswith"),
  method("removeprefix", "prefix", 1, (_, self, prefix) => {
    const part = string(prefix, "removeprefix() argument");
    return self.startsWith(part) ? self.slice(part.length) : self;
  }),
  method("removesuffix", "suffix", 1, (_, self, suffix) => {
    const part = string(suffix, "removesuffix() argument");
    return part !== "" && self.endsWith(part) ? self.slice(0, -part.length) : self;
  }),
  method("find", "sub start end", 1, (_, self, part, start, end) => search(self, part, start, end, false)),
  method("rfind", "sub start end", 1, (_, self, part, start, end) => search(self, part, start, end, true)),
  method("index", "sub start end", 1, (_, self, part, start, end) => found(search(self, part, start, end, false))),
  method("rindex", "sub start end", 1, (_, self, part, start, end) => found(search(self, part, start, end, true))),
  method("count", "sub start end", 1, (_, self, part, start, end) => {
    const [inside] = window(self, start, end);
    const needle = string(part, "must be str:");
    return needle === "" ? textLength(inside) + 1 : inside.split(needle).length - 1;
  }),
  method("center", "width fillchar", 1, (rt, self, width, fill) => pad(rt, self, width, fill, "both")),
  method("ljust", "width fillchar", 1, (rt, self, width, fill) => pad(rt, self, width, fill, "right")),
  method("rjust", "width fillchar", 1, (rt, self, width, fill) => pad(rt, self, width, fill, "left")),
  method("zfill", "width", 1, (rt, self, width) => {
    const sign = /^[-+]/.exec(self)?.[0] ?? "";
    return sign + pad(rt, self.slice(sign.length), intArgument(width, "width") - sign.length, "0", "left");
  }),
  method("expandtabs", "tabsize", 0, (rt, self, size) => {
    const width = size === undefined ? 8 : intArgument(size, "tabsize");
    let column = 0;
    let out = "";
    for (const char of characters(self)) {
      if (char === "\t") {
        const spaces = width > 0 ? width - (column % width) : 0;
        rt.allowText(out.length + spaces);
        out += " ".repeat(spaces);
        column += spaces;
      } else {
        out += char;
        column = char === "\n" || char === "\r" ? 0 : column + 1;
      }
    }
    return out;
  }),
  method("translate", "table", 1, (rt, self, table) => {
    if (!isDict(table)) throw typeError(`'${typeName(table)}' object is not subscriptable`);
    rt.spend(self.length);
    return characters(self)
      .map((char) => {
        const mapped = dictGet(table, char.codePointAt(0));
        if (mapped === undefined) return char;
        if (mapped === null) return "";
        return typeof mapped === "number" ? String.fromCodePoint(mapped) : string(mapped, "character mapping");
      })
      .join("");
  }),
  predicate("isalpha", (self) => /^[\p{L}]+$/u.test(self)),
  predicate("isdigit", (self) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u.test(self)),
  predicate("isdecimal", (self) => /^\p{Nd}+$/u.test(self)),
  predicate("isnumeric", (self) => /^\p{N}+$/u.test(self)),
  predicate("isalnum", (self) => /^[\p{L}\p{N}]+$/u.test(self)),
  predicate("isspace", (self) => /^\s+$/.test(self)),
  predicate("isupper", (self) => cased(self) && self === self.toUpperCase()),
  predicate("islower", (self) => cased(self) && self === self.toLowerCase()),
  predicate("istitle", (self) => cased(self) && self === titleCase(self)),
  predicate("isidentifier", (self) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(self)),
  predicate("isprintable", (self) => !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(self)),
  // oxlint-disable-next-line no-control-regex -- ASCII is what is asked
  predicate("isascii", (self) => /^[\x00-\x7f]*$/.test(self)),
]);

function found(at: number): number {
  if (at < 0) throw new JinjaRuntimeError("substring not found", "ValueError");
  return at;
}
