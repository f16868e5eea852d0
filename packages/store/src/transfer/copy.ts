import { Conflict, Invalid } from "@squall/model";
import type { Dump, DumpTable, Load, Sums } from "./port.ts";
import { createSumming } from "./sums.ts";

export interface CopyProgress {
  /** What is being done with the table. */
  readonly step: "copy" | "verify";
  readonly table: string;
  readonly rows: number;
  /** Rows the table has, where that is known. */
  readonly of: number;
}

/**
 * Copies everything from one store into an empty one, reads it back there and compares, and only then makes it permanent. When
 * exactly this is there already, as after a run whose end nobody saw, nothing is done. Answers what was copied, by table.
 * Throws Conflict `store.not-empty` for a store that holds anything else, Invalid `store.other-schema` when the tables differ.
 */
export async function copyStore(
  dump: Dump,
  load: Load,
  onProgress: (progress: CopyProgress) => void = () => undefined,
  signal?: AbortSignal,
): Promise<{ readonly sums: Sums; readonly wasThere: boolean }> {
  if (JSON.stringify(dump.tables) !== JSON.stringify(load.tables)) throw otherTables(dump, load);
  const counts: Record<string, number> = {};
  for (const table of dump.tables) counts[table.name] = await dump.count(table);
  const sums: Record<string, { rows: number; sum: string }> = {};
  for (const table of dump.tables) {
    const summing = createSumming();
    for await (const rows of dump.rows(table)) {
      signal?.throwIfAborted();
      if (load.isEmpty) await load.write(table, rows);
      summing.add(rows);
      onProgress({ step: "copy", table: table.name, rows: summing.total.rows, of: counts[table.name] ?? 0 });
    }
    sums[table.name] = summing.total;
  }
  const there = await load.sums((table, rows) => {
    signal?.throwIfAborted();
    onProgress({ step: "verify", table, rows, of: counts[table] ?? 0 });
  });
  const differing = dump.tables.map(({ name }) => name).filter((name) => !isSame(sums, there, name));
  if (!load.isEmpty) {
    if (differing.length === 0) return { sums, wasThere: true };
    throw new Conflict("store.not-empty", {
      message: `${load.where} holds another installation, or one that has gone on since (${differing.join(", ")} differ); nothing was changed. Name an empty one`,
    });
  }
  if (differing.length > 0) throw unlike(dump.where, load.where, differing);
  await load.commit();
  return { sums, wasThere: false };
}

/** What arrived is not what was sent: nothing is kept of it. */
export function unlike(from: string, to: string, tables: readonly string[]): Invalid {
  return new Invalid("store.copy-differs", {
    message: `what was read back from ${to} is not what ${from} holds (${tables.join(", ")}); nothing was kept. Look at the disks of both, and try again`,
  });
}

function isSame(a: Sums, b: Sums, table: string): boolean {
  return a[table] !== undefined && a[table].rows === b[table]?.rows && a[table].sum === b[table].sum;
}

function otherTables(dump: Dump, load: Load): Invalid {
  const names = (tables: readonly DumpTable[]) =>
    new Set(tables.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}`)));
  const differing = [...names(dump.tables).symmetricDifference(names(load.tables))];
  return new Invalid("store.other-schema", {
    message: `${dump.where} (schema ${dump.schema}) and ${load.where} do not have the same tables (${differing.slice(0, 5).join(", ") || "kinds of columns"}): start this Squall once on the older of both, which brings it up to date, stop it and try again`,
  });
}
