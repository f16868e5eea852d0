import { JinjaRuntimeError, typeError, valueError } from "./errors.ts";
import { filter, rawFilter } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { formatPercent } from "./format-percent.ts";
import { dumpJson } from "./json.ts";
import { capitalize, center, replaceText, splitLines, strip } from "./methods-string.ts";
import { intArgument, isFloat, isInt, isNumber, iterate, toNumber, truth } from "./operators.ts";
import type { Runtime } from "./runtime.ts";
import { characters, escape, escapeHtml, quote, text, textLength } from "./text.ts";
import { Markup, Undefined, dictEntries, float, hostValue, int, isDict, isString, tupleOf, typeName } from "./values.ts";
import { roundNumber } from "./round.ts";
import { urlize } from "./urlize.ts";
import { wordWrap } from "./wordwrap.ts";

const yes = (value: unknown, otherwise = false): boolean => (value === undefined ? otherwise : truth(value));

/** Applies a function to the text of a value; `Markup` stays `Markup`. */
function textual(run: (value: string, rt: Runtime) => string): Filter {
  return filter("", (rt, value) => {
    const plain = hostValue(value);
    return plain instanceof Markup ? new Markup(run(plain.text, rt)) : run(text(rt, plain), rt);
  });
}

/** Text as it is, anything else printed: Jinja's `soft_str`. */
const soft = (rt: Runtime, value: unknown): string | Markup => {
  const plain = hostValue(value);
  return isString(plain) ? plain : text(rt, plain);
};

