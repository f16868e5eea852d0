import { callFunction } from "../dispatch.ts";
import { type AnyDict, dictEntries } from "../containers.ts";
import { compareText, isTruthy } from "../equality.ts";
import { iterate } from "../iteration.ts";
import { str } from "../text.ts";
import { typeName } from "../type-name.ts";
import { END, mutableList } from "../values.ts";
import { find, lengthOf, sliceText } from "../code-points.ts";
import type { Context } from "../context.ts";
import { YaqlError, typeError, valueError } from "../errors.ts";
import { isInteger } from "../numbers.ts";
import type { Run } from "../run.ts";
import type { FunctionDefinition } from "../signature.ts";
import { both, fn, method } from "./define.ts";

/** What Python takes for white space. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const LEADING_SPACE = new RegExp(`^[${SPACE}]+`);
const IS_SPACE = new RegExp(`[${SPACE}]`);
const WORDS = new RegExp(`[^${SPACE}]+`, "g");

function trimStart(text: string, chars: string | null): string {
  if (chars === null) return text.replace(LEADING_SPACE, "");
  const set = new Set(chars);
  let at = 0;
  for (const char of text) {
    if (!set.has(char)) break;
    at += char.length;
  }
  return text.slice(at);
}

function trimEnd(text: string, chars: string | null): string {
  const set = chars === null ? undefined : new Set(chars);
  let end = text.length;
  while (end > 0) {
    const low = text.charCodeAt(end - 1);
    const size = (low & 0xfc00) === 0xdc00 && end > 1 ? 2 : 1;
    const char = text.slice(end - size, end);
    if (set ? !set.has(char) : !IS_SPACE.test(char)) break;
    end -= size;
  }
  return text.slice(0, end);
}

const trim = (text: string, chars: string | null): string => trimEnd(trimStart(text, chars), chars);

function split(run: Run, text: string, separator: string | null, limit: number): unknown {
  // A part takes more than its characters, and every other character can end one.
  run.allocate(separator === null ? 16 * text.length : text.length);
  if (separator === null) return splitWords(text, limit);
  if (separator === "") throw valueError("empty separator");
  const parts = text.split(separator);
  run.allocateItems(4 * parts.length);
  if (limit < 0 || parts.length <= limit + 1) return mutableList(parts);
  return mutableList([...parts.slice(0, limit), parts.slice(limit).join(separator)]);
}

function splitWords(text: string, limit: number): unknown {
  if (limit < 0) return mutableList(text.match(WORDS) ?? []);
  const parts: string[] = [];
  let rest = trimStart(text, null);
  while (rest !== "" && parts.length < limit) {
    const [word = ""] = rest.match(WORDS) ?? [];
    parts.push(word);
    rest = trimStart(rest.slice(word.length), null);
  }
  // The end of the text is kept as it is when the limit was met.
  return mutableList(
    rest === "" ? parts : [...parts, limit === 0 || parts.length === limit ? rest : trimEnd(rest, null)],
  );
}

function rightSplit(run: Run, text: string, separator: string | null, limit: number): unknown {
  if (limit < 0) return split(run, text, separator, limit);
  if (separator === "") throw valueError("empty separator");
  run.allocate(text.length);
  const parts: string[] = [];
  let rest = separator === null ? trimEnd(text, null) : text;
  if (separator === null) {
    while (rest !== "" && parts.length < limit) {
      const last = lastWord(rest);
      parts.unshift(last);
      rest = trimEnd(rest.slice(0, rest.length - last.length), null);
    }
    return mutableList(rest === "" ? parts : [rest, ...parts]);
  }
  while (parts.length < limit) {
    const at = rest.lastIndexOf(separator);
    if (at < 0) break;
    parts.unshift(rest.slice(at + separator.length));
    rest = rest.slice(0, at);
  }
  return mutableList([rest, ...parts]);
}

function lastWord(text: string): string {
  let start = text.length;
  while (start > 0 && !IS_SPACE.test(text.charAt(start - 1))) start--;
  return text.slice(start);
}

/** Every occurrence, or the first `count`; an empty text stands between all characters. */
function replace(run: Run, text: string, old: string, replacement: string, count: number): string {
  if (count === 0) return text;
  let found = 0;
  let end = 0;
  // Counted first, so that a result that is too long is never built.
  for (let at = text.indexOf(old); at >= 0 && found !== count; at = text.indexOf(old, end)) {
    found++;
    end = old === "" ? at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) : at + old.length;
    if (old === "" && at >= text.length) break;
  }
  run.step(Math.ceil(found / 16));
  run.allocateText(text.length + found * Math.max(0, replacement.length - old.length));
  if (old !== "") return text.slice(0, end).replaceAll(old, () => replacement) + text.slice(end);
  const characters = Array.from(text);
  const parts = characters.map((char, i) => (i < found ? replacement + char : char));
  return parts.join("") + (found > characters.length ? replacement : "");
}

