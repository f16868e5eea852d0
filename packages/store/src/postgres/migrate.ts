import { Invalid } from "@squall/model";
import type pg from "pg";
import { functions } from "./functions.ts";
import { first } from "./migrations/0001-first.ts";
import { members } from "./migrations/0002-members.ts";
import { archives } from "./migrations/0005-archives.ts";
import { queue } from "./migrations/0003-queue.ts";
import { owner } from "./migrations/0006-owner.ts";

/** In order; a migration that was released never changes. */
const MIGRATIONS: readonly string[] = [first, members, queue, archives, owner];
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Any number that nothing else in the database takes. */
const LOCK = 7_305_142_026;

/**
 * Brings the database to this version of the schema, in one transaction; processes that start at once wait for each other.
 * Throws Invalid for a database that is newer, or holds something else.
 */
export async function migrate(client: pg.Client, where: string): Promise<void> {
  await client.query("begin");
  try {
    // Held to the end of the transaction: also through a pooler, which hands out connections by transaction.
    await client.query("select pg_advisory_xact_lock($1)", [LOCK]);
    await client.query("create table if not exists squall_schema (version int not null)");
    const { rows } = await client.query<{ version: number }>("select version from squall_schema");
    const version = rows[0]?.version ?? 0;
    if (version > SCHEMA_VERSION) {
      throw new Invalid("store.newer-schema", {
        message: `${where} was written by a newer Squall (schema ${version}, this one knows ${SCHEMA_VERSION}); start that one, or restore a backup`,
      });
    }
    for (const sql of MIGRATIONS.slice(version)) await client.query(sql);
    await client.query(functions);
    if (rows.length === 0) await client.query("insert into squall_schema values ($1)", [SCHEMA_VERSION]);
    else await client.query("update squall_schema set version = $1", [SCHEMA_VERSION]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined); // the connection may be what failed
    throw error;
  }
}
