import { CAPTURED } from "./ast.ts";
import type { Body, Expression, Parameters, Statement, Target } from "./ast.ts";
import { LimitError } from "./errors.ts";
import { normaliseNewlines, positionAt, tokenize, tokenizeExpression } from "./lexer.ts";
import type { LexerOptions, Token } from "./lexer.ts";
import { ExpressionParser, describe } from "./parse-expression.ts";

/** Tags inside tags: deeper ones would exhaust the stack when they run. */
const MAX_NESTING = 100;

export interface Words {
  /** Every name the template mentions. */
  readonly names: ReadonlySet<string>;
  /** Names after a dot and quoted texts: what the template could call a method by. */
  readonly methods: ReadonlySet<string>;
}

export interface ParsedTemplate {
  /** The text that positions refer to: newlines normalised, the trailing one removed. */
  readonly text: string;
  readonly body: Body;
  readonly words: Words;
}

/**
 * @throws JinjaSyntaxError with line and column
 * @throws LimitError when tags or expressions are nested too deeply
 */
export function parseTemplate(source: string, options: LexerOptions): ParsedTemplate {
  let text = normaliseNewlines(source);
  if (text.endsWith("\n")) text = text.slice(0, -1);
  const tokens = tokenize(text, options);
  const parser = new TemplateParser(text, tokens);
  return { text, body: parser.parseAll(), words: wordsOf(tokens) };
}

/** Parses an expression without delimiters, e.g. `a + 1`. */
export function parseExpression(source: string): { text: string; expression: Expression; words: Words } {
  const text = normaliseNewlines(source);
  const tokens = tokenizeExpression(text);
  const parser = new TemplateParser(text, tokens);
  const expression = parser.parseExpression();
  if (parser.current.kind !== "eof") {
    parser.fail("chunk after expression");
  }
  return { text, expression, words: wordsOf(tokens) };
}

function wordsOf(tokens: readonly Token[]): Words {
  const names = new Set<string>();
  const methods = new Set<string>();
  tokens.forEach((token, i) => {
    if (token.kind === "name") names.add(token.text);
    if (token.kind === "string" || (token.kind === "name" && tokens[i - 1]?.text === ".")) methods.add(token.text);
  });
  return { names, methods };
}

class TemplateParser extends ExpressionParser {
  private readonly endings: (readonly string[])[] = [];
  private readonly tags: string[] = [];
  private readonly blocks = new Set<string>();

  parseAll(): Body {
    const body = this.parseBody(undefined);
    if (this.current.kind !== "eof") this.fail("unexpected end of template");
    return body;
  }

  /** Statements up to (not including) a tag named in `until`, or the end of the template. */
  private parseBody(until: readonly string[] | undefined): Body {
    const body: Statement[] = [];
    if (until !== undefined) this.endings.push(until);
    if (this.endings.length > MAX_NESTING) {
      throw new LimitError(
        `tags are nested more than ${MAX_NESTING} levels deep`,
        positionAt(this.text, this.current.at),
      );
    }
    for (;;) {
      const token = this.current;
      if (token.kind === "data") {
        this.next();
        body.push({ kind: "data", at: token.at, text: token.text });
      } else if (token.kind === "variable_begin") {
        this.next();
        const value = this.parseTuple();
        this.expect("variable_end");
        body.push({ kind: "print", at: value.at, value });
      } else if (token.kind === "block_begin") {
        this.next();
        if (until !== undefined && this.current.kind === "name" && until.includes(this.current.text)) break;
        const statement = this.parseStatement();
        if (statement !== undefined) body.push(statement);
        this.expect("block_end");
      } else {
        if (until !== undefined) this.failEndOfTemplate();
        break;
      }
    }
    if (until !== undefined) this.endings.pop();
    return body;
  }

  /** The body after the current tag, up to one of `until`, which becomes the current token. */
  private parseBlock(until: readonly string[]): Body {
    this.skipOperator(":");
    this.expect("block_end");
    return this.parseBody(until);
  }

  private failEndOfTemplate(): never {
    const wanted = (this.endings.at(-1) ?? []).map((name) => `'${name}'`).join(" or ");
    return this.fail(
      `Unexpected end of template. Jinja was looking for the following tags: ${wanted}. ` +
        `The innermost block that needs to be closed is '${this.tags.at(-1)}'.`,
    );
  }

