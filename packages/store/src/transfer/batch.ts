import type { DumpRow } from "./port.ts";

/** Groups of rows end at whichever comes first. */
export const BATCH_ROWS = 2_000;
export const BATCH_CHARACTERS = 2_000_000;

/** How much a row takes, about; for grouping. */
export function weightOf(row: DumpRow): number {
  let weight = 16;
  for (const value of row) weight += typeof value === "string" ? value.length : 8;
  return weight;
}
