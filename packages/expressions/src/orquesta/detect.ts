/*
 * Where expressions are in a text: Orquesta finds them by these patterns, which neither cross lines nor know what is a
 * string literal inside (orquesta-and-expressions 6).
 */

export type Language = "yaql" | "jinja";

/** From `open` to the first `close` after it on the same line, one after the other. In one pass, whatever the text. */
function* delimited(text: string, open: string, close: string): Generator<{ start: number; end: number }> {
  let end = -1;
  for (let start = text.indexOf(open); start >= 0; start = text.indexOf(open, start)) {
    const inside = start + open.length;
    if (end < inside) end = text.indexOf(close, inside);
    if (end < 0) return;
    const line = text.indexOf("\n", inside);
    if (line >= 0 && line < end) start = line;
    else {
      yield { start, end: end + close.length };
      start = end + close.length;
    }
  }
}

/** Whether `delimited` finds anything. Asked for every text that is evaluated, so it makes no generator. */
function has(text: string, open: string, close: string): boolean {
  let end = -1;
  for (let start = text.indexOf(open); start >= 0; ) {
    const inside = start + open.length;
    if (end < inside) end = text.indexOf(close, inside);
    if (end < 0) return false;
    const line = text.indexOf("\n", inside);
    if (line < 0 || line > end) return true;
    start = text.indexOf(open, line);
  }
  return false;
}

export const hasYaql = (text: string): boolean => has(text, "<%", "%>");
export const hasBlock = (text: string): boolean => has(text, "{%", "%}");
export const hasJinja = (text: string): boolean => text.includes("{") && (has(text, "{{", "}}") || hasBlock(text));

const RAW_OPEN = /\{%-?\s{0,99}raw\s{0,99}-?%\}/g;
const RAW_CLOSE = /\{%-?\s{0,99}endraw\s{0,99}-?%\}/g;

/** A text cut at its `{% raw %}...{% endraw %}` that begin and end on one line. */
export function rawPieces(text: string): { readonly source: string; readonly isRaw: boolean }[] {
  const found: { source: string; isRaw: boolean }[] = [];
  const opens = new RegExp(RAW_OPEN);
  const closes = new RegExp(RAW_CLOSE);
  let at = 0;
  let close: RegExpExecArray | null = null;
  for (let open = opens.exec(text); open !== null; open = opens.exec(text)) {
    const inside = open.index + open[0].length;
    if (close === null || close.index < inside) {
      closes.lastIndex = inside;
      close = closes.exec(text);
    }
    if (close === null) break;
    const line = text.indexOf("\n", inside);
    if (line >= 0 && line < close.index) {
      opens.lastIndex = line;
      continue;
    }
    const end = close.index + close[0].length;
    if (open.index > at) found.push({ source: text.slice(at, open.index), isRaw: false });
    found.push({ source: text.slice(open.index, end), isRaw: true });
    at = end;
    opens.lastIndex = end;
  }
  if (at < text.length) found.push({ source: text.slice(at), isRaw: false });
  return found;
}

/** A text cut at its expressions. */
export interface Piece {
  /** As it stands in the text, delimiters included. */
  readonly source: string;
  /** Without delimiters; undefined for what is no expression. */
  readonly expression: string | undefined;
}

export function pieces(text: string, language: Language): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  const [open, close] = language === "yaql" ? (["<%", "%>"] as const) : (["{{", "}}"] as const);
  for (const { start, end } of delimited(text, open, close)) {
    if (start > at) found.push({ source: text.slice(at, start), expression: undefined });
    const source = text.slice(start, end);
    found.push({ source, expression: withoutDelimiters(source, language) });
    at = end;
  }
  if (at < text.length) found.push({ source: text.slice(at), expression: undefined });
  return found;
}

/** Takes off every character of the delimiters from both ends, as Orquesta does: `{{{'a': 1}}}` loses its braces too. */
export function withoutDelimiters(source: string, language: Language): string {
  const set = language === "yaql" ? "<%>" : "{}";
  let start = 0;
  let end = source.length;
  while (start < end && set.includes(source.charAt(start))) start++;
  while (end > start && set.includes(source.charAt(end - 1))) end--;
  return source.slice(start, end).trim();
}

export interface VariableUse {
  readonly language: Language;
  /** The whole text the variable was found in. */
  readonly statement: string;
  readonly variable: string;
}

// `ctx().name` that is not called, `ctx(name)`, `ctx('name')`, `ctx("name")`.
const USES = [
  /\bctx\(\)\.(\w+)(?![\w(])/g,
  /\bctx\(([a-zA-Z0-9_-]+)\)/g,
  /\bctx\('([a-zA-Z0-9_-]+)'\)/g,
  /\bctx\("([a-zA-Z0-9_-]+)"\)/g,
];

/**
 * The variables that the expressions anywhere in a value mention, each once, sorted by name. By their text, as Orquesta's
 * inspection does: `ctx()[name]`, `ctx().get(name)` and tags of Jinja are not seen.
 */
export function usedVariables(value: unknown): VariableUse[] {
  const found = new Map<string, VariableUse>();
  for (const text of textsIn(value)) {
    for (const language of ["jinja", "yaql"] as const) {
      for (const piece of pieces(text, language)) {
        if (piece.expression === undefined) continue;
        for (const pattern of USES) {
          for (const [, variable = ""] of piece.source.matchAll(pattern)) {
            found.set(JSON.stringify([language, text, variable]), { language, statement: text, variable });
          }
        }
      }
    }
  }
  return [...found.values()].sort(
    (a, b) => compare(a.variable, b.variable) || compare(a.language, b.language) || compare(a.statement, b.statement),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Every text in a value, keys of maps included. */
export function* textsIn(value: unknown): Generator<string> {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === "string") yield one;
    else if (Array.isArray(one)) for (let i = one.length - 1; i >= 0; i--) open.push(one[i]);
    else if (typeof one === "object" && one !== null) {
      for (const [key, member] of Object.entries(one).toReversed()) open.push(member, key);
    }
  }
}
