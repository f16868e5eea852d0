import { Invalid } from "@squall/model";
import type { PythonRegexOptions } from "./python-regex.ts";

export interface Translation {
  readonly source: string;
  /** For `native`, where it is a flag of the RegExp; in `re2` it is part of the source. */
  readonly ignoreCase: boolean;
  /** Uses lookaround, back-references or sets that RE2 has no words for. */
  readonly needsNative: boolean;
  /** Uses \b or \B with Unicode words. */
  readonly wordBoundary: boolean;
}

interface Modes {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly verbose: boolean;
  readonly ascii: boolean;
}

const MODE_LETTERS: Readonly<Record<string, keyof Modes>> = {
  i: "ignoreCase",
  m: "multiline",
  s: "dotAll",
  x: "verbose",
  a: "ascii",
};

// What Python's str patterns mean by \s, \w and \d (https://docs.python.org/3/library/re.html, str.isspace, str.isalnum).
const SPACE = "\\t-\\r\\x1c- \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
const NOT_SPACE =
  "\\x00-\\x08\\x0e-\\x1b!-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}";
const WORD = "\\p{L}\\p{N}_";
const CLASSES = {
  unicode: { d: "\\p{Nd}", D: "\\P{Nd}", s: SPACE, S: NOT_SPACE, w: WORD },
  ascii: {
    d: "0-9",
    D: "\\x00-\\/:-\\x{10ffff}",
    s: "\\t-\\r ",
    S: "\\x00-\\x08\\x0e-\\x1f!-\\x{10ffff}",
    w: "A-Za-z0-9_",
  },
} as const;

const CONTROL: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/**
 * Rewrites a pattern of Python's `re` for RE2 or for JavaScript's RegExp with the `u` flag. Everything whose meaning
 * differs is written out (`.`, `$`, `\s`, `\w`, ...), so the engines' own flags do not matter but for case.
 */