  private failUnknownTag(name: string, at: number): never {
    const wanted = this.endings.at(-1)?.map((ending) => `'${ending}'`);
    let message = `Encountered unknown tag '${name}'.`;
    if (this.endings.some((endings) => endings.includes(name))) {
      message = `Unexpected end of block: tag '${name}' closes nothing that is open here.`;
    }
    if (wanted !== undefined) {
      message += ` Jinja was looking for the following tags: ${wanted.join(" or ")}.`;
      message += ` The innermost block that needs to be closed is '${this.tags.at(-1)}'.`;
    }
    return this.fail(message, at);
  }

  private parseStatement(): Statement | undefined {
    const token = this.current;
    if (token.kind !== "name") this.fail(`tag name expected`);
    this.tags.push(token.text);
    const statement = this.parseTag(token.text, token.at);
    this.tags.pop();
    return statement;
  }

  private parseTag(name: string, at: number): Statement | undefined {
    switch (name) {
      case "for":
        return this.parseFor();
      case "if":
        return this.parseIf();
      case "set":
        return this.parseSet();
      case "macro": {
        this.next();
        const macro = this.parseName();
        const parameters = this.parseParameters();
        const body = this.parseBlock(["endmacro"]);
        this.next();
        return { kind: "macro", at, name: macro, parameters, body, length: this.current.at - at };
      }
      case "call": {
        this.next();
        const parameters = this.isOperator("(") ? this.parseParameters() : { names: [], defaults: [] };
        const call = this.parseExpression();
        if (call.kind !== "call") this.fail("expected call", at);
        const body = this.parseBlock(["endcall"]);
        this.next();
        return { kind: "callblock", at, call, parameters, body, length: this.current.at - at };
      }
      case "filter": {
        this.next();
        const filter = this.parseFilterChain(at, true);
        const body = this.parseBlock(["endfilter"]);
        this.next();
        return { kind: "filterblock", at, filter, body };
      }
      case "with":
        return this.parseWith();
      case "block":
        return this.parseNamedBlock();
      case "autoescape": {
        this.next();
        const on = this.parseExpression();
        const body = this.parseBlock(["endautoescape"]);
        this.next();
        return { kind: "autoescape", at, on, body };
      }
      case "print": {
        this.next();
        const value = this.parseTuple();
        return { kind: "print", at, value };
      }
      case "include":
      case "import":
      case "from":
      case "extends":
        return this.parseLoad(name);
      default:
        return this.failUnknownTag(name, at);
    }
  }

  private parseFor(): Statement {
    const { at } = this.next();
    const target = this.parseTarget({ until: "in" });
    if (bindsName(target, "loop")) {
      this.fail("Can't assign to special loop variable in for-loop target", at, "TemplateAssertionError");
    }
    if (!this.skipName("in")) this.expect("name", "in");
    const over = this.parseTuple({ conditional: false, until: "recursive" });
    const filter = this.skipName("if") ? this.parseExpression() : undefined;
    const recursive = this.skipName("recursive");
    const body = this.parseBlock(["endfor", "else"]);
    const otherwise = this.next().text === "else" ? this.parseBlock(["endfor"]) : [];
    if (this.isName("endfor")) this.next();
    return { kind: "for", at, target, over, filter, recursive, body, otherwise, length: this.current.at - at };
  }

  private parseIf(): Statement {
    const { at } = this.next();
    const branches: [Expression, Body][] = [];
    let otherwise: Body = [];
    for (;;) {
      const test = this.parseTuple({ conditional: false });
      branches.push([test, this.parseBlock(["elif", "else", "endif"])]);
      const ending = this.next().text;
      if (ending === "elif") continue;
      if (ending === "else") {
        otherwise = this.parseBlock(["endif"]);
        this.next();
      }
      return { kind: "if", at, branches, otherwise };
    }
  }

  private parseSet(): Statement {
    const { at } = this.next();
    const target = this.parseTarget({ namespace: true });
    if (this.skipOperator("=")) return { kind: "set", at, target, value: this.parseTuple() };
    const filter = this.isOperator("|") ? this.parseFilterChain(at, false) : undefined;
    const body = this.parseBlock(["endset"]);
    this.next();
    return { kind: "capture", at, target, filter, body };
  }

  /** `f | g(1)`, applied to what the block printed. */
  private parseFilterChain(at: number, startsInline: boolean): Expression {
    let filter: Expression = { kind: "name", at, name: CAPTURED };
    if (startsInline) filter = this.parseFilter(filter, true);
    while (this.isOperator("|")) {
      filter = this.parseFilter(filter);
      this.deepen();
    }
    this.depth = 0;
    return filter;
  }

