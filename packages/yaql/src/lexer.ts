import { YaqlSyntaxError } from "./errors.ts";
import { asciiDigits, parseInteger } from "./numbers.ts";
import { str } from "./text.ts";
import { float } from "./values.ts";

export type TokenKind =
  | "number"
  | "string"
  | "keyword"
  | "constant"
  | "function"
  | "variable"
  | "symbol"
  | "error"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The operator or bracket, the identifier, or "" */
  readonly text: string;
  /** The value of a literal. */
  readonly value: unknown;
  readonly start: number;
  readonly end: number;
}

// Python's \w is letters, numbers and the underscore of all scripts, its \d all decimal digits.
const WORD = "[\\p{L}\\p{N}_]";
const NUMBER = new RegExp(`(?<!${WORD})\\p{Nd}+(?:\\.?\\p{Nd}+)?(?!${WORD})`, "uy");
const IDENTIFIER = new RegExp(`(?<!${WORD})(?!\\p{Nd})${WORD}+`, "uy");
const VARIABLE = new RegExp(`\\$${WORD}*`, "uy");
const SINGLE = /'(?:[^'\\]|\\[^\n])*'/y;
const DOUBLE = /"(?:[^"\\]|\\[^\n])*"/y;
const VERBATIM = /`(?:[^`\\]|\\[^\n])*`/y;
const SYMBOL = /->|>=|<=|!=|=~|!~|\?\.|[.[\]{}(),+\-*/><=]/y;
const SPACE = /[ \t\r\n]*/y;
const CONSTANTS = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
export const WORD_OPERATORS: ReadonlySet<string> = new Set(["and", "or", "not", "in", "mod"]);

function at(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

/**
 * All tokens of the text, ending with `end`. What cannot be read ends it with an `error` token instead: whoever
 * reaches it reports it, because an error of grammar before it goes first.
 */
export function tokenize(text: string, pairOperator: string | null): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const push = (kind: TokenKind, length: number, source: string, value?: unknown) => {
    tokens.push({ kind, text: source, value, start: position, end: position + length });
    position += length;
  };
  for (;;) {
    position += at(SPACE, text, position)?.length ?? 0;
    if (position >= text.length) {
      push("end", 0, "");
      return tokens;
    }
    const before = tokens.length;
    const first = text.charAt(position);
    const variable = first === "$" ? at(VARIABLE, text, position) : undefined;
    if (variable !== undefined) {
      push("variable", variable.length, variable);
      continue;
    }
    const number = at(NUMBER, text, position);
    if (number !== undefined) {
      push(
        "number",
        number.length,
        number,
        number.includes(".") ? float(Number(asciiDigits(number))) : parseInteger(asciiDigits(number)),
      );
      continue;
    }
    const identifier = at(IDENTIFIER, text, position);
    if (identifier !== undefined) {
      if (text[position + identifier.length] === "(") push("function", identifier.length + 1, identifier);
      else if (!identifier.startsWith("__")) {
        if (CONSTANTS.has(identifier)) push("constant", identifier.length, identifier, CONSTANTS.get(identifier));
        else push(WORD_OPERATORS.has(identifier) ? "symbol" : "keyword", identifier.length, identifier, identifier);
      }
    } else if (first === "'" || first === '"') {
      const quoted = at(first === "'" ? SINGLE : DOUBLE, text, position);
      if (quoted !== undefined) push("string", quoted.length, quoted, decodeEscapes(quoted.slice(1, -1)));
    } else if (first === "`") {
      const quoted = at(VERBATIM, text, position);
      if (quoted !== undefined) push("string", quoted.length, quoted, quoted.slice(1, -1).replaceAll("\\`", "`"));
    } else if (pairOperator !== null && text.startsWith(pairOperator, position)) {
      push("symbol", pairOperator.length, "=>");
    } else {
      const symbol = at(SYMBOL, text, position);
      if (symbol !== undefined) push("symbol", symbol.length, symbol);
    }
    if (tokens.length === before) {
      push("error", 1, String.fromCodePoint(text.codePointAt(position) ?? 0));
      return tokens;
    }
  }
}

const ESCAPE = /\\(?:U([\s\S]{8})|u([\s\S]{4})|x([\s\S]{2})|([0-7]{1,3})|(N\{[^}]+\})|([\\'"abfnrtv]))/g;
const SINGLE_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** An escape that is none stays as it is, backslash included. */
function decodeEscapes(body: string): string {
  if (!body.includes("\\")) return body;
  return body.replace(ESCAPE, (whole: string, ...groups: (string | undefined)[]) => {
    const [long, short, byte, octal, name, single] = groups;
    if (single !== undefined) return SINGLE_ESCAPES[single] ?? whole;
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const hex = long ?? short ?? byte;
    if (hex !== undefined && /^[0-9a-fA-F]+$/.test(hex)) {
      const code = Number.parseInt(hex, 16);
      if (code <= 0x10ffff) return String.fromCodePoint(code);
    }
    const what = name === undefined ? "an escape is not complete" : "characters by name are not known here";
    throw new YaqlSyntaxError("lexical", `Lexical error: ${what}: '${whole}'`, 0);
  });
}

/** How messages print a token: its value, not its text. */
export function tokenText(token: Token): string {
  return token.kind === "number" || token.kind === "string" || token.kind === "constant"
    ? token.kind === "constant"
      ? ({ true: "True", false: "False", null: "None" }[token.text] ?? token.text)
      : str(token.value)
    : token.text;
}
