import { Invalid } from "@squall/model";

/** Deeper values are refused: whatever walks a payload later does so by recursion. */
export const MAX_DEPTH = 200;

/** Parses a JSON body. Throws Invalid with line and column, and without a piece of the body, which may be secret. */
export function parseJsonBody(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { at, reason } = firstProblem(text);
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    throw invalid(`${reason}: line ${line} column ${column} (char ${at})`, { line, column });
  }
  check(value, 0);
  return value;
}

export function invalid(problem: string, at?: { readonly line: number; readonly column: number }): Invalid {
  return new Invalid("webhook.body", { message: `Failed to parse request body: ${problem}`, ...(at && { at }) });
}

function check(value: unknown, depth: number): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw invalid("a number is too large");
  if (typeof value !== "object" || value === null) return;
  if (depth >= MAX_DEPTH) throw invalid(`it is nested deeper than ${MAX_DEPTH} levels`);
  for (const one of Object.values(value)) check(one, depth + 1);
}

const WHITE = /[ \t\r\n]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

interface Problem {
  readonly at: number;
  readonly reason: string;
}

/** Where the string that begins at `start` ends, or what is wrong in it. A loop: regular expressions have a stack. */
function endOfString(text: string, start: number): number | Problem {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return at + 1;
    if (text.charCodeAt(at) < 0x20) return { at, reason: "Invalid control character" };
    if (char === "\\") {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) return { at, reason: "Invalid \\escape" };
      at = ESCAPE.lastIndex - 1;
    }
  }
  return { at: start, reason: "Unterminated string starting at" };
}

/**
 * Where a text stops being JSON; V8 says so for some texts only. It walks the text with a stack of open brackets,
 * and is only asked for texts that are none.
 */
function firstProblem(text: string): Problem {
  const open: ("[" | "{")[] = [];
  let at = 0;
  const skip = (): string | undefined => {
    WHITE.lastIndex = at;
    at += WHITE.exec(text)?.[0].length ?? 0;
    return text[at];
  };
  /** Goes past a string or another scalar. */
  const scalar = (): Problem | undefined => {
    if (text[at] === '"') {
      const end = endOfString(text, at);
      if (typeof end !== "number") return end;
      at = end;
      return undefined;
    }
    SCALAR.lastIndex = at;
    if (!SCALAR.test(text)) return { at, reason: "Expecting value" };
    at = SCALAR.lastIndex;
    return undefined;
  };
  const name = (): Problem | undefined => {
    if (skip() !== '"') return { at, reason: "Expecting property name enclosed in double quotes" };
    const problem = scalar();
    if (problem) return problem;
    if (skip() !== ":") return { at, reason: "Expecting ':' delimiter" };
    at++;
    return undefined;
  };
  for (;;) {
    const first = skip();
    if (first === "[" || first === "{") {
      at++;
      open.push(first);
      if (skip() !== CLOSING[first]) {
        const problem = first === "{" ? name() : undefined;
        if (problem) return problem;
        continue;
      }
    } else {
      const problem = scalar();
      if (problem) return problem;
    }
    // A value has ended: what follows belongs to what is open around it.
    for (;;) {
      const next = skip();
      const around = open.at(-1);
      if (around === undefined) return { at, reason: "Extra data" };
      if (next === CLOSING[around]) {
        at++;
        open.pop();
        continue;
      }
      if (next !== ",") return { at, reason: "Expecting ',' delimiter" };
      at++;
      const problem = around === "{" ? name() : undefined;
      if (problem) return problem;
      break;
    }
  }
}

const CLOSING = { "[": "]", "{": "}" } as const;
