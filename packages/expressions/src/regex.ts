import { runInNewContext } from "node:vm";
import { JinjaRuntimeError } from "@squall/jinja";
import type { Runtime } from "@squall/jinja";

/** A pattern that needs longer than this on its text is given up. */
const TIMEOUT_MS = 250;
/** Below this many characters-to-the-power-of-quantifiers a search cannot take noticeable time. */
const CHEAP = 1e7;
/** What searches cost of a rendering's steps: those that are cheap for sure by their size, the others by their time. */
const CHARACTERS_PER_STEP = 256;
const STEPS_PER_MS = 1000;

export interface Pattern {
  first(text: string): RegExpExecArray | null;
  /** Every match, none overlapping another. */
  all(text: string): RegExpExecArray[];
}

/**
 * Compiles a pattern in Python's `re` syntax. Patterns come from users: one that could take exponential time on the text
 * it is given runs under a time limit.
 * @throws JinjaRuntimeError (`error`) when it is no pattern
 */
export function compilePattern(
  rt: Runtime,
  source: string,
  flags: { ignoreCase?: boolean; anchored?: boolean } = {},
): Pattern {
  const { pattern, inline } = translate(source);
  const set = new Set(`${inline}${flags.ignoreCase === true ? "i" : ""}${flags.anchored === true ? "y" : "g"}u`);
  let regex: RegExp;
  try {
    regex = new RegExp(pattern, [...set].join(""));
  } catch (error) {
    throw new JinjaRuntimeError(`the pattern is not valid: ${(error as Error).message}`, "error");
  }
  const risk = riskOf(pattern);
  rt.spend(source.length >> 4);
  const run = <T>(text: string, search: () => T): T => {
    const cost = risk === "exponential" ? Infinity : (text.length + 1) ** risk;
    rt.spend(Math.min(cost, CHEAP) / CHARACTERS_PER_STEP);
    if (cost <= CHEAP || text.length < 12) return search();
    const start = performance.now();
    const found = withTimeout(search, text.length);
    rt.spend((performance.now() - start) * STEPS_PER_MS);
    return found;
  };
  return {
    first: (text) => {
      regex.lastIndex = 0;
      return run(text, () => regex.exec(text));
    },
    all: (text) => run(text, () => [...text.matchAll(regex)]),
  };
}

/** Runs in another context only for its time limit, which also stops a search inside one `exec`. */
function withTimeout<T>(search: () => T, length: number): T {
  try {
    return runInNewContext("search()", { search }, { timeout: TIMEOUT_MS }) as T;
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") {
      throw new JinjaRuntimeError(
        `the pattern took more than ${TIMEOUT_MS} ms on a text of ${length} characters; ` +
          "avoid repetitions inside repetitions, such as '(a+)+'",
        "TimeoutError",
      );
    }
    throw error;
  }
}

/** What Python's classes match beyond ASCII. */
const CLASSES: Readonly<Record<string, string>> = { w: "\\p{L}\\p{N}_", d: "\\p{Nd}" };

/** Python's syntax where it differs from JavaScript's with the flag `u`. */
function translate(source: string): { pattern: string; inline: string } {
  let inline = "";
  const body = source.replace(/^\(\?([aiLmsux]+)\)/, (_, letters: string) => {
    for (const letter of letters) if ("ims".includes(letter)) inline += letter;
    if (letters.includes("x")) throw new JinjaRuntimeError("verbose patterns, (?x), are not supported", "error");
    return "";
  });
  const pattern = body.replace(
    /\\([^])|\(\?P<(\w+)>|\(\?P=(\w+)\)|\(\?#[^)]*\)|\[(\^?\]?(?:\\[^]|[^\]\\])*)\]|\$|\{(?!\d*,?\d*\})|(?<!\d|,|\{)\}/g,
    (all, escaped?: string, name?: string, back?: string, set?: string) => {
      if (name !== undefined) return `(?<${name}>`;
      if (back !== undefined) return `\\k<${back}>`;
      if (set !== undefined) return `[${translateSet(set)}]`;
      if (escaped !== undefined) return translateEscape(escaped);
      if (all.startsWith("(?#")) return "";
      if (all === "{" || all === "}") return `\\${all}`;
      // Without multiline, `$` matches before a last newline, too.
      return inline.includes("m") ? "$" : "(?=\\n?(?![^]))";
    },
  );
  return { pattern, inline };
}

function translateEscape(char: string): string {
  if (char === "A") return "(?<![^])";
  if (char === "Z") return "(?![^])";
  if (char === "a") return "\\x07";
  const inner = CLASSES[char.toLowerCase()];
  if (inner !== undefined) return `[${char === char.toLowerCase() ? "" : "^"}${inner}]`;
  // Python lets any punctuation be escaped, JavaScript only its own.
  return /[\w^$\\.*+?()[\]{}|/]/.test(char) && char !== "_" ? `\\${char}` : char;
}

/** What stands between the brackets of a set. */
function translateSet(set: string): string {
  const negated = set.startsWith("^") ? "^" : "";
  return (
    negated +
    set.slice(negated.length).replace(/\\([^])|[[\]]/g, (all, char?: string) => {
      if (char === undefined) return `\\${all}`;
      if (char === "a") return "\\x07";
      return CLASSES[char] ?? (/[\w^$\\.*+?()[\]{}|/-]/.test(char) && char !== "_" ? all : char);
    })
  );
}

/** How the time of a search may grow: the power of the text's length, or exponentially. */
function riskOf(pattern: string): number | "exponential" {
  // Each open group: whether it holds something repeated or alternatives.
  const groups: { repeats: boolean; alternatives: boolean }[] = [{ repeats: false, alternatives: false }];
  let repeats = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] as string;
    if (char === "\\") {
      i++;
      if (/[1-9k]/.test(pattern[i] ?? "")) return "exponential";
    } else if (char === "[") {
      while (i < pattern.length && pattern[i] !== "]") i += pattern[i] === "\\" ? 2 : 1;
    } else if (char === "(") {
      groups.push({ repeats: false, alternatives: false });
      if (pattern[i + 1] === "?") i++;
    } else if (char === "|") (groups.at(-1) as { alternatives: boolean }).alternatives = true;
    else if (char === ")") {
      const closed = groups.length > 1 ? groups.pop() : undefined;
      const isRepeated = /^(?:[*+]|\{\d*,?\d*\})/.test(pattern.slice(i + 1, i + 12));
      const outer = groups.at(-1) as { repeats: boolean; alternatives: boolean };
      if (closed !== undefined) {
        if (isRepeated && (closed.repeats || closed.alternatives)) return "exponential";
        outer.repeats ||= closed.repeats || isRepeated;
        outer.alternatives ||= closed.alternatives;
      }
    } else if (char === "*" || char === "+" || char === "{") {
      repeats++;
      (groups.at(-1) as { repeats: boolean }).repeats = true;
    }
  }
  // A search may start anywhere.
  return Math.min(repeats, 12) + 1;
}
