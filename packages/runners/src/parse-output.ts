/** Deeper JSON stays text: whoever walks the result later must not run out of stack. Python's parser stops near 1000. */
const DEEPEST = 500;

/**
 * Output as StackStorm puts it into results: without one trailing newline and one carriage return, and parsed as JSON
 * if it is JSON (so "5" becomes the number 5). Whole numbers that JavaScript cannot hold exactly stay text, digit for
 * digit, where StackStorm has big integers.
 */
export function parseOutput(output: string): unknown {
  let text = output;
  if (text.endsWith("\n")) text = text.slice(0, -1);
  if (text.endsWith("\r")) text = text.slice(0, -1);
  const parsed = parseJson(text);
  return parsed === undefined ? text : parsed;
}

/** The value that a JSON text stands for, with too big numbers as text; undefined if it is no (or too deep) JSON. */
export function parseJson(text: string): unknown {
  // Most output is prose: its first character already says that it is no JSON.
  if (!/^[ \t\r\n]*[[{"\-\dtfn]/.test(text) || isTooDeep(text)) return undefined;
  try {
    return /\d{16}|\d[eE]/.test(text) ? JSON.parse(text, exactNumbers) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

// The third argument is in the language (JSON.parse source text access) but not yet in TypeScript's library.
function exactNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  if (!Number.isFinite(value)) return context.source;
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source)
    ? context.source
    : value;
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 92) at++;
      else if (code === 34) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 91 || code === 123) {
      if (++depth > DEEPEST) return true;
    } else if (code === 93 || code === 125) depth--;
  }
  return false;
}
