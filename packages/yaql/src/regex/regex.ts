/** Python's regular expressions: its syntax, and its way to go through a text. Positions count UTF-16 units here. */
import { YaqlError } from "../errors.ts";
import type { Run } from "../run.ts";
import { quote } from "../quote.ts";
import { matchAt } from "./machine.ts";
import { NO_FLAGS, parseRegex, type RegexFlags } from "./parse.ts";
import { assembleRegex, type Program } from "./program.ts";

/** Bounds of the whole match and of every group, in pairs; -1 where a group took no part. */
export type Match = readonly number[];

/** A compiled pattern. */
export class Regex {
  readonly pattern: string;
  /** The letters of the flags that are set. */
  readonly flags: string;
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
  readonly #program: Program;
  /** The text that every match begins with, if that is known. */
  readonly #prefix: string;

  /** Throws YaqlError when it is no pattern. */
  constructor(pattern: string, flags: Partial<RegexFlags> = {}) {
    const parsed = parseRegex(pattern, { ...NO_FLAGS, ...flags });
    this.pattern = pattern;
    this.groups = parsed.groups;
    this.names = parsed.names;
    this.#program = assembleRegex(parsed.root, parsed.groups);
    const letters: [keyof RegexFlags, string][] = [
      ["ignoreCase", "i"],
      ["multiLine", "m"],
      ["dotAll", "s"],
      ["verbose", "x"],
      ["ascii", "a"],
    ];
    this.flags = letters.flatMap(([name, letter]) => (parsed.flags[name] ? [letter] : [])).join("");
    let prefix = "";
    for (const instruction of this.#program.instructions) {
      if (instruction.op !== "character") break;
      prefix += String.fromCodePoint(instruction.codePoint);
    }
    this.#prefix = prefix;
  }

  /** The first match from a position on. At that position itself it must not be empty if so wanted. */
  search(text: string, run: Run, from = 0, mayBeEmptyThere = true): Match | undefined {
    const slots: number[] = Array.from({ length: this.#program.slots }, () => -1);
    for (let at = from; at <= text.length; ) {
      if (this.#prefix !== "") {
        at = text.indexOf(this.#prefix, at);
        if (at < 0) return undefined;
      }
      run.step();
      if (matchAt(this.#program, text, at, slots, run, at !== from || mayBeEmptyThere)) {
        return slots.slice(0, 2 * (this.groups + 1));
      }
      at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    }
    return undefined;
  }

  /** Whether the text matches at its start. */
  matchesStart(text: string, run: Run): boolean {
    const slots: number[] = Array.from({ length: this.#program.slots }, () => -1);
    return matchAt(this.#program, text, 0, slots, run);
  }

  /** All matches that do not overlap. An empty one may follow right behind another, but not behind an empty one. */
  *all(text: string, run: Run): Generator<Match> {
    let from = 0;
    let mayBeEmpty = true;
    for (;;) {
      const match = this.search(text, run, from, mayBeEmpty);
      if (match === undefined) return;
      yield match;
      const [start = 0, end = 0] = match;
      from = end;
      mayBeEmpty = end !== start;
    }
  }

  /** The parts between matches, with the groups of each match in between; null for a group that took no part. */
  split(text: string, run: Run, limit: number): (string | null)[] {
    const parts: (string | null)[] = [];
    let from = 0;
    for (const match of this.all(text, run)) {
      const [start = 0, end = 0] = match;
      parts.push(text.slice(from, start));
      for (let group = 1; group <= this.groups; group++) parts.push(groupText(text, match, group));
      from = end;
      if (limit > 0 && parts.length >= limit * (this.groups + 1)) break;
    }
    parts.push(text.slice(from));
    run.allocateItems(parts.length);
    return parts;
  }

  /** The text with the first `limit` matches (0: all) replaced by what the function gives. */
  replace(text: string, run: Run, limit: number, replacement: (match: Match) => string): string {
    let result = "";
    let from = 0;
    let count = 0;
    for (const match of this.all(text, run)) {
      const [start = 0, end = 0] = match;
      const put = replacement(match);
      run.allocateText(put.length);
      result += text.slice(from, start) + put;
      from = end;
      if (++count === limit) break;
    }
    return result + text.slice(from);
  }

  repr(): string {
    const names = { i: "re.IGNORECASE", m: "re.MULTILINE", s: "re.DOTALL", x: "re.VERBOSE", a: "re.ASCII" };
    const flags = Array.from(this.flags, (letter) => names[letter as keyof typeof names]);
    return `re.compile(${[quote(this.pattern), ...(flags.length > 0 ? [flags.join("|")] : [])].join(", ")})`;
  }
}

export function groupText(text: string, match: Match, group: number): string | null {
  const [start = -1, end = -1] = match.slice(2 * group, 2 * group + 2);
  return start < 0 || end < 0 ? null : text.slice(start, end);
}

const TEMPLATE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
}; // prettier-ignore

/** A replacement text: `\1`, `\g<1>` and `\g<name>` stand for groups. Throws YaqlError when it is none. */
export function compileTemplate(template: string, regex: Regex): (text: string, match: Match) => string {
  if (!template.includes("\\")) return () => template;
  const parts: (string | number)[] = [];
  const fail = (message: string, position: number) => new YaqlError("regex", `${message} at position ${position}`);
  const groupAt = (index: number, position: number): number => {
    if (index > regex.groups) throw fail(`invalid group reference ${index}`, position);
    return index;
  };
  for (let at = 0; at < template.length; ) {
    const next = template.indexOf("\\", at);
    if (next !== at) {
      parts.push(template.slice(at, next < 0 ? undefined : next));
      if (next < 0) break;
      at = next;
    }
    const rest = template.slice(at + 1);
    const letter = rest.charAt(0);
    const octal = /^(?:0[0-7]{0,2}|[0-3][0-7]{2})/.exec(rest)?.[0];
    const number = /^[1-9]\d?/.exec(rest)?.[0];
    const named = /^g<([^>]*)>/.exec(rest);
    if (letter === "") throw fail("bad escape (end of pattern)", at);
    if (octal !== undefined) {
      parts.push(String.fromCodePoint(Number.parseInt(octal, 8)));
      at += 1 + octal.length;
    } else if (number !== undefined) {
      parts.push(groupAt(Number(number), at + 1));
      at += 1 + number.length;
    } else if (letter === "g") {
      if (!named) throw fail(rest.startsWith("g<") ? "missing >, unterminated name" : "missing <", at + 2);
      const name = named[1] ?? "";
      if (name === "") throw fail("missing group name", at + 3);
      const index = /^\d+$/.test(name) ? groupAt(Number(name), at + 3) : regex.names.get(name);
      if (index === undefined) {
        if (/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) throw new YaqlError("index", `unknown group name ${quote(name)}`);
        throw fail(`bad character in group name ${quote(name)}`, at + 3);
      }
      parts.push(index);
      at += 1 + named[0].length;
    } else {
      const escaped = TEMPLATE_ESCAPES[letter];
      if (escaped === undefined && /[A-Za-z]/.test(letter)) throw fail(`bad escape \\${letter}`, at);
      parts.push(escaped ?? `\\${letter}`);
      at += 2;
    }
  }
  return (text, match) =>
    parts.map((part) => (typeof part === "string" ? part : (groupText(text, match, part) ?? ""))).join("");
}

/** The pattern that matches exactly this text. */
export const escapeRegex = (text: string): string => text.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, "\\$&");
