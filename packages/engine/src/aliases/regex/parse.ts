import { Invalid } from "@squall/model";
import { translatePythonRegex } from "../../rules/python-regex-syntax.ts";

/** A regular expression of Python's `re`, as a tree. */
export type Node =
  | { readonly kind: "char"; readonly test: CharTest }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly branches: readonly Node[] }
  | { readonly kind: "group"; readonly index: number; readonly body: Node }
  | { readonly kind: "repeat"; readonly body: Node; readonly min: number; readonly max: number; readonly lazy: boolean }
  | { readonly kind: "at"; readonly where: Place; readonly multiline: boolean; readonly ascii: boolean }
  | { readonly kind: "look"; readonly ahead: boolean; readonly negative: boolean; readonly body: Node }
  | { readonly kind: "back"; readonly index: number };

/** `^`, `$`, and what follows the backslash in `\A`, `\Z`, `\b`, `\B`. */
export type Place = "^" | "$" | "A" | "Z" | "b" | "B";

/** What one character may be: the code point itself, or the source of a class that decides. */
export type CharTest =
  | { readonly code: number }
  | { readonly source: string; readonly ignoreCase: boolean; readonly ascii: boolean };

export interface Pattern {
  readonly tree: Node;
  /** Of groups, by number; 0 is the whole match. */
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
  readonly backReferences: boolean;
}

interface Modes {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly verbose: boolean;
  readonly ascii: boolean;
}

const MODES: Readonly<Record<string, keyof Modes>> = {
  i: "ignoreCase",
  m: "multiline",
  s: "dotAll",
  x: "verbose",
  a: "ascii",
};
/** Deeper nesting than anybody writes, and shallower than the stack of whoever walks the tree. */
const MAX_DEPTH = 100;
const INFINITE = Number.POSITIVE_INFINITY;

const DOT_ALL: Modes = { ignoreCase: false, multiline: false, dotAll: true, verbose: false, ascii: false };

/**
 * Reads a pattern as `re.compile(source, re.DOTALL)` does in the Pythons that StackStorm runs on (up to 3.10): flags such as
 * `(?i)` may stand anywhere and hold for the whole. Throws Invalid `alias.format-invalid` where that would fail, and for
 * conditional groups. https://docs.python.org/3.10/library/re.html
 */
export function parsePattern(source: string): Pattern {
  return parseWith(source, DOT_ALL);
}

