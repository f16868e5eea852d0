import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Invalid, NotFound } from "@squall/model";
import { BATCH_CHARACTERS, BATCH_ROWS, weightOf } from "../transfer/batch.ts";
import { isCarried, isJsonColumn, NOT_CARRIED } from "../transfer/carried.ts";
import type { ColumnKind, Dump, DumpRow, DumpTable } from "../transfer/port.ts";
import { canonicalJson } from "../transfer/sums.ts";
import { storeFailure } from "./failures.ts";
import { lockDirectory } from "./lock.ts";
import { APPLICATION_ID } from "./migrate.ts";

/** For a server that writes: its transactions end within milliseconds. */
const BUSY_MS = 10_000;

/**
 * Looks at a data directory's database without changing it, whether or not a server runs on it. With `alone` none may: then
 * it throws Unavailable `store.in-use`. NotFound `store.no-database` when there is none.
 */
export async function openSqliteDump(directory: string, alone: boolean): Promise<Dump> {
  const file = join(resolve(directory), "squall.db");
  if (statSync(file, { throwIfNoEntry: false }) === undefined) {
    throw new NotFound("store.no-database", {
      message: `there is no database ${file}; --data names the data directory of the server`,
    });
  }
  try {
    const lock = alone ? lockDirectory(resolve(directory)) : undefined;
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
      return createDump(db, file, () => lock?.release());
    } catch (error) {
      db?.close();
      lock?.release();
      throw error;
    }
  } catch (error) {
    throw storeFailure(error, file);
  }
}

function createDump(db: DatabaseSync, file: string, release: () => void): Dump {
  db.exec("begin"); // T1: from the first read on
  if (pragma(db, "application_id") !== APPLICATION_ID) {
    throw new Invalid("store.foreign-database", { message: `${file} is an SQLite database of another program` });
  }
  let isClosed = false;
  return {
    engine: "sqlite",
    schema: pragma(db, "user_version"),
    where: file,
    tables: tablesOf(db),
    async count(table) {
      return countRows(db, table);
    },
    async *rows(table) {
      try {
        yield* readTable(db, table);
      } catch (error) {
        throw storeFailure(error, file);
      }
    },
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      isClosed = true;
      db.close();
      release();
    },
  };
}

export function pragma(db: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(db.prepare(`pragma ${name}`).get()?.[name]);
}

export function countRows(db: DatabaseSync, table: DumpTable): number {
  return Number(db.prepare(`select count(*) as n from "${table.name}"`).get()?.["n"]);
}

/** The tables that are carried, from the schema itself. */
export function tablesOf(db: DatabaseSync): DumpTable[] {
  const names = db
    .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name")
    .all();
  return names
    .map(({ name }) => String(name))
    .filter((name) => NOT_CARRIED[name] === undefined)
    .map((name) => ({
      name,
      columns: db
        .prepare("select name, type from pragma_table_info(?) order by name")
        .all(name)
        .filter((column) => isCarried(name, String(column["name"])))
        .map((column) => {
          const columnName = String(column["name"]);
          return { name: columnName, kind: kindOf(name, columnName, String(column["type"]).toLowerCase()) };
        }),
    }));
}

function kindOf(table: string, column: string, type: string): ColumnKind {
  if (isJsonColumn(table, column)) return "json";
  const kind = KINDS[type];
  if (kind === undefined) throw new Error(`${table}.${column} is of type ${type}, which a dump does not know`);
  return kind;
}
const KINDS: Readonly<Record<string, ColumnKind>> = { text: "text", integer: "integer", real: "real", blob: "bytes" };

/** Row by row: SQLite itself holds one page at a time (T2). */
export function* readTable(db: DatabaseSync, table: DumpTable): Generator<readonly DumpRow[]> {
  const names = table.columns.map(({ name }) => `"${name}"`).join(", ");
  let batch: DumpRow[] = [];
  let weight = 0;
  for (const found of db.prepare(`select ${names} from "${table.name}"`).iterate()) {
    const row = table.columns.map(({ name, kind }) => valueOf(found[name], kind));
    batch.push(row);
    weight += weightOf(row);
    if (batch.length < BATCH_ROWS && weight < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    weight = 0;
  }
  if (batch.length > 0) yield batch;
}

function valueOf(value: unknown, kind: ColumnKind): string | number | null {
  if (value === null || value === undefined) return null;
  if (kind === "json") return canonicalJson(JSON.parse(String(value)));
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64");
  return typeof value === "number" ? value : String(value);
}
