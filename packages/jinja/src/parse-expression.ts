import type { Arguments, BinaryOperator, CompareOperator, Comparison, Expression } from "./ast.ts";
import { JinjaSyntaxError, LimitError } from "./errors.ts";
import { positionAt } from "./lexer.ts";
import type { Token, TokenKind } from "./lexer.ts";
import { float, int } from "./values.ts";

/** Nesting plus length of operator chains in one expression: deeper ones would exhaust the stack when they run. */
const MAX_DEPTH = 300;
const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const NO_ARGUMENTS: Arguments = { positional: [], keywords: [], spread: undefined, spreadKeywords: undefined };

/** Reads tokens and expressions; `parser.ts` builds statements on it. */
export class ExpressionParser {
  readonly text: string;
  readonly tokens: readonly Token[];
  index = 0;
  depth = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.text = text;
    this.tokens = tokens;
  }

  get current(): Token {
    return this.tokens[this.index] as Token;
  }
  look(): Token {
    return this.tokens[Math.min(this.index + 1, this.tokens.length - 1)] as Token;
  }
  next(): Token {
    const token = this.current;
    if (this.index < this.tokens.length - 1) this.index++;
    return token;
  }
  isOperator(text: string): boolean {
    return this.current.kind === "operator" && this.current.text === text;
  }
  isName(text: string): boolean {
    return this.current.kind === "name" && this.current.text === text;
  }
  skipOperator(text: string): boolean {
    if (!this.isOperator(text)) return false;
    this.next();
    return true;
  }
  skipName(text: string): boolean {
    if (!this.isName(text)) return false;
    this.next();
    return true;
  }
  fail(message: string, at = this.current.at, kind = "TemplateSyntaxError"): never {
    throw new JinjaSyntaxError(message, positionAt(this.text, at), kind);
  }
  expect(kind: TokenKind, text?: string): Token {
    const token = this.current;
    if (token.kind !== kind || (text !== undefined && token.text !== text)) {
      const expected = text ?? DESCRIPTIONS[kind] ?? kind;
      if (token.kind === "eof") this.fail(`unexpected end of template, expected '${expected}'.`);
      this.fail(`expected token '${expected}', got '${describe(token)}'`);
    }
    return this.next();
  }
  /** Counts one more level; the caller restores `depth` when it leaves the level. */
  deepen(): void {
    if (++this.depth > MAX_DEPTH) {
      throw new LimitError(
        `the expression is nested or chained more than ${MAX_DEPTH} levels deep`,
        positionAt(this.text, this.current.at),
      );
    }
  }

  parseExpression(withConditional = true): Expression {
    const depth = this.depth;
    this.deepen();
    const expression = withConditional ? this.parseConditional() : this.parseOr();
    this.depth = depth;
    return expression;
  }

  private parseConditional(): Expression {
    const depth = this.depth;
    let result = this.parseOr();
    while (this.isName("if")) {
      const { at } = this.next();
      this.deepen();
      const test = this.parseOr();
      const otherwise = this.skipName("else") ? this.parseExpression() : undefined;
      result = { kind: "choose", at, test, then: result, otherwise };
    }
    this.depth = depth;
    return result;
  }

  private parseOr(): Expression {
    let left = this.parseAnd();
    while (this.isName("or")) {
      const { at } = this.next();
      this.deepen();
      left = { kind: "or", at, left, right: this.parseAnd() };
    }
    return left;
  }

  private parseAnd(): Expression {
    let left = this.parseNot();
    while (this.isName("and")) {
      const { at } = this.next();
      this.deepen();
      left = { kind: "and", at, left, right: this.parseNot() };
    }
    return left;
  }

  private parseNot(): Expression {
    if (!this.isName("not")) return this.parseCompare();
    const { at } = this.next();
    const depth = this.depth;
    this.deepen();
    const of = this.parseNot();
    this.depth = depth;
    return { kind: "unary", at, operator: "not", of };
  }

  private parseCompare(): Expression {
    const { at } = this.current;
    const first = this.parseSum();
    const rest: Comparison[] = [];
    for (;;) {
      const token = this.current;
      let operator: CompareOperator;
      if (token.kind === "operator" && COMPARISONS.has(token.text)) operator = token.text as CompareOperator;
      else if (this.isName("in")) operator = "in";
      else if (this.isName("not") && this.look().kind === "name" && this.look().text === "in") {
        this.next();
        operator = "not in";
      } else break;
      this.next();
      rest.push({ operator, with: this.parseSum() });
    }
    return rest.length === 0 ? first : { kind: "compare", at, first, rest };
  }

  private parseBinary(operators: string, parseOperand: () => Expression): Expression {
    let left = parseOperand();
    while (this.current.kind === "operator" && operators.split(" ").includes(this.current.text)) {
      const { at, text } = this.next();
      this.deepen();
      left = { kind: "binary", at, operator: text as BinaryOperator, left, right: parseOperand() };
    }
    return left;
  }
  private parseSum = (): Expression => this.parseBinary("+ -", this.parseConcat);
  private parseProduct = (): Expression => this.parseBinary("* / // %", this.parsePower);
  private parsePower = (): Expression => this.parseBinary("**", this.parseUnary);

  private parseConcat = (): Expression => {
    const { at } = this.current;
    const parts = [this.parseProduct()];
    while (this.skipOperator("~")) parts.push(this.parseProduct());
    return parts.length === 1 ? (parts[0] as Expression) : { kind: "concat", at, parts };
  };

  private parseUnary = (): Expression => this.parseUnaryWith(true);

  private parseUnaryWith(withFilters: boolean): Expression {
    const depth = this.depth;
    this.deepen();
    const token = this.current;
    let node: Expression;
    if (this.isOperator("-") || this.isOperator("+")) {
      this.next();
      node = { kind: "unary", at: token.at, operator: token.text as "-" | "+", of: this.parseUnaryWith(false) };
    } else node = this.parsePrimary();
    node = this.parsePostfix(node);
    if (withFilters) node = this.parseFilters(node);
    // Chains like `a.b.c` or `a|b|c` are as deep as they are long, but only while they are built.
    this.depth = depth;
    return node;
  }

  parsePrimary(): Expression {
    const token = this.current;
    const { at } = token;
    switch (token.kind) {
      case "name":
        this.next();
        switch (token.text) {
          case "true":
          case "True":
            return { kind: "const", at, value: true };
          case "false":
          case "False":
            return { kind: "const", at, value: false };
          case "none":
          case "None":
            return { kind: "const", at, value: null };
          default:
            return { kind: "name", at, name: token.text };
        }
      case "string": {
        let value = "";
        while (this.current.kind === "string") value += this.next().text;
        return { kind: "const", at, value };
      }
      case "integer": {
        this.next();
        const digits = token.text.replaceAll("_", "");
        if (digits.length > 4300) this.fail("the integer has more than 4300 digits", at);
        return { kind: "const", at, value: int(BigInt(digits.replace(/^0+(?=\d)/, ""))) };
      }
      case "float":
        this.next();
        return { kind: "const", at, value: float(Number(token.text.replaceAll("_", ""))) };
      case "operator":
        if (token.text === "(") {
          this.next();
          const inner = this.parseTuple({ explicit: true });
          this.expect("operator", ")");
          return inner;
        }
        if (token.text === "[") return this.parseList();
        if (token.text === "{") return this.parseDict();
        break;
      default:
    }
    return this.fail(`unexpected '${describe(token)}'`);
  }

  private parseList(): Expression {
    const { at } = this.expect("operator", "[");
    const items: Expression[] = [];
    while (!this.isOperator("]")) {
      if (items.length > 0) this.expect("operator", ",");
      if (this.isOperator("]")) break;
      items.push(this.parseExpression());
    }
    this.expect("operator", "]");
    return { kind: "list", at, items };
  }

  private parseDict(): Expression {
    const { at } = this.expect("operator", "{");
    const items: [Expression, Expression][] = [];
    while (!this.isOperator("}")) {
      if (items.length > 0) this.expect("operator", ",");
      if (this.isOperator("}")) break;
      const key = this.parseExpression();
      this.expect("operator", ":");
      items.push([key, this.parseExpression()]);
    }
    this.expect("operator", "}");
    return { kind: "dict", at, items };
  }

  /** One expression, or several separated by commas; `explicit` (in parentheses) may be empty. */
  parseTuple(options: { explicit?: boolean; conditional?: boolean; until?: string } = {}): Expression {
    const { at } = this.current;
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.expect("operator", ",");
      if (this.endsTuple(options.until)) break;
      items.push(this.parseExpression(options.conditional ?? true));
      if (!this.isOperator(",")) break;
      isTuple = true;
    }
    if (!isTuple) {
      if (items[0] !== undefined) return items[0];
      if (options.explicit !== true) this.fail(`Expected an expression, got '${describe(this.current)}'`);
    }
    return { kind: "tuple", at, items };
  }

  private endsTuple(until: string | undefined): boolean {
    const token = this.current;
    return (
      token.kind === "variable_end" ||
      token.kind === "block_end" ||
      this.isOperator(")") ||
      (until !== undefined && this.isName(until))
    );
  }

  parsePostfix(node: Expression): Expression {
    for (;;) {
      if (this.isOperator(".") || this.isOperator("[")) node = this.parseSubscript(node);
      else if (this.isOperator("(")) node = { kind: "call", at: node.at, of: node, args: this.parseArguments() };
      else return node;
      this.deepen();
    }
  }

  /** Filters, tests and calls of their results. */
  parseFilters(node: Expression): Expression {
    for (;;) {
      if (this.isOperator("|")) node = this.parseFilter(node);
      else if (this.isName("is")) node = this.parseTest(node);
      else if (this.isOperator("(")) node = { kind: "call", at: node.at, of: node, args: this.parseArguments() };
      else return node;
      this.deepen();
    }
  }

  private parseSubscript(of: Expression): Expression {
    const { at, text } = this.next();
    if (text === ".") {
      const token = this.next();
      if (token.kind === "name") return { kind: "attribute", at: token.at, of, name: token.text };
      if (token.kind !== "integer") this.fail("expected name or number", token.at);
      return {
        kind: "item",
        at,
        of,
        key: { kind: "const", at: token.at, value: Number(token.text.replaceAll("_", "")) },
      };
    }
    const keys: Expression[] = [];
    while (!this.isOperator("]")) {
      if (keys.length > 0) this.expect("operator", ",");
      const start = this.isOperator(":") ? undefined : this.parseExpression();
      if (!this.isOperator(":")) {
        keys.push(start as Expression);
        continue;
      }
      const bounds = this.parseBounds(start);
      if (keys.length > 0 || !this.isOperator("]")) this.fail("a slice cannot be combined with other subscripts");
      this.next();
      return { kind: "slice", at, of, bounds };
    }
    this.expect("operator", "]");
    if (keys.length === 0) this.fail("expected subscript expression");
    return {
      kind: "item",
      at,
      of,
      key: keys.length === 1 ? (keys[0] as Expression) : { kind: "tuple", at, items: keys },
    };
  }

  /** The rest of `start:stop:step`, from the first colon on. */
  private parseBounds(start: Expression | undefined): (Expression | undefined)[] {
    const bounds: (Expression | undefined)[] = [start];
    while (bounds.length < 3 && this.skipOperator(":")) {
      const isOpen = this.isOperator(":") || this.isOperator("]") || this.isOperator(",");
      bounds.push(isOpen ? undefined : this.parseExpression());
    }
    return bounds;
  }

  parseArguments(): Arguments {
    this.expect("operator", "(");
    const positional: Expression[] = [];
    const keywords: [string, Expression][] = [];
    let spread: Expression | undefined;
    let spreadKeywords: Expression | undefined;
    let needsComma = false;
    const ensure = (ok: boolean): void => {
      if (!ok) this.fail("invalid syntax for function call expression");
    };
    while (!this.isOperator(")")) {
      if (needsComma) {
        this.expect("operator", ",");
        if (this.isOperator(")")) break;
      }
      if (this.skipOperator("*")) {
        ensure(spread === undefined && spreadKeywords === undefined);
        spread = this.parseExpression();
      } else if (this.skipOperator("**")) {
        ensure(spreadKeywords === undefined);
        spreadKeywords = this.parseExpression();
      } else if (this.current.kind === "name" && this.look().kind === "operator" && this.look().text === "=") {
        ensure(spreadKeywords === undefined);
        const name = this.next().text;
        this.next();
        keywords.push([name, this.parseExpression()]);
      } else {
        ensure(spread === undefined && spreadKeywords === undefined && keywords.length === 0);
        positional.push(this.parseExpression());
      }
      needsComma = true;
    }
    this.expect("operator", ")");
    return { positional, keywords, spread, spreadKeywords };
  }

  /** Filters or a single `name(args)` after a pipe that may have been read already (`{% filter name %}`). */
  parseFilter(of: Expression, startsInline = false): Expression {
    if (!startsInline) this.expect("operator", "|");
    const { at } = this.current;
    const name = this.parseDottedName();
    const args = this.isOperator("(") ? this.parseArguments() : NO_ARGUMENTS;
    return { kind: "filter", at, of, name, args };
  }

  private parseDottedName(): string {
    let name = this.expect("name").text;
    while (this.skipOperator(".")) name += `.${this.expect("name").text}`;
    return name;
  }

  private parseTest(of: Expression): Expression {
    this.next();
    const negated = this.skipName("not");
    const { at } = this.current;
    const name = this.parseDottedName();
    let args = NO_ARGUMENTS;
    const token = this.current;
    if (this.isOperator("(")) args = this.parseArguments();
    else if (
      (token.kind === "name" && token.text !== "else" && token.text !== "or" && token.text !== "and") ||
      token.kind === "string" ||
      token.kind === "integer" ||
      token.kind === "float" ||
      this.isOperator("[") ||
      this.isOperator("{")
    ) {
      if (this.isName("is")) this.fail("You cannot chain multiple tests with is");
      args = { ...NO_ARGUMENTS, positional: [this.parsePostfix(this.parsePrimary())] };
    }
    const test: Expression = { kind: "test", at, of, name, args };
    return negated ? { kind: "unary", at, operator: "not", of: test } : test;
  }
}

const DESCRIPTIONS: Partial<Record<TokenKind, string>> = {
  variable_begin: "begin of print statement",
  variable_end: "end of print statement",
  block_begin: "begin of statement block",
  block_end: "end of statement block",
  data: "template data / text",
  eof: "end of template",
};

export function describe(token: Token): string {
  return DESCRIPTIONS[token.kind] ?? token.text;
}
