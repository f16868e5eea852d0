/**
 * A `pattern` of a schema as a regular expression. Packs write them for Python's `re`, so its spellings of the same
 * things are taken too: `(?P<name>`, `(?P=name)`, `\A`, `\Z`, and flags at the beginning such as `(?i)`. Undefined when
 * it is none of JavaScript's even so.
 */
export function compilePattern(pattern: string): RegExp | undefined {
  const leading = /^\(\?([imsx]+)\)/.exec(pattern);
  const flags = leading?.[1] ?? "";
  // Verbose mode changes what white space means, which JavaScript cannot say.
  if (flags.includes("x")) return undefined;
  const source = pattern.slice(leading?.[0].length ?? 0).replace(/\\[\s\S]|\(\?P[<=]\w+[>)]/g, (part) => {
    if (part === "\\A") return "^";
    if (part === "\\Z") return "$";
    if (part.startsWith("(?P<")) return `(?<${part.slice(4)}`;
    if (part.startsWith("(?P=")) return `\\k<${part.slice(4, -1)}>`;
    return part;
  });
  try {
    // Without the flag `u`, escapes that mean nothing (`\-`, `\_`) stand for their letter, as in Python.
    return new RegExp(source, [...new Set(flags)].join(""));
  } catch {
    return undefined;
  }
}