const title = (value: string): string =>
  value
    .split(/([-\s({[<]+)/)
    .filter(Boolean)
    .map((word) => {
      const [first = "", ...rest] = characters(word);
      return first.toUpperCase() + rest.join("").toLowerCase();
    })
    .join("");

function toInt(rt: Runtime, operand: unknown, otherwise: unknown, base: unknown): unknown {
  const value = hostValue(operand);
  if (value instanceof Undefined) throw value.error();
  if (isInt(value)) return typeof value === "boolean" ? Number(value) : value;
  if (isFloat(value)) {
    const number = toNumber(value);
    return Number.isFinite(number) ? int(BigInt(Math.trunc(number))) : otherwise;
  }
  if (!isString(value)) return otherwise;
  const source = String(value);
  rt.spend(1);
  return parseInteger(source, base === undefined ? 10 : intArgument(base, "base")) ?? floatToInt(source) ?? otherwise;
}

function floatToInt(source: string): unknown {
  const number = parseFloatText(source);
  return number === undefined || !Number.isFinite(number) ? undefined : int(BigInt(Math.trunc(number)));
}

/** Python's `int(text, base)`. */
export function parseInteger(source: string, base: number): unknown {
  const parts = /^([-+]?)(0[xXoObB])?([\da-zA-Z]+(?:_[\da-zA-Z]+)*)$/.exec(source.trim().replace(/^([-+]?0[xXoObB])_/, "$1"));
  if (parts === null) {
    return undefined;
  }
  const [, sign, prefix, body = ""] = parts;
  let digits = body.replaceAll("_", "").toLowerCase();
  const prefixBase = prefix === undefined ? undefined : { x: 16, o: 8, b: 2 }[prefix[1]?.toLowerCase() as "x" | "o" | "b"];
  let radix = base;
  if (base === 0) radix = prefixBase ?? 10;
  if (prefix !== undefined && prefixBase !== radix) {
    digits = prefix.toLowerCase() + digits;
  }
  if (radix < 2 || radix > 36 || digits.length > 4300) return undefined;
  let total = 0n;
  const big = BigInt(radix);
  if (radix === 10) {
    if (!/^\d+$/.test(digits)) return undefined;
    total = BigInt(digits);
  } else {
    for (const digit of digits) {
      const value = Number.parseInt(digit, 36);
      if (Number.isNaN(value) || value >= radix) return undefined;
      total = total * big + BigInt(value);
    }
  }
  return int(sign === "-" ? -total : total);
}

/** Python's `float(text)`. */
export function parseFloatText(source: string): number | undefined {
  const trimmed = source.trim();
  if (/^[-+]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][-+]?\d+(?:_\d+)*)?$/.test(trimmed)) {
    return Number(trimmed.replaceAll("_", ""));
  }
  const special = /^([-+]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (special === null) return undefined;
  if (special[2]?.toLowerCase() === "nan") return Number.NaN;
  return special[1] === "-" ? -Infinity : Infinity;
}

function toFloat(operand: unknown, otherwise: unknown): unknown {
  const value = hostValue(operand);
  if (value instanceof Undefined) throw value.error();
  if (isNumber(value)) return float(toNumber(value));
  if (!isString(value)) return otherwise;
  const number = parseFloatText(String(value));
  return number === undefined ? otherwise : float(number);
}

function truncate(value: string, length: number, killWords: boolean, end: string, leeway: number): string {
  const items = characters(value);
  const endLength = textLength(end);
  if (length < endLength) throw new JinjaRuntimeError(`expected length >= ${endLength}, got ${length}`, "AssertionError");
  if (leeway < 0) throw new JinjaRuntimeError(`expected leeway >= 0, got ${leeway}`, "AssertionError");
  if (items.length <= length + leeway) return value;
  const kept = items.slice(0, length - endLength).join("");
  if (killWords) return kept + end;
  const space = kept.lastIndexOf(" ");
  return (space < 0 ? kept : kept.slice(0, space)) + end;
}

function indent(rt: Runtime, value: unknown, width: unknown, first: boolean, blank: boolean): string | Markup {
  const source = soft(rt, value);
  const unit = isString(width) ? String(width) : " ".repeat(allowed(rt, width === undefined ? 4 : intArgument(width, "width")));
  const body = String(source);
  const lines = splitLines(`${body}\n`);
  rt.allowText(body.length + unit.length * lines.length);
  let out: string;
  if (blank) out = lines.join(`\n${unit}`);
  else {
    out = lines.shift() ?? "";
    if (lines.length > 0) out += `\n${lines.map((line) => (line === "" ? line : unit + line)).join("\n")}`;
  }
  if (first) out = unit + out;
  return source instanceof Markup ? new Markup(out) : out;
}

function allowed(rt: Runtime, length: number): number {
  rt.allowText(length);
  return Math.max(0, length);
}

function fileSize(bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  const units = binary ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"] : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  let unit = base;
  for (const name of units) {
    if (bytes < unit * base || name === units.at(-1)) return `${((bytes / unit)).toFixed(1)} ${name}`;
    unit *= base;
  }
  return "";
}

/** `quote(text, safe="/")` of Python's urllib; in queries `/` is escaped and a space is `+`. */
function urlQuote(value: string, forQuery: boolean): string {
  let out = "";
  for (const byte of new TextEncoder().encode(value)) {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9_.~-]/.test(char) || (char === "/" && !forQuery)) out += char;
    else if (char === " " && forQuery) out += "+";
    else out += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function urlEncode(rt: Runtime, value: unknown): string {
  if (isString(value) || !(isDict(value) || Array.isArray(value))) return urlQuote(text(rt, value), false);
  const pairs = isDict(value) ? dictEntries(value) : value.map((pair) => iterate(rt, pair));
  return pairs
    .map((pair) => {
      if (pair.length !== 2) throw valueError(`not enough values to unpack (expected 2, got ${pair.length})`);
      return pair.map((part) => urlQuote(text(rt, part), true)).join("=");
    })
    .join("&");
}

function xmlAttributes(rt: Runtime, value: unknown, space: boolean): string | Markup {
  if (!isDict(value)) throw new JinjaRuntimeError(`'${typeName(value)} object' has no attribute 'items'`, "AttributeError");
  const items: string[] = [];
  for (const [key, item] of dictEntries(value)) {
    if (item === null || item instanceof Undefined) continue;
    const name = text(rt, key);
    if (/[\s/>=]/.test(name)) throw valueError(`Invalid character in attribute name: ${quote(name)}`);
    items.push(`${escapeHtml(name)}="${escape(rt, item).text}"`);
  }
  const joined = items.join(" ");
  const out = space && joined !== "" ? ` ${joined}` : joined;
  return rt.autoescape ? new Markup(out) : out;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "\u00a9", hellip: "\u2026", mdash: "\u2014", ndash: "\u2013", raquo: "\u00bb", laquo: "\u00ab" };

/** The text without what lies between `open` and `close`; written out because a regular expression would be quadratic. */
function cut(value: string, open: string, close: string): string {
  let out = "";
  let at = 0;
  for (;;) {
    const start = value.indexOf(open, at);
    const end = start < 0 ? -1 : value.indexOf(close, start + open.length);
    if (end < 0) return out + value.slice(at);
    out += value.slice(at, start);
    at = end + close.length;
  }
}

function stripTags(value: string): string {
  return cut(cut(value, "<!--", "-->"), "<", ">")
    .split(/\s+/)
    .filter(Boolean)
    .join(" ")
    .replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w+));/g, (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] as string) : all;
      const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
    });
}

