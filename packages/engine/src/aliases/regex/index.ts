/** Python's regular expressions with bounded work, for formats of aliases and the texts that people give them. */
import { compilePattern, type Program } from "./compile.ts";
import { parsePattern } from "./parse.ts";

export { compilePattern, type Program } from "./compile.ts";
export { type Node, parsePattern } from "./parse.ts";
export { type Budget, type Captures, search, searchAll } from "./run.ts";

/** A pattern of our own. */
export function program(source: string): Program {
  return compilePattern(parsePattern(source));
}
