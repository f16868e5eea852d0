import { Invalid } from "@squall/model";
import { copyStore, openDump, openLoad, type StorePlace, type Sums } from "@squall/store";
import type { Progress } from "./progress.ts";

export interface Moved {
  readonly from: string;
  readonly to: string;
  readonly sums: Sums;
  /** The target held exactly this already. */
  readonly wasThere: boolean;
}

/**
 * Copies an installation's rows into another, empty store, reads them back there and compares, and only then makes them permanent.
 * The source stays as it is, and no server may work on either meanwhile. Broken off, it leaves nothing and can be run again.
 */
export async function migrateStore(
  from: StorePlace,
  to: StorePlace,
  progress: Progress,
  signal: AbortSignal,
): Promise<Moved> {
  if (JSON.stringify(from) === JSON.stringify(to)) {
    throw new Invalid("migrate.same-store", { message: "--to names the store that the rows come from; name another" });
  }
  await using dump = await openDump(from, { alone: true });
  await using load = await openLoad(to, dump);
  const done = await copyStore(
    dump,
    load,
    ({ step, table, rows, of }) => progress.rows(step === "copy" ? "moving" : "reading back", table, rows, of),
    signal,
  );
  return { from: dump.where, to: load.where, ...done };
}
