import { JinjaSyntaxError } from "./errors.ts";
import type { Position } from "./errors.ts";

export type TokenKind =
  | "data"
  | "variable_begin"
  | "variable_end"
  | "block_begin"
  | "block_end"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "operator"
  | "eof";

export interface Token {
  readonly kind: TokenKind;
  /** Data and strings: their value. Names, numbers and operators: their text. */
  readonly text: string;
  /** Where the token starts, counted in UTF-16 units of the text with newlines normalised. */
  readonly at: number;
}

export interface LexerOptions {
  /** Drop the newline that follows a block or comment tag. */
  readonly trimBlocks: boolean;
  /** Drop the spaces and tabs before a block or comment tag at the start of a line. */
  readonly lstripBlocks: boolean;
}

const NUMBER = /(?:0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|\d+(?:_\d+)*)/iy;
const FLOAT = /\d+(?:_\d+)*(?:(?:\.\d+(?:_\d+)*)?e[+-]?\d+(?:_\d+)*|\.\d+(?:_\d+)*)/iy;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const SPACE = /\s+/y;
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y;
const RAW_BEGIN = /\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})/y;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|(%\}))/g;
const CLOSER: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

export const normaliseNewlines = (text: string): string => (text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text);

/** Line and column of an offset in a text whose newlines are normalised. */
export function positionAt(text: string, at: number): Position {
  let line = 1;
  let start = 0;
  for (let i = text.indexOf("\n"); i >= 0 && i < at; i = text.indexOf("\n", i + 1)) {
    line++;
    start = i + 1;
  }
  return { line, column: at - start + 1 };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * Cuts a template (newlines normalised, trailing one removed) into tokens. Whitespace control is done here, as in Jinja2:
 * what remains in `data` tokens is what is printed.
 * @throws JinjaSyntaxError on an unclosed tag or comment, unbalanced brackets or a character no token starts with
 */
export function tokenize(text: string, options: LexerOptions): Token[] {
  const tokens: Token[] = [];
  const fail = (message: string, at: number): never => {
    throw new JinjaSyntaxError(message, positionAt(text, at));
  };
  let at = 0;
  let atLineStart = true;

  /** What is printed of the text before a tag. */
  const before = (data: string, sign: string, isVariable: boolean): string => {
    if (sign === "-") return data.trimEnd();
    if (sign === "+" || !options.lstripBlocks || isVariable) return data;
    const lineStart = data.lastIndexOf("\n") + 1;
    return (lineStart > 0 || atLineStart) && data.slice(lineStart).trim() === "" ? data.slice(0, lineStart) : data;
  };
  /** The offset after a block or comment tag that ended with `sign` (`+`, `-` or nothing) at `end`. */
  const after = (sign: string, end: number): number => {
    if (sign === "-") return skipSpace(text, end);
    return sign !== "+" && options.trimBlocks && text[end] === "\n" ? end + 1 : end;
  };
  const push = (kind: TokenKind, value: string, offset: number): void => {
    tokens.push({ kind, text: value, at: offset });
  };

  while (at < text.length) {
    const open = findTag(text, at);
    if (open < 0) {
      push("data", text.slice(at), at);
      break;
    }
    const kind = text[open + 1];
    const sign = text[open + 2] === "-" || text[open + 2] === "+" ? (text[open + 2] as string) : "";
    const data = before(text.slice(at, open), sign, kind === "{");
    if (data !== "") push("data", data, at);
    const inside = open + 2 + sign.length;
    if (kind === "#") {
      const end = text.indexOf("#}", inside);
      if (end < 0) fail("Missing end of comment tag", open);
      const endSign = end > inside ? (text[end - 1] as string) : "";
      at = after(endSign === "-" || endSign === "+" ? endSign : "", end + 2);
    } else if (kind === "%") {
      const raw = match(RAW_BEGIN, text, open);
      if (raw !== null) {
        const start = open + raw[0].length;
        RAW_END.lastIndex = start;
        const end = RAW_END.exec(text);
        if (end === null) return fail("Missing end of raw directive", open);
        atLineStart = raw[0].endsWith("\n");
        const body = before(text.slice(start, end.index), end[1] as string, false);
        if (body !== "") push("data", body, start);
        at = end.index + end[0].length;
        if (end[2] !== undefined) at = after("", at);
      } else {
        push("block_begin", "{%", open);
        const [end, endSign] = lexInside(text, inside, "%}", tokens, fail);
        push("block_end", "%}", end);
        at = after(endSign, end + 2 + endSign.length);
      }
    } else {
      push("variable_begin", "{{", open);
      const [end, endSign] = lexInside(text, inside, "}}", tokens, fail);
      push("variable_end", "}}", end);
      at = endSign === "-" ? skipSpace(text, end + 3) : end + 2;
    }
    atLineStart = text[at - 1] === "\n";
  }
  push("eof", "", text.length);
  return tokens;
}

/** Tokens of an expression on its own, without delimiters. */
export function tokenizeExpression(text: string): Token[] {
  const tokens: Token[] = [];
  lexInside(text, 0, undefined, tokens, (message, at) => {
    throw new JinjaSyntaxError(message, positionAt(text, at));
  });
  tokens.push({ kind: "eof", text: "", at: text.length });
  return tokens;
}

function skipSpace(text: string, at: number): number {
  const space = match(SPACE, text, at);
  return space === null ? at : at + space[0].length;
}

/** The next `{{`, `{%` or `{#`. */
function findTag(text: string, from: number): number {
  for (let i = text.indexOf("{", from); i >= 0; i = text.indexOf("{", i + 1)) {
    const next = text[i + 1];
    if (next === "{" || next === "%" || next === "#") return i;
  }
  return -1;
}

/** Reads tokens up to the closing delimiter; gives its offset (sign included before it) and its sign. */
function lexInside(
  text: string,
  from: number,
  close: string | undefined,
  tokens: Token[],
  fail: (message: string, at: number) => never,
): [number, string] {
  const closers: string[] = [];
  let at = from;
  const take = (kind: TokenKind, pattern: RegExp): boolean => {
    const found = match(pattern, text, at);
    if (found === null) return false;
    tokens.push({ kind, text: found[0], at });
    at += found[0].length;
    return true;
  };
  for (;;) {
    at = skipSpace(text, at);
    if (at >= text.length) {
      if (closers.length > 0) fail(`unexpected end of template, expected '${closers.at(-1)}'`, at);
      if (close === undefined) return [at, ""];
      fail(`unexpected end of template, expected '${close}'`, at);
    }
    if (close !== undefined && closers.length === 0) {
      if (text.startsWith(close, at)) return [at, ""];
      const sign = text[at] as string;
      if ((sign === "-" || (sign === "+" && close === "%}")) && text.startsWith(close, at + 1)) return [at, sign];
    }
    const char = text[at] as string;
    if (char >= "0" && char <= "9") {
      // `x.0.1` is two subscripts, not a subscript with a float.
      if (text[at - 1] === "." || !take("float", FLOAT)) take("integer", NUMBER);
      continue;
    }
    if (char === '"' || char === "'") {
      const found = match(STRING, text, at);
      if (found === null) return fail(`unexpected char ${char === "'" ? `"'"` : `'"'`} at ${at}`, at);
      tokens.push({ kind: "string", text: unescape(found[0].slice(1, -1), at, fail), at });
      at += found[0].length;
      continue;
    }
    if (take("name", NAME)) continue;
    const operator = match(OPERATOR, text, at);
    if (operator === null) return fail(`unexpected char ${char === "'" ? `"'"` : `'${char}'`} at ${at}`, at);
    const sign = operator[0];
    const closer = CLOSER[sign];
    if (closer !== undefined) closers.push(closer);
    else if (sign === ")" || sign === "]" || sign === "}") {
      const expected = closers.pop();
      if (expected === undefined) fail(`unexpected '${sign}'`, at);
      if (expected !== sign) fail(`unexpected '${sign}', expected '${expected}'`, at);
    }
    tokens.push({ kind: "operator", text: sign, at });
    at += sign.length;
  }
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
};

function unescape(text: string, at: number, fail: (message: string, at: number) => never): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([^]))/g,
    (all, octal?: string, x?: string, u?: string, long?: string, other?: string) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const hex = x ?? u ?? long;
      if (hex !== undefined) {
        const code = Number.parseInt(hex, 16);
        return code <= 0x10ffff ? String.fromCodePoint(code) : fail("illegal Unicode character in string", at);
      }
      if (other === "x" || other === "u" || other === "U" || other === "N") {
        fail(`truncated or unknown \\${other} escape in string`, at);
      }
      return SIMPLE_ESCAPES[other as string] ?? all;
    },
  );
}