/** What `str()` gives: null and booleans as they are written in YAQL. */
export function text(run: Run, value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return String(value);
  return str(value, run);
}

function join(context: Context, sequence: unknown, separator: string): string {
  const { run } = context;
  const pull = iterate(sequence, run);
  const isStandard = context.functions.find("str", "function").isStandard;
  const parts: string[] = [];
  for (let item = pull(); item !== END; item = pull()) {
    const part =
      typeof item === "string" ? item : isStandard ? text(run, item) : str(callFunction(context, "str", [item]));
    run.allocateText(part.length + separator.length);
    parts.push(part);
  }
  return parts.join(separator);
}

function repeat(run: Run, value: string, times: unknown): string {
  const count = Math.max(0, Number(times));
  run.allocateText(value.length * count);
  return value.repeat(count);
}

function window(text: string, start: number, length: number): [number, number] {
  const total = lengthOf(text);
  const from = start < 0 ? start + total : start;
  return [from, from + (length < 0 ? total - from : length)];
}

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const WHITESPACE = " \t\n\r\v\f";
const CLASSES: readonly (readonly [name: string, characters: string | null])[] = [
  ["digits", DIGITS],
  ["hexdigits", `${DIGITS}abcdefABCDEF`],
  ["asciiLowercase", LOWER],
  ["asciiUppercase", UPPER],
  ["asciiLetters", LOWER + UPPER],
  // Python 3 has no such classes any more.
  ["letters", null],
  ["octdigits", "01234567"],
  ["punctuation", PUNCTUATION],
  ["printable", DIGITS + LOWER + UPPER + PUNCTUATION + WHITESPACE],
  ["lowercase", null],
  ["uppercase", null],
  ["whitespace", WHITESPACE],
];

function characters(_context: Context, ...wanted: unknown[]): unknown {
  const chosen = CLASSES.filter((_, i) => isTruthy(wanted[i])).map(([name, chars]) => {
    if (chars === null) throw new YaqlError("attribute", `module 'string' has no attribute '${name}'`);
    return chars;
  });
  return [...new Set(chosen.join(""))];
}

function hexadecimal(_context: Context, num: unknown): string {
  if (!isInteger(num)) throw typeError(`'${typeName(num)}' object cannot be interpreted as an integer`);
  return num < 0 ? `-0x${(-num).toString(16)}` : `0x${num.toString(16)}`;
}

const comparison = (operator: string, holds: (order: number) => boolean): FunctionDefinition =>
  fn(`#operator_${operator}(left: string, right: string)`, (_context, a, b) => holds(compareText(a, b)));