/** JSON that is safe inside HTML, attributes in single quotes included. */
function htmlJson(rt: Runtime, value: unknown, indentWidth: unknown): Markup {
  const style = indentWidth === undefined || indentWidth === null ? {} : { indent: allowed(rt, intArgument(indentWidth, "indent")) };
  const json = dumpJson(rt, value, { ...style, sortKeys: true });
  return new Markup(json.replace(/[<>&']/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`));
}

export const textFilters: readonly (readonly [string, Filter])[] = [
  [
    "abs",
    filter("", (_, operand) => {
      const value = hostValue(operand);
      if (value instanceof Undefined) throw value.error();
      if (isInt(value)) {
        if (typeof value === "bigint") return value < 0n ? -value : value;
        return Math.abs(Number(value));
      }
      if (isFloat(value)) return float(Math.abs(toNumber(value)));
      throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
    }),
  ],
  ["capitalize", textual(capitalize)],
  [
    "center",
    filter("width?", (rt, value, width) => {
      const source = soft(rt, value);
      const centred = center(rt, String(source), width ?? 80);
      return source instanceof Markup ? new Markup(centred) : centred;
    }),
  ],
  ["escape", filter("", (rt, value) => escape(rt, value))],
  ["forceescape", filter("", (rt, value) => new Markup(escapeHtml(text(rt, value))))],
  ["safe", filter("", (rt, value) => (value instanceof Markup ? value : new Markup(text(rt, value))))],
  ["filesizeformat", filter("binary?", (rt, value, binary) => {
    const bytes = toFloat(value, undefined);
    if (bytes === undefined) throw valueError(`could not convert string to float: ${quote(text(rt, value))}`);
    return fileSize(toNumber(bytes as number), yes(binary));
  })],
  ["float", filter("default?", (_, value, otherwise) => toFloat(value, otherwise ?? float(0)))],
  ["int", filter("default? base?", (rt, value, otherwise, base) => toInt(rt, value, otherwise ?? 0, base))],
  [
    "format",
    rawFilter((rt, value, args, keywords) => {
      if (args.length > 0 && keywords.size > 0) {
        throw new JinjaRuntimeError("can't handle positional and keyword arguments at the same time", "FilterArgumentError");
      }
      return formatPercent(rt, soft(rt, value), keywords.size > 0 ? new Map(keywords) : tupleOf(args));
    }),
  ],
  ["indent", filter("width? first? blank?", (rt, value, width, first, blank) => indent(rt, value, width, yes(first), yes(blank)))],
  ["lower", textual((value) => value.toLowerCase())],
  ["upper", textual((value) => value.toUpperCase())],
  ["title", textual(title)],
  [
    "replace",
    filter("old new count?", (rt, value, old, fresh, count) => {
      const times = count === undefined || count === null ? -1 : intArgument(count, "count");
      const source = soft(rt, value);
      if (rt.autoescape || source instanceof Markup) {
        if (!(source instanceof Markup) && !(old instanceof Markup) && !(fresh instanceof Markup)) {
          return replaceText(rt, source, text(rt, old), text(rt, fresh), times);
        }
        return new Markup(replaceText(rt, escape(rt, source).text, text(rt, old), escape(rt, fresh).text, times));
      }
      return replaceText(rt, source, text(rt, old), text(rt, fresh), times);
    }),
  ],
  [
    "round",
    filter("precision? method?", (rt, operand, precision, method) => {
      const value = hostValue(operand);
      if (value instanceof Undefined) throw value.error();
      const how = method === undefined ? "common" : text(rt, method);
      if (how !== "common" && how !== "ceil" && how !== "floor") {
        throw new JinjaRuntimeError("method must be common, ceil or floor", "FilterArgumentError");
      }
      if (!isNumber(value)) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
      return roundNumber(value, precision === undefined ? 0 : intArgument(precision, "precision"), how);
    }),
  ],
  ["string", filter("", (rt, value) => soft(rt, value))],
  ["striptags", filter("", (rt, value) => stripTags(text(rt, value)))],
  ["tojson", filter("indent?", (rt, value, indentWidth) => htmlJson(rt, value, indentWidth))],
  [
    "trim",
    filter("chars?", (rt, value, chars) => {
      const source = soft(rt, value);
      const trimmed = strip(String(source), chars === undefined || chars === null ? undefined : text(rt, chars), "both");
      return source instanceof Markup ? new Markup(trimmed) : trimmed;
    }),
  ],
  [
    "truncate",
    filter("length? killwords? end? leeway?", (rt, value, length, killWords, end, leeway) => {
      const source = soft(rt, value);
      const out = truncate(
        String(source),
        length === undefined ? 255 : intArgument(length, "length"),
        yes(killWords),
        end === undefined ? "..." : text(rt, end),
        leeway === undefined || leeway === null ? 5 : intArgument(leeway, "leeway"),
      );
      return source instanceof Markup ? new Markup(out) : out;
    }),
  ],
  ["urlencode", filter("", (rt, value) => urlEncode(rt, hostValue(value)))],
  [
    "urlize",
    filter("trim_url_limit? nofollow? target? rel? extra_schemes?", (rt, value, limit, nofollow, target, rel, schemes) => {
      const source = text(rt, value);
      rt.spend(source.length);
      const out = urlize(value instanceof Markup ? value.text : escapeHtml(source), {
        limit: limit === undefined || limit === null ? undefined : intArgument(limit, "trim_url_limit"),
        rel: [...new Set([...(rel === undefined || rel === null ? [] : text(rt, rel).split(/\s+/)), "noopener", ...(yes(nofollow) ? ["nofollow"] : [])])]
          .filter(Boolean)
          .sort()
          .join(" "),
        target: target === undefined || target === null ? undefined : text(rt, target),
        schemes: schemes === undefined || schemes === null ? [] : iterate(rt, schemes).map((scheme) => text(rt, scheme)),
      });
      return rt.autoescape ? new Markup(out) : out;
    }),
  ],
  ["wordcount", filter("", (rt, value) => (text(rt, value).match(/[\p{L}\p{N}_]+/gu) ?? []).length)],
  [
    "wordwrap",
    filter("width? break_long_words? wrapstring? break_on_hyphens?", (rt, value, width, breakLong, wrap, onHyphens) => {
      const source = text(rt, value);
      rt.spend(source.length);
      const by = wrap === undefined || wrap === null ? "\n" : text(rt, wrap);
      rt.allowText(source.length * (1 + by.length));
      return wordWrap(source, width === undefined ? 79 : intArgument(width, "width"), yes(breakLong, true), by, yes(onHyphens, true));
    }),
  ],
  ["xmlattr", filter("autospace?", (rt, value, space) => xmlAttributes(rt, value, yes(space, true)))],
];
