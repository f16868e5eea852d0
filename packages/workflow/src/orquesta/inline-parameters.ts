/** What takes a moment on this many characters takes minutes on a hundred times as many. */
const MAX_LENGTH = 20_000;

/**
 * Inline parameters: `core.local cmd="date" count=3`. The first alternative that matches is the value; an unquoted word is
 * none and is left out (orquesta-and-expressions 1.2).
 */
const PARAMETER =
  /(?<!\w)(\w+)=(\[.*\]|"[^"]*"|'[^']*'|-?\d+\.\d+|-?\d+|true|false|True|False|TRUE|FALSE|null|\{\{.*?\}\}|<%.*?%>)/g;

export function inlineParameters(text: string): [name: string, value: unknown][] {
  if (text.length > MAX_LENGTH) return [];
  return [...text.matchAll(PARAMETER)].map(([, name = "", raw = ""]) => [name, convert(raw)]);
}

function convert(raw: string): unknown {
  const text = raw.trim();
  const quoted = /^(["']).*\1$/s.test(text);
  const bare = text.replace(/^"/, "").replace(/"$/, "").replace(/^'/, "").replace(/'$/, "");
  if (quoted && !(bare.startsWith("{") && bare.endsWith("}"))) return bare;
  const lower = bare.toLowerCase();
  if (lower === "true" || lower === "false") return lower === "true";
  try {
    return JSON.parse(bare) as unknown;
  } catch {
    return bare;
  }
}
