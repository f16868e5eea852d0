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
// For tests, in other rooms as well.
export { startPostgres, type TestPostgres, whyNoPostgres } from "./postgres/a-postgres.ts";
