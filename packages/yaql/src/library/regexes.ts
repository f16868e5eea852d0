import type { Context } from "../context.ts";
import { toCharacters } from "../code-points.ts";
import { typeError, valueError, YaqlError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import { compileTemplate, escapeRegex, groupText, type Match, Regex } from "../regex/regex.ts";
import type { FunctionDefinition } from "../signature.ts";
import { dictFrom } from "../containers.ts";
import { pullFrom } from "../iteration.ts";
import { typeName } from "../type-name.ts";
import { Iter, mutableList } from "../values.ts";
import { fn, method } from "./define.ts";

/** A lambda's view of a match: `$1` is the whole of it, `$2` and so on the groups. */
function published(context: Context, regex: Regex, text: string, match: Match): Context {
  const child = context.child();
  for (let group = 0; group <= regex.groups; group++) {
    const [start = -1, end = -1] = match.slice(2 * group, 2 * group + 2);
    const record = [
      ["value", groupText(text, match, group)],
      ["start", toCharacters(text, start)],
      ["end", toCharacters(text, end)],
    ] as const;
    child.set(String(group + 1), dictFrom(record, context.run, false));
  }
  refuseNames(regex, text, match);
  return child;
}

/** The original cannot publish named groups: it takes the value of one for a pair of two. So nobody relies on them. */
function refuseNames(regex: Regex, text: string, match: Match): void {
  for (const index of regex.names.values()) {
    const value = groupText(text, match, index);
    if (value === null) throw typeError("cannot unpack non-iterable NoneType object");
    const { length } = Array.from(value);
    if (length > 2) throw valueError("too many values to unpack (expected 2)");
    if (length < 2) throw valueError(`not enough values to unpack (expected 2, got ${length})`);
    throw new YaqlError("index", "no such group");
  }
}

function search(context: Context, regex: Regex, text: string, selector: Lambda | null): unknown {
  const match = regex.search(text, context.run);
  if (match === undefined) return null;
  return selected(context, regex, text, match, selector);
}

function selected(context: Context, regex: Regex, text: string, match: Match, selector: Lambda | null): unknown {
  return selector === null ? groupText(text, match, 0) : selector.in(published(context, regex, text, match));
}

function* searchAll(context: Context, regex: Regex, text: string, selector: Lambda | null): Generator {
  for (const match of regex.all(text, context.run)) yield selected(context, regex, text, match, selector);
}

function replace({ run }: Context, regex: Regex, text: string, replacement: string, count: unknown): string {
  const expand = compileTemplate(replacement, regex);
  return Number(count) < 0 ? text : regex.replace(text, run, Number(count), (match) => expand(text, match));
}

function replaceBy(context: Context, regex: Regex, text: string, replacement: Lambda, count: unknown): string {
  if (Number(count) < 0) return text;
  return regex.replace(text, context.run, Number(count), (match) => {
    const value = replacement.in(published(context, regex, text, match));
    if (typeof value === "string") return value;
    if (value === null) return "";
    const item = match[0] === 0 ? 0 : 1;
    throw typeError(`sequence item ${item}: expected str instance, ${typeName(value, true)} found`);
  });
}

const split = ({ run }: Context, regex: Regex, text: string, limit: unknown) =>
  Number(limit) < 0 ? mutableList([text]) : mutableList(regex.split(text, run, Number(limit)));

const compiled = ({ run }: Context, pattern: string): Regex =>
  run.remember(`regex ${pattern}`, () => new Regex(pattern));

const matches = ({ run }: Context, text: string, regex: Regex) => regex.search(text, run) !== undefined;

export const REGEXES: readonly FunctionDefinition[] = [
  fn(
    "regex(pattern: string, ignoreCase: bool? = false, multiLine: bool? = false, dotAll: bool? = false)",
    (_context, pattern, ignoreCase, multiLine, dotAll) =>
      new Regex(pattern, { ignoreCase: ignoreCase === true, multiLine: multiLine === true, dotAll: dotAll === true }),
  ),
  fn("#operator_=~(string: string, regexp: regex)", matches),
  fn("#operator_=~(string: string, pattern: string)", (context, text, pattern) =>
    matches(context, text, compiled(context, pattern)),
  ),
  fn("#operator_!~(string: string, regexp: regex)", (context, text, regex) => !matches(context, text, regex)),
  fn(
    "#operator_!~(string: string, pattern: string)",
    (context, text, pattern) => !matches(context, text, compiled(context, pattern)),
  ),
  method("matches(regexp: regex, string: string)", (context, regex, text) => matches(context, text, regex)),
  method("matches(string: string, regexp: string)", (context, text, pattern) =>
    matches(context, text, compiled(context, pattern)),
  ),
  method("search(regexp: regex, string: string, selector: lambda = null)", search),
  method(
    "searchAll(regexp: regex, string: string, selector: lambda = null)",
    (context, regex, text, selector) => new Iter(pullFrom(searchAll(context, regex, text, selector))),
  ),
  method("split(regexp: regex, string: string, maxSplit: int = 0)", split),
  method("split(string: string, regexp: regex, maxSplit: int = 0)", (context, text, regex, limit) =>
    split(context, regex, text, limit),
  ),
  method("replace(regexp: regex, string: string, repl: string, count: int = 0)", replace),
  method(
    "replace(string: string, regexp: regex, repl: string, count: int = 0)",
    (context, text, regex, replacement, count) => replace(context, regex, text, replacement, count),
  ),
  method("replaceBy(regexp: regex, string: string, repl: lambda, count: int = 0)", replaceBy),
  method(
    "replaceBy(string: string, regexp: regex, repl: lambda, count: int = 0)",
    (context, text, regex, replacement, count) => replaceBy(context, regex, text, replacement, count),
  ),
  fn("escapeRegex(string: string)", (_context, text) => escapeRegex(text)),
  fn("isRegex(value: any)", (_context, value) => value instanceof Regex),
];