export const STRINGS: readonly FunctionDefinition[] = [
  comparison("<", (order) => order < 0),
  comparison("<=", (order) => order <= 0),
  comparison(">", (order) => order > 0),
  comparison(">=", (order) => order >= 0),
  ...["#operator_+", "concat"].map((name) =>
    fn(`${name}(*args: string)`, ({ run }, args: string[]) => {
      let length = 0;
      for (const arg of args) length += arg.length;
      run.boundText(length);
      return args.reduce((text, arg) => text + arg, "");
    }),
  ),
  fn("#operator_*(left: string, right: int)", ({ run }, left, right) => repeat(run, left, right)),
  fn("#operator_*(left: int, right: string)", ({ run }, left, right) => repeat(run, right, left)),
  fn("#operator_in(left: string, right: string)", (_context, left: string, right: string) => right.includes(left)),
  method("toUpper(string: string)", ({ run }, s: string) => (run.allocateText(s.length), s.toUpperCase())),
  method("toLower(string: string)", ({ run }, s: string) => (run.allocateText(s.length), s.toLowerCase())),
  both("len(string: string)", (_context, s) => lengthOf(s)),
  method("split(string: string, separator: string? = null, maxSplits: int = -1)", ({ run }, s, separator, max) =>
    split(run, s, separator, Number(max)),
  ),
  method("rightSplit(string: string, separator: string? = null, maxSplits: int = -1)", ({ run }, s, separator, max) =>
    rightSplit(run, s, separator, Number(max)),
  ),
  method("join(sequence: iterable, separator: string)", join),
  method("join(separator: string, sequence: iterable)", (context, separator, sequence) =>
    join(context, sequence, separator),
  ),
  fn("str(value: any)", ({ run }, value) => text(run, value)),
  method("trim(string: string, chars: string? = null)", (_context, s, chars) => trim(s, chars)),
  method("trimLeft(string: string, chars: string? = null)", (_context, s, chars) => trimStart(s, chars)),
  method("trimRight(string: string, chars: string? = null)", (_context, s, chars) => trimEnd(s, chars)),
  both("norm(string: string?, chars: string? = null)", (_context, s, chars) =>
    s === null ? null : trim(s, chars) || null,
  ),
  both("isEmpty(string: string?, trim: bool = true, chars: string? = null)", (_context, s, trims, chars) =>
    s === null ? true : (trims ? trim(s, chars) : s) === "",
  ),
  method("replace(string: string, old: string, new: string, count: int = -1)", ({ run }, s, old, next, count) =>
    replace(run, s, old, next, Number(count)),
  ),
  method("replace(string: string, replacements: map, count: int = -1)", (context, s, replacements: AnyDict, count) => {
    let result: string = s;
    for (const [key, value] of dictEntries(replacements)) {
      result = replace(context.run, result, text(context.run, key), text(context.run, value), Number(count));
    }
    return result;
  }),
  method("substring(string: string, start: int, length: int = -1)", (_context, s, start, length) => {
    const total = lengthOf(s);
    const from = Number(start) < 0 ? Number(start) + total : Number(start);
    return sliceText(s, from, from + (Number(length) < 0 ? total : Number(length)));
  }),
  method("indexOf(string: string, sub: string, start: int = 0)", (_context, s, sub, start) =>
    find(s, sub, Number(start), undefined, false),
  ),
  method("indexOf(string: string, sub: string, start: int, length: int)", (_context, s, sub, start, length) =>
    find(s, sub, ...window(s, Number(start), Number(length)), false),
  ),
  method("lastIndexOf(string: string, sub: string, start: int = 0)", (_context, s, sub, start) =>
    find(s, sub, Number(start), undefined, true),
  ),
  method("lastIndexOf(string: string, sub: string, start: int, length: int)", (_context, s, sub, start, length) =>
    find(s, sub, ...window(s, Number(start), Number(length)), true),
  ),
  method("toCharArray(string: string)", ({ run }, s: string) => (run.allocateItems(s.length), [...s])),
  fn(`characters(${CLASSES.map(([name]) => `${name}: bool? = false`).join(", ")})`, characters),
  fn("isString(arg: any)", (_context, arg) => typeof arg === "string"),
  method("startsWith(string: string, *prefixes: string)", (_context, s: string, prefixes: string[]) =>
    prefixes.some((prefix) => s.startsWith(prefix)),
  ),
  method("endsWith(string: string, *suffixes: string)", (_context, s: string, suffixes: string[]) =>
    suffixes.some((suffix) => s.endsWith(suffix)),
  ),
  fn("hex(num: number?)", hexadecimal),
];
