/** Reads a Python literal (what `ast.literal_eval` takes, as far as JSON can hold it). Undefined if it is none. */
export function parsePythonLiteral(text: string): { readonly value: unknown } | undefined {
  const reader = new Reader(text);
  try {
    const value = reader.value(0);
    reader.space();
    return reader.isAtEnd() ? { value } : undefined;
  } catch (thrown) {
    if (thrown instanceof NotALiteral) return undefined;
    throw thrown;
  }
}

class NotALiteral extends Error {}

const DEEPEST = 200;
const NUMBER = /[+-]?(?:(?:\d[\d_]*)?\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*\.?(?:[eE][+-]?\d+)?)/y;
const WORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
};

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) throw new NotALiteral();
    this.space();
    const start = this.#text[this.#at] ?? "";
    if (start === "{") return this.#braces(depth);
    if (start === "[") return this.#sequence("[", "]", depth).items;
    if (start === "(") {
      const { items, hasComma } = this.#sequence("(", ")", depth);
      // Parentheses around one value without a comma are no tuple.
      return items.length === 1 && !hasComma ? items[0] : items;
    }
    const string = this.#match(/[uU]?(?=['"])/y);
    if (string !== undefined) return this.#strings();
    const number = this.#match(NUMBER);
    if (number !== undefined) return Number(number.replaceAll("_", ""));
    const word = this.#match(/\w+/y);
    if (word !== undefined && Object.hasOwn(WORDS, word)) return WORDS[word];
    throw new NotALiteral();
  }

  #braces(depth: number): Record<string, unknown> {
    const out: [string, unknown][] = [];
    this.#expect("{");
    while (!this.#take("}")) {
      const key = this.value(depth + 1);
      if (typeof key === "object" && key !== null) throw new NotALiteral();
      this.#expect(":");
      // As json.dumps writes keys: None is null, True is true.
      out.push([String(key), this.value(depth + 1)]);
      if (!this.#take(",")) {
        this.#expect("}");
        break;
      }
    }
    return Object.fromEntries(out);
  }

  #sequence(open: string, close: string, depth: number): { items: unknown[]; hasComma: boolean } {
    const items: unknown[] = [];
    let hasComma = false;
    this.#expect(open);
    while (!this.#take(close)) {
      items.push(this.value(depth + 1));
      if (!this.#take(",")) {
        this.#expect(close);
        break;
      }
      hasComma = true;
    }
    return { items, hasComma };
  }

  /** Strings that stand side by side are one. */
  #strings(): string {
    let out = "";
    do out += this.#string();
    while (this.#match(/\s*[uU]?(?=['"])/y) !== undefined);
    return out;
  }

  #string(): string {
    const quote = this.#text[this.#at] ?? "";
    if (this.#text.startsWith(quote.repeat(3), this.#at)) throw new NotALiteral();
    this.#at++;
    let out = "";
    for (;;) {
      const character = this.#text[this.#at++];
      if (character === undefined || character === "\n") throw new NotALiteral();
      if (character === quote) return out;
      out += character === "\\" ? this.#escape() : character;
    }
  }

  #escape(): string {
    const code = this.#match(/x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y);
    if (code !== undefined) {
      const point = Number.parseInt(code.slice(1), 16);
      if (point > 0x10ffff) throw new NotALiteral();
      return String.fromCodePoint(point);
    }
    const character = this.#text[this.#at++] ?? "";
    // Python keeps the backslash of an escape that it does not know.
    return ESCAPES[character] ?? `\\${character}`;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #take(character: string): boolean {
    this.space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw new NotALiteral();
  }
}
