/**
 * Everything that a store holds, as rows of plain values in a form that is the same for every store: what backups are made of, and what moves
 * an installation from one store to another.
 *
 * T1  A dump is one consistent look: what is committed after it was opened is not in it.
 * T2  Neither side holds more than a few megabytes, or one row, in memory.
 * T3  A load becomes visible, and durable, with `commit`, whole; disposed without it, nothing stays but tables without rows.
 * T4  Loading a dump and dumping the result gives the same rows.
 */

/** Where an installation's state is: the data directory with its file, or the address of a PostgreSQL database. */
export type StorePlace = { readonly directory: string } | { readonly url: string };

export type StoreEngine = "sqlite" | "postgres";

/** Which of a store's schemas: the engine and how many of its migrations it has seen. */
export interface StoreSchema {
  readonly engine: StoreEngine;
  readonly schema: number;
}

/** `json` is JSON as text with sorted keys, `bytes` is base64; both kinds of text may hold anything. */
export type ColumnKind = "text" | "json" | "integer" | "real" | "bytes";

export interface DumpColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

export interface DumpTable {
  readonly name: string;
  /** Sorted by name. */
  readonly columns: readonly DumpColumn[];
}

/** The values of a row in the order of its table's columns. */
export type DumpRow = readonly (string | number | null)[];

/** Rows of a table and a sum over them that does not depend on their order. */
export interface TableSum {
  readonly rows: number;
  /** 16 hexadecimal digits */
  readonly sum: string;
}

/** By table. */
export type Sums = Readonly<Record<string, TableSum>>;

export interface Dump extends StoreSchema, AsyncDisposable {
  /** Names the store in messages, without a password. */
  readonly where: string;
  /** Sorted by name. */
  readonly tables: readonly DumpTable[];
  count(table: DumpTable): Promise<number>;
  /** Rows in groups of at most a few megabytes. */
  rows(table: DumpTable): AsyncIterable<readonly DumpRow[]>;
}

export interface Load extends StoreSchema, AsyncDisposable {
  readonly where: string;
  readonly tables: readonly DumpTable[];
  /** False when somebody's rows are there: then it can be summed up, and not written. */
  readonly isEmpty: boolean;
  /** `table` says which columns the rows have; they must be those of this store. */
  write(table: DumpTable, rows: readonly DumpRow[]): Promise<void>;
  /** Of what is there, as written so far. */
  sums(onRows?: (table: string, rows: number) => void): Promise<Sums>;
  /** Brings the schema to this version and makes everything visible and durable. */
  commit(): Promise<void>;
}
