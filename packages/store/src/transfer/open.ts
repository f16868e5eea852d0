import { openPostgresDump } from "../postgres/dump.ts";
import { openPostgresLoad } from "../postgres/load.ts";
import { openSqliteDump } from "../sqlite/dump.ts";
import { openSqliteLoad } from "../sqlite/load.ts";
import type { Dump, Load, StorePlace, StoreSchema } from "./port.ts";

/** Looks at everything a store holds. With `alone` it throws Unavailable `store.in-use` while a server works on it, and keeps servers away. */
export function openDump(place: StorePlace, options: { readonly alone: boolean }): Promise<Dump> {
  return "url" in place ? openPostgresDump(place.url, options.alone) : openSqliteDump(place.directory, options.alone);
}

/** Fills an empty store with rows of the schema `form`; see `Load`. */
export function openLoad(place: StorePlace, form?: StoreSchema): Promise<Load> {
  return "url" in place ? openPostgresLoad(place.url, form) : openSqliteLoad(place.directory, form);
}
