import { hash } from "node:crypto";
import type { DumpRow, TableSum } from "./port.ts";

/** Adds rows up, in any order: two tables with the same rows have the same sum. Against mistakes, not against forgers. */
export interface Summing {
  add(rows: readonly DumpRow[]): void;
  readonly total: TableSum;
}

export function createSumming(): Summing {
  let rows = 0;
  let sum = 0n;
  return {
    add(more) {
      rows += more.length;
      for (const row of more) sum += hash("sha256", JSON.stringify(row), "buffer").readBigUInt64BE();
    },
    get total() {
      return { rows, sum: BigInt.asUintN(64, sum).toString(16).padStart(16, "0") };
    },
  };
}

/** JSON in the one form that two stores agree on: keys sorted, no spaces. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
