import type { Argument, Expression, Pair } from "./ast.ts";
import { YaqlLimitError, YaqlSyntaxError } from "./errors.ts";
import { type Token, tokenText, tokenize } from "./lexer.ts";

/** How tight operators bind: the higher, the tighter. */
const BINARY: Readonly<Record<string, number>> = {
  ".": 11,
  "?.": 11,
  "=~": 8,
  "!~": 8,
  "*": 7,
  "/": 7,
  mod: 7,
  "+": 6,
  "-": 6,
  ">": 5,
  "<": 5,
  ">=": 5,
  "<=": 5,
  "!=": 5,
  "=": 5,
  in: 5,
  and: 3,
  or: 2,
  "->": 1,
};
const INDEX = 10;
const UNARY: Readonly<Record<string, number>> = { "+": 9, "-": 9, not: 4 };
/** Calling a value binds looser than every operator: `1 + $f(2)` calls the sum. */
const INVOKE = 0;

/** Nesting that no text written by people comes near, and that the evaluator's stack can bear. */
const MAX_DEPTH = 300;

export interface ParseOptions {
  /** Whether values can be called. */
  readonly delegates?: boolean;
  /** The operator between a name and its value; null for none. */
  readonly keywordOperator?: string | null;
}

/** Reads one expression. Throws YaqlSyntaxError, or YaqlLimitError when it is nested too deeply. */
export function parse(text: string, options: ParseOptions = {}): Expression {
  const { delegates = false, keywordOperator = "=>" } = options;
  const tokens = tokenize(text, keywordOperator);
  let at = 0;

  const peek = (): Token => {
    const token = tokens[at] as Token; // the last token is `end` or `error`, and both stop the reader
    if (token.kind === "error") {
      const message = `Lexical error: illegal character '${token.text}' at position ${codePoints(text, token.start)}`;
      throw new YaqlSyntaxError("lexical", message, token.start);
    }
    return token;
  };
  const unexpected = (token: Token): YaqlSyntaxError => {
    if (token.kind === "end") {
      return new YaqlSyntaxError("grammar", "Parse error: unexpected end of statement", token.start);
    }
    const where = `at position ${codePoints(text, token.start)} of expression '${text}'`;
    return new YaqlSyntaxError("grammar", `Parse error: unexpected '${tokenText(token)}' ${where}`, token.start);
  };
  const isSymbol = (token: Token, symbol: string) => token.kind === "symbol" && token.text === symbol;
  const take = (symbol: string): Token => {
    const token = peek();
    if (!isSymbol(token, symbol)) throw unexpected(token);
    at++;
    return token;
  };

  const primary = (depth: number): Expression => {
    const token = peek();
    const { start, end } = token;
    switch (token.kind) {
      case "number":
      case "string":
      case "constant":
        at++;
        return { kind: "constant", value: token.value, keyword: false, start, end };
      case "keyword":
        at++;
        return { kind: "constant", value: token.value, keyword: true, start, end };
      case "variable":
        at++;
        return { kind: "variable", name: token.text.length === 1 ? "1" : token.text.slice(1), start, end };
      case "function": {
        at++;
        const args = argumentsUntil(")", depth);
        return { kind: "call", name: token.text, args, start, end: lastEnd() };
      }
      case "symbol":
        break;
      default:
        throw unexpected(token);
    }
    switch (token.text) {
      case "(": {
        at++;
        const inner = expression(INVOKE, depth + 1);
        take(")");
        return { kind: "parenthesis", inner, start, end: lastEnd() };
      }
      case "[": {
        at++;
        const args = argumentsUntil("]", depth);
        return { kind: "list", args, start, end: lastEnd() };
      }
      case "{": {
        at++;
        const args = argumentsUntil("}", depth);
        return { kind: "map", args, start, end: lastEnd() };
      }
      default: {
        const binding = UNARY[token.text];
        if (binding === undefined) throw unexpected(token);
        at++;
        const operand = expression(binding, depth + 1);
        return { kind: "unary", operator: token.text, operand, start, end: operand.end };
      }
    }
  };

  const lastEnd = () => (tokens[at - 1] as Token).end;

  /** An expression of operators that bind at least as tight as `minimum`. */
  const expression = (minimum: number, depth: number): Expression => {
    if (depth > MAX_DEPTH) throw tooDeep();
    let left = primary(depth);
    // Every round makes the tree one deeper.
    for (let rounds = depth; ; rounds++) {
      if (rounds > MAX_DEPTH) throw tooDeep();
      const token = peek();
      if (token.kind !== "symbol") return left;
      const { start } = left;
      if (token.text === "[") {
        if (INDEX < minimum) return left;
        at++;
        const args = argumentsUntil("]", depth);
        left = { kind: "index", target: left, args, start, end: lastEnd() };
        continue;
      }
      if (token.text === "(" && delegates) {
        if (INVOKE < minimum) return left;
        at++;
        const args = argumentsUntil(")", depth);
        left = { kind: "invoke", target: left, args, start, end: lastEnd() };
        continue;
      }
      const binding = BINARY[token.text];
      if (binding === undefined || binding < minimum) return left;
      at++;
      // Only `->` groups to the right.
      const right = expression(token.text === "->" ? binding : binding + 1, depth + 1);
      left = { kind: "binary", operator: token.text, left, right, start, end: right.end };
    }
  };

  /**
   * Values first, each of which may be left out but for the last; then pairs. One value at most may be left out between
   * the last value and the first pair, and none before it when there is no value.
   */
  const argumentsUntil = (close: string, depth: number): Argument[] => {
    const args: Argument[] = [];
    if (isSymbol(peek(), close)) {
      at++;
      return args;
    }
    let inPairs = false;
    let skipped = 0;
    for (;;) {
      const token = peek();
      if (isSymbol(token, ",") && !inPairs) {
        at++;
        skipped++;
        args.push({ kind: "skipped", start: token.start, end: token.start });
        continue;
      }
      const value = expression(INVOKE, depth + 1);
      const mayStartPairs = args.length === skipped ? skipped === 0 && args.length === 0 : skipped <= 1;
      if (isSymbol(peek(), "=>") && (inPairs || mayStartPairs)) {
        at++;
        inPairs = true;
        const right = expression(INVOKE, depth + 1);
        args.push({ kind: "pair", key: value, value: right, start: value.start, end: right.end } satisfies Pair);
      } else if (inPairs) throw unexpected(peek());
      else args.push(value);
      skipped = 0;
      if (isSymbol(peek(), close)) {
        at++;
        return args;
      }
      take(",");
    }
  };

  const root = expression(INVOKE, 0);
  if (peek().kind !== "end") throw unexpected(peek());
  return root;
}

function tooDeep(): YaqlLimitError {
  return new YaqlLimitError("limit", `The expression is nested more than ${MAX_DEPTH} levels deep`);
}

/** Positions in messages count characters, not UTF-16 units. */
function codePoints(text: string, offset: number): number {
  let count = 0;
  for (let i = 0; i < offset; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  return count;
}
