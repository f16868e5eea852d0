/** Reads a pattern in the syntax of Python's `re`. Errors are worded as Python's. */
import { YaqlError, YaqlLimitError } from "../errors.ts";
import { quote } from "../quote.ts";
import {
  atEnd,
  atLineEnd,
  atLineStart,
  atStart,
  beforeFinalNewline,
  boundary,
  classOf,
  ignoringCase,
} from "./characters.ts";
import { type CharacterTest, type ParsedRegex, type RegexNode, widthOf } from "./syntax.ts";

export interface RegexFlags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
  readonly verbose: boolean;
  readonly ascii: boolean;
}
export const NO_FLAGS: RegexFlags = {
  ignoreCase: false,
  multiLine: false,
  dotAll: false,
  verbose: false,
  ascii: false,
};

const FLAG_NAMES: Readonly<Record<string, keyof RegexFlags>> = {
  i: "ignoreCase",
  m: "multiLine",
  s: "dotAll",
  x: "verbose",
  a: "ascii",
};
const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const MAX_REPEAT = 4_294_967_295;
const MAX_DEPTH = 200;
const EMPTY: RegexNode = { kind: "sequence", items: [] };

export function parseRegex(pattern: string, initial: RegexFlags): ParsedRegex & { readonly flags: RegexFlags } {
  const source = Array.from(pattern);
  const names = new Map<string, number>();
  const closed = new Map<number, RegexNode>();
  const isOpen = new Set<number>();
  /** Groups that conditions ask for, which may come later in the pattern. */
  const conditions: [index: number, position: number][] = [];
  let groups = 0;
  let at = 0;
  let global = initial;

  const fail = (message: string, position: number): YaqlError => {
    const lines = source.slice(0, position).join("").split("\n");
    const where = source.includes("\n")
      ? ` (line ${lines.length}, column ${Array.from(lines.at(-1) ?? "").length + 1})`
      : "";
    return new YaqlError("regex", `${message} at position ${position}${where}`);
  };
  const looking = (text: string) => Array.from(text).every((c, i) => source[at + i] === c);
  const accept = (text: string) => {
    if (!looking(text)) return false;
    at += text.length;
    return true;
  };

  const skipVerbose = (flags: RegexFlags) => {
    if (!flags.verbose) return;
    for (;;) {
      const c = source[at];
      if (c !== undefined && /\s/.test(c)) at++;
      else if (c === "#") while (at < source.length && source[at++] !== "\n");
      else return;
    }
  };

  function alternatives(flags: RegexFlags, depth: number): RegexNode {
    if (depth > MAX_DEPTH) throw new YaqlLimitError("limit", "The pattern is nested too deeply");
    const options = [sequence(flags, depth, depth === 0)];
    while (accept("|")) options.push(sequence(flags, depth, false));
    return options.length === 1 ? (options[0] ?? EMPTY) : { kind: "alternatives", options };
  }

  /** `mayChange`: whether flags for the whole pattern may stand at its start. */
  function sequence(flags: RegexFlags, depth: number, mayChange: boolean): RegexNode {
    const items: RegexNode[] = [];
    let current = flags;
    for (;;) {
      skipVerbose(current);
      const c = source[at];
      if (c === undefined || c === "|" || c === ")")
        return items.length === 1 ? (items[0] ?? EMPTY) : { kind: "sequence", items };
      if (isQuantifier()) {
        const last = items.at(-1);
        const start = at;
        const { min, max } = quantifier();
        if (last === undefined || last.kind === "assertion") throw fail("nothing to repeat", start);
        if (last.kind === "repeat" && !("grouped" in last)) throw fail("multiple repeat", start);
        const mode = accept("?") ? "lazy" : accept("+") ? "possessive" : "greedy";
        items[items.length - 1] = { kind: "repeat", body: last, min, max, mode };
        continue;
      }
      if (comment()) continue;
      const node = atom(current, depth, items.length === 0 && mayChange);
      if ("flags" in node) current = node.flags;
      else items.push(node);
    }
  }

  function comment(): boolean {
    const start = at;
    if (!accept("(?#")) return false;
    while (at < source.length && source[at] !== ")") at++;
    if (!accept(")")) throw fail("missing ), unterminated comment", start);
    return true;
  }

  function isQuantifier(): boolean {
    const c = source[at];
    if (c === "*" || c === "+" || c === "?") return true;
    return c === "{" && /^\{(?:\d+(?:,\d*)?|,\d*)\}/.test(source.slice(at, at + 30).join(""));
  }

  function quantifier(): { min: number; max: number } {
    const start = at;
    const c = source[at++];
    if (c !== "{") return { min: c === "+" ? 1 : 0, max: c === "?" ? 1 : Infinity };
    const [, low = "", comma, high = ""] = /^(\d*)(,?)(\d*)\}/.exec(source.slice(at, at + 30).join("")) ?? [];
    at += low.length + (comma ?? "").length + high.length + 1;
    const min = low === "" ? 0 : Number(low);
    const max = comma === "" ? min : high === "" ? Infinity : Number(high);
    if (min >= MAX_REPEAT || (max !== Infinity && max >= MAX_REPEAT)) {
      throw new YaqlError("overflow", "the repetition number is too large");
    }
    if (max < min) throw fail("min repeat greater than max repeat", start + 1);
    return { min, max };
  }

  function literal(codePoint: number, flags: RegexFlags): RegexNode {
    return { kind: "character", codePoint, ignoreCase: flags.ignoreCase };
  }

  function atom(flags: RegexFlags, depth: number, isFirst: boolean): RegexNode | { flags: RegexFlags } {
    const c = source[at] ?? "";
    const start = at++;
    switch (c) {
      case ".":
        return { kind: "set", test: flags.dotAll ? () => true : (x) => x !== 10 };
      case "^":
        return { kind: "assertion", holds: flags.multiLine ? atLineStart : atStart };
      case "$":
        return { kind: "assertion", holds: flags.multiLine ? atLineEnd : beforeFinalNewline };
      case "(":
        return group(flags, depth, start, isFirst);
      case "[":
        return { kind: "set", test: characterSet(flags, start) };
      case "\\":
        return escape(flags, start);
      default:
        return literal(c.codePointAt(0) ?? 0, flags);
    }
  }

  function hex(letter: string, length: number, start: number): number {
    const digits = source.slice(at, at + length).join("");
    const [valid = ""] = /^[0-9a-fA-F]*/.exec(digits) ?? [];
    if (valid.length < length) throw fail(`incomplete escape \\${letter}${valid}`, start);
    at += length;
    const code = Number.parseInt(digits, 16);
    if (code > 0x10ffff) throw fail(`bad escape \\${letter}${digits}`, start);
    return code;
  }

  /** What stands after a backslash for one character, in sets and outside; undefined when it is something else. */
  function escapedCharacter(letter: string, start: number): number | undefined {
    if (letter === "x") return hex(letter, 2, start);
    if (letter === "u") return hex(letter, 4, start);
    if (letter === "U") return hex(letter, 8, start);
    if (letter in ESCAPES && letter !== "b") return ESCAPES[letter];
    if (letter === "0") {
      const [digits = ""] = /^[0-7]{0,2}/.exec(source.slice(at, at + 2).join("")) ?? [];
      at += digits.length;
      return Number.parseInt(`0${digits}`, 8);
    }
    if (/[A-Za-z]/.test(letter)) return undefined;
    return letter.codePointAt(0);
  }

  function escape(flags: RegexFlags, start: number): RegexNode {
    const letter = source[at++];
    if (letter === undefined) throw fail("bad escape (end of pattern)", start);
    const test = classOf(letter, flags.ascii);
    if (test) return { kind: "set", test };
    switch (letter) {
      case "A":
        return { kind: "assertion", holds: atStart };
      case "Z":
        return { kind: "assertion", holds: atEnd };
      case "b":
      case "B":
        return { kind: "assertion", holds: boundary(flags.ascii, letter === "b") };
      default:
        break;
    }
    if (/[1-9]/.test(letter)) return numbered(letter, flags, start);
    const code = escapedCharacter(letter, start);
    if (code === undefined) throw fail(`bad escape \\${letter}`, start);
    return literal(code, flags);
  }

  /** `\1` to `\99` refer to groups; three octal digits are a character. */
  function numbered(first: string, flags: RegexFlags, start: number): RegexNode {
    let digits = first;
    const [octal] = /^[0-3][0-7]{2}/.exec(first + source.slice(at, at + 2).join("")) ?? [];
    if (octal !== undefined) {
      at += 2;
      return literal(Number.parseInt(octal, 8), flags);
    }
    if (/\d/.test(source[at] ?? "")) digits += source[at++];
    const index = Number(digits);
    if (index > groups) throw fail(`invalid group reference ${index}`, start + 1);
    if (isOpen.has(index)) throw fail("cannot refer to an open group", start);
    return { kind: "reference", index, ignoreCase: flags.ignoreCase };
  }

  function characterSet(flags: RegexFlags, start: number): CharacterTest {
    const negative = accept("^");
    const tests: CharacterTest[] = [];
    const singles = new Set<number>();
    for (let isFirst = true; ; isFirst = false) {
      const itemStart = at;
      const c = source[at];
      if (c === undefined) throw fail("unterminated character set", start);
      if (c === "]" && !isFirst) {
        at++;
        break;
      }
      const low = setItem(flags);
      const hasRange = source[at] === "-" && source[at + 1] !== undefined && source[at + 1] !== "]";
      if (source[at] === "-" && source[at + 1] === undefined) throw fail("unterminated character set", start);
      if (!hasRange) {
        if (typeof low === "number") singles.add(low);
        else tests.push(low);
        continue;
      }
      at++;
      const high = setItem(flags);
      const text = source.slice(itemStart, at).join("");
      if (typeof low !== "number" || typeof high !== "number" || high < low) {
        throw fail(`bad character range ${text}`, itemStart);
      }
      tests.push((x) => x >= low && x <= high);
    }
    const plain: CharacterTest = (x) => singles.has(x) || tests.some((test) => test(x));
    const test = flags.ignoreCase ? ignoringCase(plain) : plain;
    return negative ? (x) => !test(x) : test;
  }

  function setItem(flags: RegexFlags): number | CharacterTest {
    const start = at;
    const c = source[at++] ?? "";
    if (c !== "\\") return c.codePointAt(0) ?? 0;
    const letter = source[at++];
    if (letter === undefined) throw fail("bad escape (end of pattern)", start);
    const test = classOf(letter, flags.ascii);
    if (test) return test;
    if (letter === "b") return 8;
    if (/[1-7]/.test(letter)) {
      const [digits = ""] = /^[0-7]{0,2}/.exec(source.slice(at, at + 2).join("")) ?? [];
      at += digits.length;
      const code = Number.parseInt(letter + digits, 8);
      if (code > 0o377) throw fail(`octal escape value \\${letter}${digits} outside of range 0-0o377`, start);
      return code;
    }
    const code = /[89]/.test(letter) ? undefined : escapedCharacter(letter, start);
    if (code === undefined) throw fail(`bad escape \\${letter}`, start);
    return code;
  }

  function close(start: number): void {
    if (!accept(")")) throw fail("missing ), unterminated subpattern", start);
  }

  function capture(
    name: string | undefined,
    nameAt: number,
    flags: RegexFlags,
    depth: number,
    start: number,
  ): RegexNode {
    const index = ++groups;
    if (groups > 1_000) throw new YaqlLimitError("limit", "The pattern has too many groups");
    if (name !== undefined) {
      const known = names.get(name);
      if (known !== undefined) {
        throw fail(`redefinition of group name ${quote(name)} as group ${index}; was group ${known}`, nameAt);
      }
      names.set(name, index);
    }
    isOpen.add(index);
    const body = alternatives(flags, depth + 1);
    close(start);
    isOpen.delete(index);
    closed.set(index, body);
    return { kind: "group", index, body };
  }

  function nameUntil(end: string): string {
    const start = at;
    while (at < source.length && source[at] !== end) at++;
    const name = source.slice(start, at).join("");
    if (at >= source.length) {
      throw name === "" ? fail("missing group name", start) : fail(`missing ${end}, unterminated name`, start);
    }
    at++;
    if (name === "") throw fail("missing group name", start);
    return name;
  }

  function checkedName(end: string): string {
    const start = at;
    const name = nameUntil(end);
    if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) throw fail(`bad character in group name ${quote(name)}`, start);
    return name;
  }

  function group(flags: RegexFlags, depth: number, start: number, isFirst: boolean): RegexNode | { flags: RegexFlags } {
    if (!accept("?")) return capture(undefined, start, flags, depth, start);
    if (accept("P<")) {
      const nameAt = at;
      return capture(checkedName(">"), nameAt, flags, depth, start);
    }
    if (accept("P=")) {
      const nameAt = at;
      const name = checkedName(")");
      const index = names.get(name);
      if (index === undefined) throw fail(`unknown group name ${quote(name)}`, nameAt);
      if (isOpen.has(index)) throw fail("cannot refer to an open group", nameAt);
      return { kind: "reference", index, ignoreCase: flags.ignoreCase };
    }
    if (accept("P")) {
      const extension = source[at];
      if (extension === undefined) throw fail("unexpected end of pattern", at);
      throw fail(`unknown extension ?P${extension}`, start + 1);
    }
    for (const [text, negative] of [
      ["=", false],
      ["!", true],
    ] as const) {
      if (accept(text)) return look(flags, depth, start, negative, false);
      if (accept(`<${text}`)) return look(flags, depth, start, negative, true);
    }
    if (accept(">")) {
      const body = alternatives(flags, depth + 1);
      close(start);
      return { kind: "atomic", body };
    }
    if (accept("(")) return condition(flags, depth, start);
    if (accept(":")) {
      const body = alternatives(flags, depth + 1);
      close(start);
      return grouped(body);
    }
    return inlineFlags(flags, depth, start, isFirst);
  }

  /** A repeat in parentheses may be repeated again. */
  function grouped(body: RegexNode): RegexNode {
    return { kind: "sequence", items: [body] };
  }

  function look(flags: RegexFlags, depth: number, start: number, negative: boolean, behind: boolean): RegexNode {
    const body = alternatives(flags, depth + 1);
    close(start);
    if (!behind) return { kind: "look", behind: null, negative, body };
    const [min, max] = widthOf(body, closed);
    if (min !== max) throw new YaqlError("regex", "look-behind requires fixed-width pattern");
    return { kind: "look", behind: min, negative, body };
  }

  function condition(flags: RegexFlags, depth: number, start: number): RegexNode {
    const nameAt = at;
    const name = nameUntil(")");
    let index = names.get(name);
    if (/^\d+$/.test(name)) {
      index = Number(name);
      if (index === 0) throw fail("bad group number", nameAt);
    } else if (index === undefined) throw fail(`unknown group name ${quote(name)}`, nameAt);
    const yes = sequence(flags, depth + 1, false);
    const no = accept("|") ? sequence(flags, depth + 1, false) : EMPTY;
    if (looking("|")) throw fail("conditional backref with more than two branches", start);
    close(start);
    conditions.push([index, nameAt]);
    return { kind: "condition", index, yes, no };
  }

  function inlineFlags(
    flags: RegexFlags,
    depth: number,
    start: number,
    isFirst: boolean,
  ): RegexNode | { flags: RegexFlags } {
    const changed: Record<keyof RegexFlags, boolean> = { ...flags };
    let value = true;
    let any = false;
    for (;;) {
      const c = source[at++];
      if (c === undefined) throw fail("missing -, : or )", source.length);
      if (c === "-" && value) {
        value = false;
        continue;
      }
      if (c === ")" && any && value) {
        if (!isFirst) throw fail("global flags not at the start of the expression", start);
        global = { ...global, ...changed };
        return { flags: changed };
      }
      if (c === ":" && any) {
        const body = alternatives(changed, depth + 1);
        close(start);
        return grouped(body);
      }
      const name = FLAG_NAMES[c];
      if (c === "u") changed.ascii = false;
      else if (name === undefined) {
        throw any ? fail("unknown flag", at - 1) : fail(`unknown extension ?${c}`, start + 1);
      } else changed[name] = value;
      any = true;
    }
  }

  const root = alternatives(initial, 0);
  if (at < source.length) throw fail("unbalanced parenthesis", at);
  for (const [index, position] of conditions) {
    if (index > groups) throw fail(`invalid group reference ${index}`, position);
  }
  return { root, groups, names, flags: global };
}