export function translatePythonRegex(
  pattern: string,
  dialect: "re2" | "native",
  options: PythonRegexOptions,
): Translation {
  const re2 = dialect === "re2";
  const chars = [...pattern];
  let at = 0;
  let needsNative = false;
  let wordBoundary = false;
  let modes: Modes = {
    ignoreCase: options.ignoreCase === true,
    multiline: false,
    dotAll: options.dotAll === true,
    verbose: false,
    ascii: false,
  };
  const outer: { readonly modes: Modes; readonly close: string }[] = [];

  function fail(reason: string): never {
    throw new Invalid("rule.regex-invalid", {
      message: `"${pattern}" is not a regular expression that rules can use: ${reason} at position ${at}.`,
    });
  }
  const code = (point: number): string => `${re2 ? "\\x{" : "\\u{"}${point.toString(16)}}`;
  const literal = (char: string): string => (/^[A-Za-z0-9_]$/.test(char) ? char : code(char.codePointAt(0) ?? 0));
  const classBody = (body: string): string => (re2 ? body : body.replaceAll("\\x{", "\\u{"));
  const until = (end: string): string => {
    const stop = chars.indexOf(end, at);
    if (stop < 0) fail(`missing "${end}"`);
    const text = chars.slice(at, stop).join("");
    at = stop + 1;
    return text;
  };
  const hex = (length: number): number => {
    const digits = chars.slice(at, at + length).join("");
    if (digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits)) fail("incomplete escape");
    at += length;
    return Number.parseInt(digits, 16);
  };

  /** The code point of an escape that stands for one character; `char` has been read. */
  function escapedCharacter(char: string, inClass: boolean): number {
    if (char === "x") return hex(2);
    if (char === "u") return hex(4);
    if (char === "U") return hex(8);
    if (/[0-7]/.test(char) && (char === "0" || inClass || /^[0-7]{2}$/.test(chars.slice(at, at + 2).join("")))) {
      let digits = char;
      while (digits.length < 3 && /[0-7]/.test(chars[at] ?? "")) digits += chars[at++];
      return Number.parseInt(digits, 8);
    }
    const control = CONTROL[char];
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(char)) fail(`bad escape \\${char}`);
    return char.codePointAt(0) ?? 0;
  }

  function escape(): string {
    const char = chars[at++];
    if (char === undefined) return fail("a lone backslash");
    const sets = modes.ascii ? CLASSES.ascii : CLASSES.unicode;
    switch (char) {
      case "d":
      case "D":
      case "s":
      case "S":
      case "w":
        return `[${classBody(sets[char])}]`;
      case "W":
        return `[^${classBody(sets.w)}]`;
      case "A":
        return re2 ? "\\A" : "(?<![^])";
      case "Z":
        return re2 ? "\\z" : "(?![^])";
      case "b":
      case "B": {
        if (!modes.ascii) wordBoundary = true;
        if (re2) return `\\${char}`;
        const word = `[${sets.w}]`;
        return char === "b"
          ? `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`
          : `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;
      }
    }
    if (/[1-9]/.test(char) && !/^[0-7]{3}$/.test(char + chars.slice(at, at + 2).join(""))) {
      const second = /[0-9]/.test(chars[at] ?? "") ? chars[at++] : "";
      needsNative = true;
      return `(?:\\${char}${second})`;
    }
    return code(escapedCharacter(char, false));
  }

  /** One end of a range, or a whole set (`\d`), inside brackets. */
  function member(): { readonly point?: number; readonly set?: string; readonly notWord?: true } {
    const char = chars[at++] ?? fail("missing ]");
    if (char !== "\\") return { point: char.codePointAt(0) ?? 0 };
    const escaped = chars[at++] ?? fail("missing ]");
    const sets = modes.ascii ? CLASSES.ascii : CLASSES.unicode;
    if (escaped === "W") return { notWord: true };
    if (escaped === "d" || escaped === "D" || escaped === "s" || escaped === "S" || escaped === "w")
      return { set: classBody(sets[escaped]) };
    return { point: escapedCharacter(escaped, true) };
  }

  function set(): string {
    const negated = chars[at] === "^";
    if (negated) at++;
    let body = "";
    let notWord = false;
    for (let first = true; first || chars[at] !== "]"; first = false) {
      if (at >= chars.length) fail("missing ]");
      const low = member();
      if (low.notWord) notWord = true;
      else if (low.set !== undefined) body += low.set;
      else if (chars[at] === "-" && chars[at + 1] !== "]" && chars[at + 1] !== undefined) {
        at++;
        const high = member();
        if (high.point === undefined || low.point === undefined || high.point < low.point) fail("bad character range");
        body += `${code(low.point)}-${code(high.point)}`;
      } else body += code(low.point ?? 0);
    }
    at++;
    if (!notWord) return `[${negated ? "^" : ""}${body}]`;
    const parts = [
      `[^${classBody((modes.ascii ? CLASSES.ascii : CLASSES.unicode).w)}]`,
      ...(body ? [`[${body}]`] : []),
    ];
    if (!negated) return `(?:${parts.join("|")})`;
    needsNative = true;
    return `(?:(?!${parts.join("|")})[^])`;
  }

  /** `(?` has been read. */
  function extension(): string {
    const char = chars[at++];
    const next = chars[at];
    if (char === "#") {
      until(")");
      return "";
    }
    if (char === "P" && next === "=") {
      at++;
      needsNative = true;
      return `(?:\\k<${until(")")}>)`;
    }
    if (char === "P" && next === "<") {
      at++;
      outer.push({ modes, close: ")" });
      return `${re2 ? "(?P<" : "(?<"}${until(">")}>`;
    }
    if (char === ":") {
      outer.push({ modes, close: ")" });
      return "(?:";
    }
    if (char === "=" || char === "!" || (char === "<" && (next === "=" || next === "!"))) {
      if (char === "<") at++;
      // The second group lets a quantifier follow, which JavaScript refuses after lookaround.
      outer.push({ modes, close: "))" });
      needsNative = true;
      return `(?:(?${char}${char === "<" ? next : ""}`;
    }
    if (char === ">") fail("atomic groups are not supported");
    if (char === "(") fail("conditional groups are not supported");
    at--;
    return inlineFlags();
  }

  function inlineFlags(): string {
    let changed: Modes = modes;
    let on = true;
    for (;;) {
      const char = chars[at++];
      if (char === undefined) fail("missing )");
      if (char === ")") {
        // Python lets these stand at the start only, for the whole pattern.
        const cased = changed.ignoreCase !== modes.ignoreCase;
        modes = changed;
        if (!cased) return "";
        if (re2) return modes.ignoreCase ? "(?i)" : "(?-i)";
        globalIgnoreCase = modes.ignoreCase;
        return "";
      }
      if (char === ":") {
        outer.push({ modes, close: ")" });
        const cased = changed.ignoreCase !== modes.ignoreCase;
        modes = changed;
        return cased ? (modes.ignoreCase ? "(?i:" : "(?-i:") : "(?:";
      }
      if (char === "-") on = false;
      else if (char === "u") changed = { ...changed, ascii: false };
      else {
        const mode = MODE_LETTERS[char];
        if (mode === undefined) fail(`unknown extension ?${char}`);
        changed = { ...changed, [mode]: on };
      }
    }
  }

  let globalIgnoreCase = modes.ignoreCase;
  let source = options.anchored ? (re2 ? "\\A(?:" : "(?<![^])(?:") : "";
  if (re2 && modes.ignoreCase) source = `(?i)${source}`;
  while (at < chars.length) {
    const char = chars[at++] ?? "";
    if (modes.verbose && /\s/.test(char)) continue;
    if (modes.verbose && char === "#") {
      while (at < chars.length && chars[at] !== "\n") at++;
      continue;
    }
    switch (char) {
      case "\\":
        source += escape();
        break;
      case "[":
        source += set();
        break;
      case "(":
        if (chars[at] === "?") {
          at++;
          source += extension();
        } else {
          outer.push({ modes, close: ")" });
          source += "(";
        }
        break;
      case ")": {
        const group = outer.pop() ?? fail("unbalanced parenthesis");
        modes = group.modes;
        source += group.close;
        break;
      }
      case ".":
        source += modes.dotAll ? "[\\s\\S]" : "[^\\n]";
        break;
      case "^":
        source += modes.multiline ? (re2 ? "(?m:^)" : "(?<![^\\n])") : re2 ? "\\A" : "(?<![^])";
        break;
      case "$":
        // Without multiline Python's $ also stands before a newline that ends the text.
        source += modes.multiline ? (re2 ? "(?m:$)" : "(?![^\\n])") : re2 ? "(?:\\n?\\z)" : "(?=\\n?(?![^]))";
        break;
      case "|":
        source += "|";
        break;
      case "*":
      case "+":
      case "?":
      case "{":
        source += quantifier(char);
        break;
      default:
        source += literal(char);
    }
  }
  if (outer.length > 0) fail("missing ), unterminated subpattern");
  if (options.anchored) source += ")";
  return { source, ignoreCase: globalIgnoreCase, needsNative, wordBoundary };

  function quantifier(char: string): string {
    let text = char;
    if (char === "{") {
      const match = /^(\d*)(,(\d*))?\}/.exec(chars.slice(at, at + 24).join(""));
      // Python reads a brace that is no repetition as itself.
      if (!match || (match[1] === "" && !match[3])) return literal(char);
      at += match[0].length;
      text = `{${match[1] || "0"}${match[2] ?? ""}}`;
    }
    if (chars[at] === "?") {
      at++;
      return `${text}?`;
    }
    if (chars[at] === "+") fail("possessive quantifiers are not supported");
    return text;
  }
}
