import { JinjaRuntimeError, valueError } from "./errors.ts";
import { filter, flag } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { dumpJson } from "./json.ts";
import type { Runtime } from "./runtime.ts";
import { intArgument, iterate } from "./sequence.ts";
import { escape, escapeHtml, quote, text } from "./text.ts";
import { urlize } from "./urlize.ts";
import { Markup, Undefined, dictEntries, hostValue, isDict, isString, typeName } from "./values.ts";

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
  if (!isDict(value))
    throw new JinjaRuntimeError(`'${typeName(value)} object' has no attribute 'items'`, "AttributeError");
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

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  copy: "\u00a9",
  hellip: "\u2026",
  mdash: "\u2014",
  ndash: "\u2013",
  raquo: "\u00bb",
  laquo: "\u00ab",
};

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
  const style =
    indentWidth === undefined || indentWidth === null ? {} : { indent: rt.allowed(intArgument(indentWidth, "indent")) };
  const json = dumpJson(rt, value, { ...style, sortKeys: true });
  return new Markup(json.replace(/[<>&']/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`));
}

/** Filters that make or remove HTML and its like. */
export const htmlFilters: readonly (readonly [string, Filter])[] = [
  ["escape", filter("", (rt, value) => escape(rt, value))],
  ["forceescape", filter("", (rt, value) => new Markup(escapeHtml(text(rt, value))))],
  ["safe", filter("", (rt, value) => (value instanceof Markup ? value : new Markup(text(rt, value))))],
  ["striptags", filter("", (rt, value) => stripTags(text(rt, value)))],
  ["tojson", filter("indent?", (rt, value, indentWidth) => htmlJson(rt, value, indentWidth))],
  ["urlencode", filter("", (rt, value) => urlEncode(rt, hostValue(value)))],
  [
    "urlize",
    filter(
      "trim_url_limit? nofollow? target? rel? extra_schemes?",
      (rt, value, limit, nofollow, target, rel, schemes) => {
        const source = text(rt, value);
        rt.spend(source.length);
        const out = urlize(value instanceof Markup ? value.text : escapeHtml(source), {
          limit: limit === undefined || limit === null ? undefined : intArgument(limit, "trim_url_limit"),
          rel: [
            ...new Set([
              ...(rel === undefined || rel === null ? [] : text(rt, rel).split(/\s+/)),
              "noopener",
              ...(flag(rt, nofollow) ? ["nofollow"] : []),
            ]),
          ]
            .filter(Boolean)
            .sort()
            .join(" "),
          target: target === undefined || target === null ? undefined : text(rt, target),
          schemes:
            schemes === undefined || schemes === null ? [] : iterate(rt, schemes).map((scheme) => text(rt, scheme)),
        });
        return rt.autoescape ? new Markup(out) : out;
      },
    ),
  ],
  ["xmlattr", filter("autospace?", (rt, value, space) => xmlAttributes(rt, value, flag(rt, space, true)))],
];
