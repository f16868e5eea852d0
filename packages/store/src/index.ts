/** Where the truth lives: the port `Store`, the changes it takes, the embedded SQLite store, and PostgreSQL. */
export type { Change, Committed, ExecutionMove, StoredResource, Told } from "./changes.ts";
export type {
  Beaten,
  Claim,
  ContentChanges,
  EnforcementFilter,
  EventFilter,
  ExecutionFilter,
  Forgetting,
  Forgotten,
  Installation,
  KeyFilter,
  Listed,
  Order,
  Page,
  PresentMember,
  Store,
} from "./port.ts";
export { openSqliteStore, type SqliteStoreOptions } from "./sqlite/open.ts";
export { openPostgresStore, type PostgresStoreOptions } from "./postgres/open.ts";
export { copyStore, type CopyProgress } from "./transfer/copy.ts";
export { openDump, openLoad } from "./transfer/open.ts";
export type {
  Dump,
  DumpColumn,
  DumpRow,
  DumpTable,
  Load,
  StoreEngine,
  StorePlace,
  StoreSchema,
  Sums,
  TableSum,
} from "./transfer/port.ts";
export { createSumming } from "./transfer/sums.ts";
// For tests, in other rooms as well.
export { about, aStore, removeTestStore, TEMPLATE, testDatabase } from "./a-store.ts";
export { startPostgres, type TestPostgres, whyNoPostgres } from "./postgres/a-postgres.ts";
