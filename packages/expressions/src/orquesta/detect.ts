/*
 * Where expressions are in a text: Orquesta finds them by these patterns, which neither cross lines nor know what is a
 * string literal inside (orquesta-and-expressions 6).
 */

export type Language = "yaql" | "jinja";

const YAQL = /<%.*?%>/g;
const JINJA = /\{\{.*?\}\}/g;
const JINJA_BLOCK = /\{%.*?%\}/;
const JINJA_ANY = /\{\{.*?\}\}|\{%.*?%\}/;
export const RAW = /\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}/g;

export const hasYaql = (text: string): boolean => text.includes("<%") && /<%.*?%>/.test(text);
export const hasJinja = (text: string): boolean => text.includes("{") && JINJA_ANY.test(text);
export const hasBlock = (text: string): boolean => JINJA_BLOCK.test(text);

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
  for (const match of text.matchAll(language === "yaql" ? YAQL : JINJA)) {
    if (match.index > at) found.push({ source: text.slice(at, match.index), expression: undefined });
    found.push({ source: match[0], expression: withoutDelimiters(match[0], language) });
    at = match.index + match[0].length;
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
