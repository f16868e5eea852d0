import { JinjaRuntimeError, typeError } from "./errors.ts";
import { filter, flag, rawFilter } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { formatPercent } from "./format-percent.ts";
import { capitalize, center, replaceText, splitLines, strip } from "./methods-string.ts";
import type { Runtime } from "./runtime.ts";
import { intArgument, size } from "./sequence.ts";
import { characters, escape, text, textLength } from "./text.ts";
import { Markup, Undefined, hostValue, isString, tupleOf, typeName } from "./values.ts";
import { wordWrap } from "./wordwrap.ts";

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

/** A value that must be text already. */
function onlyText(value: unknown, name: string): string | Markup {
  const plain = hostValue(value);
  if (plain instanceof Undefined) throw plain.error();
  if (!isString(plain)) throw typeError(`${name} needs a text, not '${typeName(plain)}'`);
  return plain;
}

const title = (value: string): string =>
  value
    .split(/([-\s({[<]+)/)
    .filter(Boolean)
    .map((word) => {
      const [first = "", ...rest] = characters(word);
      return first.toUpperCase() + rest.join("").toLowerCase();
    })
    .join("");

function truncate(value: string, length: number, killWords: boolean, end: string, leeway: number): string {
  const items = characters(value);
  const endLength = textLength(end);
  if (length < endLength)
    throw new JinjaRuntimeError(`expected length >= ${endLength}, got ${length}`, "AssertionError");
  if (leeway < 0) throw new JinjaRuntimeError(`expected leeway >= 0, got ${leeway}`, "AssertionError");
  if (items.length <= length + leeway) return value;
  const kept = items.slice(0, length - endLength).join("");
  if (killWords) return kept + end;
  const space = kept.lastIndexOf(" ");
  return (space < 0 ? kept : kept.slice(0, space)) + end;
}

function indent(rt: Runtime, value: unknown, width: unknown, first: boolean, blank: boolean): string | Markup {
  const source = onlyText(value, "indent");
  const unit = isString(width)
    ? String(width)
    : " ".repeat(rt.allowed(width === undefined ? 4 : intArgument(width, "width")));
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

/** Filters on text. */
export const textFilters: readonly (readonly [string, Filter])[] = [
  ["capitalize", textual(capitalize)],
  [
    "center",
    filter("width?", (rt, value, width) => {
      const source = soft(rt, value);
      const centred = center(rt, String(source), width ?? 80);
      return source instanceof Markup ? new Markup(centred) : centred;
    }),
  ],
  [
    "format",
    rawFilter((rt, value, args, keywords) => {
      if (args.length > 0 && keywords.size > 0) {
        throw new JinjaRuntimeError(
          "can't handle positional and keyword arguments at the same time",
          "FilterArgumentError",
        );
      }
      return formatPercent(rt, soft(rt, value), keywords.size > 0 ? new Map(keywords) : tupleOf(args));
    }),
  ],
  [
    "indent",
    filter("width? first? blank?", (rt, value, width, first, blank) =>
      indent(rt, value, width, flag(rt, first), flag(rt, blank)),
    ),
  ],
  ["lower", textual((value) => value.toLowerCase())],
  ["upper", textual((value) => value.toUpperCase())],
  ["title", textual(title)],
  [
    "replace",
    filter("old new count?", (rt, value, old, fresh, count) => {
      const times = count === undefined || count === null ? -1 : intArgument(count, "count");
      const source = soft(rt, value);
      if (rt.autoescape) {
        const isHtml = source instanceof Markup || old instanceof Markup || fresh instanceof Markup;
        if (isHtml)
          return new Markup(replaceText(rt, escape(rt, source).text, text(rt, old), escape(rt, fresh).text, times));
      }
      return replaceText(rt, String(source), text(rt, old), text(rt, fresh), times);
    }),
  ],
  ["string", filter("", (rt, value) => soft(rt, value))],
  [
    "trim",
    filter("chars?", (rt, value, chars) => {
      const source = soft(rt, value);
      const trimmed = strip(
        String(source),
        chars === undefined || chars === null ? undefined : text(rt, chars),
        "both",
      );
      return source instanceof Markup ? new Markup(trimmed) : trimmed;
    }),
  ],
  [
    "truncate",
    filter("length? killwords? end? leeway?", (rt, value, length, killWords, end, leeway) => {
      const limit = length === undefined ? 255 : intArgument(length, "length");
      const tolerance = leeway === undefined || leeway === null ? 5 : intArgument(leeway, "leeway");
      const tail = end === undefined ? "..." : text(rt, end);
      const plain = hostValue(value);
      if (plain instanceof Undefined) throw plain.error();
      // Anything with a length that is short enough passes, as in Jinja.
      if (!isString(plain) && size(rt, plain) <= limit + tolerance) return plain;
      const source = onlyText(plain, "truncate");
      const out = truncate(String(source), limit, flag(rt, killWords), tail, tolerance);
      return source instanceof Markup ? new Markup(out) : out;
    }),
  ],
  ["wordcount", filter("", (rt, value) => (text(rt, value).match(/[\p{L}\p{N}_]+/gu) ?? []).length)],
  [
    "wordwrap",
    filter("width? break_long_words? wrapstring? break_on_hyphens?", (rt, value, width, breakLong, wrap, onHyphens) => {
      const source = String(onlyText(value, "wordwrap"));
      rt.spend(source.length);
      const by = wrap === undefined || wrap === null ? "\n" : text(rt, wrap);
      rt.allowText(source.length * (1 + by.length));
      return wordWrap(
        source,
        width === undefined ? 79 : intArgument(width, "width"),
        flag(rt, breakLong, true),
        by,
        flag(rt, onHyphens, true),
      );
    }),
  ],
];
