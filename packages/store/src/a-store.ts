import { createHash } from "node:crypto";
import { resolve } from "node:path";
import pg from "pg";
import type { Store } from "./port.ts";
import { openPostgresStore } from "./postgres/open.ts";
import { openSqliteStore } from "./sqlite/open.ts";

/**
 * For tests: a PostgreSQL server on which their stores are, by the address of its database `postgres`, as `npm run test:cluster` says it.
 * Unset: SQLite files.
 */
const SERVER = process.env.SQUALL_TEST_STORE;
/** Has the tables already; `test/walls/servers.ts` makes it. */
export const TEMPLATE = "squall_template";
const DUPLICATE_DATABASE = "42P04";

/**
 * For tests: the store of a data directory, opened as a server would; the same directory again is the same data.
 * On PostgreSQL others may open it as well, and it stays until `removeTestStore`.
 */
export async function aStore(directory: string): Promise<Store> {
  const url = await testDatabase(directory);
  return url === undefined ? openSqliteStore({ directory }) : openPostgresStore({ url, exclusive: false });
}

/** For tests: the PostgreSQL database that stands for a data directory, made when it is asked for first; undefined on SQLite. */
export async function testDatabase(directory: string): Promise<string | undefined> {
  if (SERVER === undefined) return undefined;
  const name = nameOf(directory);
  try {
    await administrate(SERVER, `create database ${name} template ${TEMPLATE}`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== DUPLICATE_DATABASE) throw error;
  }
  return SERVER.replace(/\/postgres\b(?=\?|$)/, `/${name}`);
}

/** For tests: what `aStore` made for the directory in PostgreSQL is no longer needed. */
export async function removeTestStore(directory: string): Promise<void> {
  if (SERVER !== undefined) await administrate(SERVER, `drop database if exists ${nameOf(directory)} with (force)`);
}

/**
 * For the option `skip` of a test that holds for one kind of installation alone: that of `SQLite`, looking into its file, or one
 * process that is `alone` with its store. False where that is what tests run on; else the word.
 */
export function about(subject: "SQLite" | "alone"): false | string {
  return SERVER === undefined ? false : subject;
}

function nameOf(directory: string): string {
  return `test_${createHash("sha256").update(resolve(directory)).digest("hex").slice(0, 32)}`;
}

async function administrate(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
