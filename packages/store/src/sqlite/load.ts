import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Conflict, Invalid } from "@squall/model";
import type { DumpRow, DumpTable, Load, StoreSchema, Sums } from "../transfer/port.ts";
import { createSumming } from "../transfer/sums.ts";
import { openDatabase } from "./database.ts";
import { pragma, readTable, tablesOf } from "./dump.ts";
import { storeFailure } from "./failures.ts";
import { type DirectoryLock, lockDirectory } from "./lock.ts";
import { migrate, migrations } from "./migrate.ts";

/**
 * Makes `squall.db` in a directory that has none, under another name until it is whole; what an earlier try left is removed. `form` is the schema that the rows are in; theirs when they come from
 * SQLite, so that what an earlier Squall wrote is loaded as it was and then brought up to date as it would have been in place.
 */
export async function openSqliteLoad(directory: string, form: StoreSchema | undefined): Promise<Load> {
  const folder = resolve(directory);
  const file = join(folder, "squall.db");
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) {
    throw new Conflict("store.not-empty", { message: `${file} is there already; name another directory` });
  }
  const steps = form?.engine === "sqlite" ? form.schema : migrations.length;
  if (steps > migrations.length) {
    throw new Invalid("store.newer-schema", {
      message: `these rows are of schema ${steps}, and this Squall knows up to ${migrations.length}; use the newer Squall that wrote them`,
    });
  }
  const draft = `${file}.loading`;
  let lock: DirectoryLock | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = lockDirectory(folder);
    remove(draft);
    prepare(draft, steps);
    return createLoad(draft, file, lock);
  } catch (error) {
    if (lock) remove(draft);
    lock?.release();
    throw storeFailure(error, file);
  }
}

/** The schema alone, without what migrations put into the tables. */
function prepare(file: string, steps: number): void {
  const db = openDatabase(file, { cacheBytes: 1 << 20, busyTimeoutMs: 1_000 });
  try {
    migrate(db, migrations.slice(0, steps));
  } finally {
    db.close();
  }
}

function remove(file: string): void {
  for (const one of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) rmSync(one, { force: true });
}

function createLoad(draft: string, file: string, lock: DirectoryLock): Load {
  const db = new DatabaseSync(draft);
  // Nobody looks at the file before it is whole, and it is thrown away when it does not become so: no journal, no syncs.
  db.exec("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -65536; begin");
  const tables = tablesOf(db);
  for (const { name } of tables) db.exec(`delete from "${name}"`);
  const inserts = new Map<string, StatementSync>();
  let isOver = false;
  const doing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeFailure(error, file);
    }
  };
  return {
    engine: "sqlite",
    schema: pragma(db, "user_version"),
    where: file,
    tables,
    isEmpty: true,
    async write(table, rows) {
      doing(() => {
        let insert = inserts.get(table.name);
        if (insert === undefined) {
          const names = table.columns.map(({ name }) => `"${name}"`).join(", ");
          const marks = table.columns.map(() => "?").join(", ");
          insert = db.prepare(`insert into "${table.name}" (${names}) values (${marks})`);
          inserts.set(table.name, insert);
        }
        for (const row of rows) insert.run(...row.map((value, at) => storedValue(table, at, value)));
      });
    },
    async sums(onRows) {
      return doing(() => sumsOf(db, tables, onRows));
    },
    async commit() {
      doing(() => {
        db.exec("commit");
        db.close();
        const whole = openDatabase(draft, { cacheBytes: 16 << 20, busyTimeoutMs: 1_000 });
        try {
          migrate(whole);
        } finally {
          whole.close();
        }
        sync(draft);
        renameSync(draft, file);
        sync(dirname(file));
        isOver = true;
        lock.release();
      });
    },
    async [Symbol.asyncDispose]() {
      if (isOver) return;
      isOver = true;
      if (db.isOpen) db.close();
      remove(draft);
      lock.release();
    },
  };
}

function storedValue(table: DumpTable, at: number, value: DumpRow[number]): string | number | Uint8Array | null {
  if (typeof value !== "string") return value;
  return table.columns[at]?.kind === "bytes" ? Buffer.from(value, "base64") : value;
}

function sumsOf(
  db: DatabaseSync,
  tables: readonly DumpTable[],
  onRows: ((table: string, rows: number) => void) | undefined,
): Sums {
  return Object.fromEntries(
    tables.map((table) => {
      const summing = createSumming();
      for (const rows of readTable(db, table)) {
        summing.add(rows);
        onRows?.(table.name, summing.total.rows);
      }
      return [table.name, summing.total];
    }),
  );
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