  private parseWith(): Statement {
    const { at } = this.next();
    const targets: Target[] = [];
    const values: Expression[] = [];
    while (this.current.kind !== "block_end") {
      if (targets.length > 0) this.expect("operator", ",");
      targets.push(this.parseTarget({ single: true }));
      this.expect("operator", "=");
      values.push(this.parseExpression());
    }
    const body = this.parseBlock(["endwith"]);
    this.next();
    return { kind: "with", at, targets, values, body };
  }

  private parseNamedBlock(): Statement {
    const { at } = this.next();
    const name = this.expect("name").text;
    if (this.blocks.has(name)) this.fail(`block '${name}' defined twice`, at);
    this.blocks.add(name);
    const scoped = this.skipName("scoped");
    this.skipName("required");
    if (this.isOperator("-")) {
      this.fail(
        "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.",
      );
    }
    const body = this.parseBlock(["endblock"]);
    this.next();
    this.skipName(name);
    return { kind: "block", at, name, scoped, body };
  }

  private parseLoad(tag: string): Statement {
    const { at } = this.next();
    const template = this.parseExpression();
    const names: string[] = [];
    if (tag === "import") {
      if (!this.skipName("as")) this.expect("name", "as");
      names.push(this.parseName());
    } else if (tag === "from") {
      if (!this.skipName("import")) this.expect("name", "import");
      while (this.current.kind === "name") {
        if (this.isName("with") || this.isName("without")) break;
        let name = this.parseName();
        if (this.skipName("as")) name = this.parseName();
        names.push(name);
        if (!this.skipOperator(",")) break;
      }
      if (names.length === 0) this.expect("name");
    } else if (tag === "include" && this.skipName("ignore")) {
      if (!this.skipName("missing")) this.expect("name", "missing");
    }
    if (tag !== "extends" && (this.skipName("with") || this.skipName("without"))) {
      if (!this.skipName("context")) this.expect("name", "context");
    }
    return { kind: "load", at, tag, template, names };
  }

  private parseParameters(): Parameters {
    this.expect("operator", "(");
    const names: string[] = [];
    const defaults: Expression[] = [];
    while (!this.isOperator(")")) {
      if (names.length > 0) this.expect("operator", ",");
      if (this.isOperator(")")) break;
      const name = this.parseName();
      if (this.skipOperator("=")) defaults.push(this.parseExpression());
      else if (defaults.length > 0) this.fail("non-default argument follows default argument");
      names.push(name);
    }
    this.expect("operator", ")");
    return { names, defaults };
  }

  /** A name that can be assigned to. */
  private parseName(): string {
    const token = this.expect("name");
    if (RESERVED.has(token.text)) this.fail(`can't assign to '${RESERVED.get(token.text)}'`, token.at);
    return token.text;
  }

  private parseTarget(options: { until?: string; namespace?: boolean; single?: boolean }): Target {
    const { at } = this.current;
    if (options.namespace === true && this.look().kind === "operator" && this.look().text === ".") {
      const name = this.parseName();
      this.next();
      return { kind: "namespace", at, name, attribute: this.expect("name").text };
    }
    const items: Target[] = [];
    let isTuple = false;
    for (;;) {
      if (this.skipOperator("(")) {
        this.deepen();
        items.push(this.parseTarget({}));
        this.depth--;
        this.expect("operator", ")");
      } else if (this.current.kind === "name" && !(options.until !== undefined && this.isName(options.until))) {
        const name = { kind: "name" as const, at: this.current.at, name: this.parseName() };
        if (options.namespace === true && this.isOperator(".")) {
          this.next();
          items.push({ kind: "namespace", at, name: name.name, attribute: this.expect("name").text });
        } else items.push(name);
      } else if (items.length === 0) {
        if (this.current.kind === "name" || this.current.kind === "operator" || this.current.kind === "block_end") {
          this.fail(`Expected an expression, got '${describe(this.current)}'`);
        }
        this.fail(`can't assign to '${this.current.kind === "eof" ? "end of template" : "const"}'`);
      }
      if (options.single === true || !this.isOperator(",")) break;
      this.next();
      isTuple = true;
    }
    return isTuple || items.length !== 1 ? { kind: "targets", at, items } : (items[0] as Target);
  }
}

const RESERVED: ReadonlyMap<string, string> = new Map([
  ["true", "const"],
  ["True", "const"],
  ["false", "const"],
  ["False", "const"],
  ["none", "const"],
  ["None", "const"],
]);

function bindsName(target: Target, name: string): boolean {
  if (target.kind === "targets") return target.items.some((item) => bindsName(item, name));
  return target.kind === "name" && target.name === name;
}
