import { chmodSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export type Row = Record<string, string | number | null>;
export type Value = string | number | null | Uint8Array;

/** One connection with its prepared statements. Everything is synchronous: nothing else runs in between. */
export interface Database {
  readonly file: string;
  /** How many rows it changed. */
  run(sql: string, ...values: Value[]): number;
  get(sql: string, ...values: Value[]): Row | undefined;
  all(sql: string, ...values: Value[]): Row[];
  /** Runs statements that take no values. */
  exec(sql: string): void;
  /** Ends the open transaction, if there is one, without effect. */
  rollback(): void;
  /** Undoes what happened since `savepoint list` and ends that savepoint. */
  rollbackList(): void;
  /**
   * True the first time that it is asked for these words since the start or the last rollback: whether a row that is
   * written once and never changes has yet to be written (again).
   */
  isNew(table: string, ...words: string[]): boolean;
  close(): void;
}

/** Lists can be asked for in many combinations of filters; beyond this many statements the oldest are prepared anew. */
const STATEMENTS = 400;
/** Names of actions, rules and users are few; should they be many, asking again costs one `insert or ignore`. */
const WORDS = 50_000;

export interface DatabaseOptions {
  readonly cacheBytes: number;
  /** How long to wait for another program that holds the file. */
  readonly busyTimeoutMs: number;
  /** Upper bound of the file's size in pages; SQLite's own limit unless given. */
  readonly maxPages?: number;
}

/** Opens (and creates, for its owner alone) a database that is durable at every commit. */
export function openDatabase(file: string, options: DatabaseOptions): Database {
  const connection = new DatabaseSync(file, { timeout: options.busyTimeoutMs });
  try {
    // By path and before WAL is on: -wal and -shm take the mode of the database. Opening the file here and closing it
    // again would drop the POSIX locks that this process holds on it.
    chmodSync(file, 0o600);
    connection.exec("pragma journal_mode = wal");
    // S1: the WAL is synced at each commit; fullfsync is what that takes on macOS and nothing elsewhere.
    connection.exec("pragma synchronous = full; pragma fullfsync = on");
    connection.exec(`pragma cache_size = -${Math.ceil(options.cacheBytes / 1024)}; pragma mmap_size = 0`);
    connection.exec("pragma temp_store = memory; pragma trusted_schema = off");
    // Checkpoints copy each page once however often it changed: 2,000 pages (8 MB) keep them rare and short. After a
    // burst the WAL file is cut to 32 MB.
    connection.exec(`pragma wal_autocheckpoint = 2000; pragma journal_size_limit = ${32 << 20}`);
    if (options.maxPages !== undefined) connection.exec(`pragma max_page_count = ${options.maxPages}`);
  } catch (error) {
    connection.close();
    throw error;
  }
  return wrap(connection, file);
}

function wrap(connection: DatabaseSync, file: string): Database {
  const statements = new Map<string, StatementSync>();
  const words = new Set<string>();
  const statement = (sql: string): StatementSync => {
    let found = statements.get(sql);
    if (!found) {
      if (statements.size >= STATEMENTS)
        for (const oldest of statements.keys()) {
          statements.delete(oldest);
          break;
        }
      found = connection.prepare(sql);
      statements.set(sql, found);
    }
    return found;
  };
  return {
    file,
    run: (sql, ...values) => Number(statement(sql).run(...(values satisfies SQLInputValue[])).changes),
    // Casts: one column is a blob, whose reader knows it (archives.ts), and integers beyond 2^53 are refused by node:sqlite on reading.
    get: (sql, ...values) => statement(sql).get(...values) as Row | undefined,
    all: (sql, ...values) => statement(sql).all(...values) as Row[],
    exec: (sql) => connection.exec(sql),
    rollback() {
      words.clear();
      if (connection.isTransaction) connection.exec("rollback");
    },
    rollbackList() {
      words.clear();
      connection.exec("rollback to list; release list");
    },
    isNew(...parts) {
      let word = "";
      // With lengths, since a name may hold any character.
      for (const part of parts) word += `${part.length}:${part}`;
      if (words.has(word)) return false;
      if (words.size >= WORDS) words.clear();
      words.add(word);
      return true;
    },
    close() {
      statements.clear();
      connection.close();
    },
  };
}