function parseWith(source: string, initial: Modes): Pattern {
  const chars = [...source];
  let at = 0;
  let groups = 1;
  let backReferences = false;
  const names = new Map<string, number>();
  let modes = initial;
  let whole = initial;

  function fail(reason: string): never {
    throw new Invalid("alias.format-invalid", {
      message: `"${source}" is no regular expression that aliases can use: ${reason} at position ${at}.`,
    });
  }

  function classOf(text: string): Node {
    const { ignoreCase, ascii, dotAll } = modes;
    try {
      translatePythonRegex(text, "native", { dotAll });
    } catch (thrown) {
      if (!(thrown instanceof Invalid)) throw thrown;
      fail(`"${text}" stands for no character`);
    }
    return { kind: "char", test: { source: text, ignoreCase, ascii } };
  }

  function literal(char: string): Node {
    if (modes.ignoreCase) return classOf(/[A-Za-z0-9\s]/.test(char) || char > "\x7f" ? char : `\\${char}`);
    return { kind: "char", test: { code: char.codePointAt(0) ?? 0 } };
  }

  function choice(depth: number): Node {
    if (depth > MAX_DEPTH) fail("nested too deep");
    const branches = [sequence(depth)];
    while (chars[at] === "|") {
      at++;
      branches.push(sequence(depth));
    }
    return branches.length === 1 ? (branches[0] as Node) : { kind: "choice", branches };
  }

  function sequence(depth: number): Node {
    const items: Node[] = [];
    while (at < chars.length && chars[at] !== "|" && chars[at] !== ")") {
      const item = atom(depth);
      if (item === undefined) continue;
      items.push(quantified(item));
    }
    return items.length === 1 ? (items[0] as Node) : { kind: "sequence", items };
  }

  /** One thing that a quantifier can follow; nothing for comments, flags and the blanks of verbose patterns. */
  function atom(depth: number): Node | undefined {
    const char = chars[at++] as string;
    if (modes.verbose && /\s/.test(char)) return undefined;
    if (modes.verbose && char === "#") {
      while (at < chars.length && chars[at] !== "\n") at++;
      return undefined;
    }
    switch (char) {
      case "\\":
        return escape();
      case "[":
        return set();
      case "(":
        return group(depth);
      case "^":
      case "$":
        return { kind: "at", where: char, multiline: modes.multiline, ascii: modes.ascii };
      case ".":
        return modes.dotAll ? classOf("[\\s\\S]") : classOf("[^\\n]");
      case "*":
      case "+":
      case "?":
        return fail("nothing to repeat");
      case "{":
        at--;
        if (repetition() !== undefined) fail("nothing to repeat");
        at++;
        return literal(char);
      default:
        return literal(char);
    }
  }

  function escape(): Node {
    const char = chars[at++] ?? fail("a lone backslash");
    if (char === "A" || char === "Z" || char === "b" || char === "B") {
      return { kind: "at", where: char, multiline: false, ascii: modes.ascii };
    }
    const start = at - 2;
    const digits = chars.slice(at - 1, at + 2).join("");
    if (/[1-9]/.test(char) && !/^[0-3][0-7]{2}$/.test(digits)) {
      const number = /^[0-9]{2}/.test(digits) ? digits.slice(0, 2) : char;
      at += number.length - 1;
      if (Number(number) >= groups) fail(`no group ${number}`);
      backReferences = true;
      return { kind: "back", index: Number(number) };
    }
    if (/[0-7]/.test(char)) at += /^[0-7]{1,3}/.exec(digits)?.[0].length ?? 1;
    if (/[0-7]/.test(char)) at--;
    const hex = { x: 2, u: 4, U: 8 }[char];
    if (hex !== undefined) at += hex;
    return classOf(chars.slice(start, at).join(""));
  }

  function set(): Node {
    const start = at - 1;
    if (chars[at] === "^") at++;
    for (let first = true; first || chars[at] !== "]"; first = false) {
      if (at >= chars.length) fail("a set without its ]");
      at += chars[at] === "\\" ? 2 : 1;
    }
    at++;
    return classOf(chars.slice(start, at).join(""));
  }

  function until(end: string): string {
    const stop = chars.indexOf(end, at);
    if (stop < 0) fail(`missing "${end}"`);
    const text = chars.slice(at, stop).join("");
    at = stop + 1;
    return text;
  }

  /** The rest of a group whose opening has been read. */
  function inside(depth: number, outer: Modes): Node {
    const body = choice(depth + 1);
    if (chars[at++] !== ")") fail("a group without its )");
    modes = outer;
    return body;
  }

  function group(depth: number): Node | undefined {
    const outer = modes;
    if (chars[at] !== "?") {
      const index = groups++;
      return { kind: "group", index, body: inside(depth, outer) };
    }
    at++;
    const char = chars[at++];
    const next = chars[at];
    if (char === "#") {
      until(")");
      return undefined;
    }
    if (char === ":") return { kind: "sequence", items: [inside(depth, outer)] };
    if (char === "P" && next === "<") {
      at++;
      const name = until(">");
      if (!/^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(name)) fail(`"${name}" is no name of a parameter`);
      if (names.has(name)) fail(`parameter "${name}" stands there twice`);
      const index = groups++;
      names.set(name, index);
      return { kind: "group", index, body: inside(depth, outer) };
    }
    if (char === "P" && next === "=") {
      at++;
      const index = names.get(until(")")) ?? fail("an unknown group");
      backReferences = true;
      return { kind: "back", index };
    }
    if (char === "=" || char === "!") {
      return { kind: "look", ahead: true, negative: char === "!", body: inside(depth, outer) };
    }
    if (char === "<" && (next === "=" || next === "!")) {
      at++;
      const body = inside(depth, outer);
      if (widthOf(body) === undefined) fail("a look behind of no fixed width");
      return { kind: "look", ahead: false, negative: next === "!", body };
    }
    at--;
    return flags(depth, outer);
  }

  function flags(depth: number, outer: Modes): Node | undefined {
    let on = true;
    for (;;) {
      const char = chars[at++] ?? fail("a group without its )");
      if (char === ")") {
        whole = { ...modes, ...without(whole, initial) };
        modes = outer;
        return undefined;
      }
      if (char === ":") return { kind: "sequence", items: [inside(depth, outer)] };
      if (char === "-") on = false;
      else if (char === "u" || char === "L") modes = { ...modes, ascii: false };
      else modes = { ...modes, [MODES[char] ?? fail(`the unknown extension ?${char}`)]: on };
    }
  }

  function repetition(): { min: number; max: number } | undefined {
    const char = chars[at];
    if (char === "*" || char === "+" || char === "?") {
      at++;
      return { min: char === "+" ? 1 : 0, max: char === "?" ? 1 : INFINITE };
    }
    if (char !== "{") return undefined;
    const match = /^\{(\d*)(,(\d*))?\}/.exec(chars.slice(at, at + 24).join(""));
    if (!match || (match[1] === "" && !match[3] && match[2] === undefined) || match[0] === "{,}") return undefined;
    at += match[0].length;
    const min = Number(match[1] || 0);
    const max = match[2] === undefined ? min : match[3] ? Number(match[3]) : INFINITE;
    if (max < min) fail("a repetition whose least is above its most");
    return { min, max };
  }

  function quantified(item: Node): Node {
    const times = repetition();
    if (times === undefined) return item;
    if (item.kind === "at") fail("nothing to repeat");
    const lazy = chars[at] === "?";
    if (lazy) at++;
    else if (chars[at] === "+") fail("a possessive quantifier, which aliases do not know");
    const again = at;
    if (repetition() !== undefined) {
      at = again;
      fail("two quantifiers in a row");
    }
    return { kind: "repeat", body: item, ...times, lazy };
  }

  const tree = choice(0);
  if (at < chars.length) fail("a ) without its group");
  if (Object.keys(without(whole, initial)).length > 0) return parseWith(source, whole);
  return { tree, groups, names, backReferences };
}

/** What differs from before. */
function without(modes: Modes, before: Modes): Partial<Modes> {
  return Object.fromEntries(Object.entries(modes).filter(([name, on]) => before[name as keyof Modes] !== on));
}

/** Characters that a node always takes; nothing where that varies. */
export function widthOf(node: Node): number | undefined {
  switch (node.kind) {
    case "char":
      return 1;
    case "at":
    case "look":
      return 0;
    case "back":
      return undefined;
    case "group":
      return widthOf(node.body);
    case "sequence": {
      let sum = 0;
      for (const item of node.items) {
        const width = widthOf(item);
        if (width === undefined) return undefined;
        sum += width;
      }
      return sum;
    }
    case "choice": {
      const widths = new Set(node.branches.map(widthOf));
      const [width] = widths;
      return widths.size === 1 ? width : undefined;
    }
    case "repeat": {
      const width = widthOf(node.body);
      return width === undefined || node.min !== node.max ? undefined : width * node.min;
    }
    default:
      return node satisfies never;
  }
}
