/** The standard library: one list of functions per area, registered together. */
import { Context } from "../context.ts";
import type { FunctionDefinition } from "../signature.ts";
import { BRANCHING } from "./branching.ts";
import { COLLECTIONS } from "./collections.ts";
import { DATES } from "./dates.ts";
import { GENERATORS } from "./generators.ts";
import { MATH } from "./math.ts";
import { MERGING } from "./merging.ts";
import { QUERIES } from "./queries.ts";
import { REDUCTIONS } from "./reductions.ts";
import { REGEXES } from "./regexes.ts";
import { STRINGS } from "./strings.ts";
import { DELEGATES, SYSTEM } from "./system.ts";

const STANDARD: readonly FunctionDefinition[] = [
  ...SYSTEM,
  ...MATH,
  ...STRINGS,
  ...COLLECTIONS,
  ...QUERIES,
  ...GENERATORS,
  ...REDUCTIONS,
  ...MERGING,
  ...REGEXES,
  ...BRANCHING,
  ...DATES,
];

/** A context with the whole standard library. */
export function standardContext(options: { readonly delegates?: boolean } = {}): Context {
  const context = new Context(null);
  for (const definition of STANDARD) context.register(definition);
  if (options.delegates === true) for (const definition of DELEGATES) context.register(definition);
  return context;
}
