import type { Problem } from "../../program.ts";
import type { ReadOptions } from "../program.ts";
export function inspectWorkflow(_source: unknown, _options: ReadOptions): Problem[] {
  return [];
}
