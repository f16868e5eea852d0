import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Invalid, Unavailable } from "@squall/model";
import type pg from "pg";
import { sqlState } from "./connection.ts";
import { functions } from "./functions.ts";
import { first } from "./migrations/0001-first.ts";
import { members } from "./migrations/0002-members.ts";
import { archives } from "./migrations/0005-archives.ts";
import { queue } from "./migrations/0003-queue.ts";
import { history } from "./migrations/0004-history.ts";

/** Each step is a transaction of its own, so that none holds a lock for long; a migration that was released never changes. */
export interface Migration {
  readonly steps: readonly string[];
  /** Programs of the version before cannot go on working on what it leaves. */
  readonly breaking?: true;
}

/** What a program knows: its version is the number of its migrations. */
export interface Schema {
  readonly migrations: readonly Migration[];
  readonly functions: string;
}

/** In order. Forward only. */
export const SCHEMA: Schema = {
  migrations: [
    { steps: [first] },
    { steps: [members], breaking: true },
    { steps: [queue], breaking: true },
    { steps: history, breaking: true },
    { steps: [archives] },
  ],
  functions,
};

/** Any number that nothing else in the database takes. */
export const SCHEMA_LOCK = 7_305_142_026;
/** A step that waits for others' locks makes all wait that come after it: it lets them pass, and tries again. */
const LOCK_WAIT_MS = 2_000;
const TRIES = 60;
const PAUSE_MS = 500;

/**
 * Where a program's functions are: in a schema of their own, by version and content. So a program that is running goes on with
 * its own while a newer one has brought the database up to date beside it.
 */
export function functionsSchema({ migrations, functions: text }: Schema): string {
  return `squall_v${migrations.length}_${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}

/** SQL that names functions of ours, with the schema in which they are. */
export function qualified(sql: string, schema: string): string {
  return sql.replace(/(?<![\w.])squall_(?=\w+\()/g, `${schema}.squall_`);
}

/**
 * Brings the database to this version of the schema; processes that start at once do it together, each step once. A database that
 * is newer is accepted when the one that made it so says that this version can work on it (which is one step back at most).
 * @throws Invalid `store.newer-schema` for one that is newer than that
 * @throws Unavailable `store.busy` when somebody holds the tables for long
 */
export async function migrate(client: pg.Client, where: string, schema: Schema = SCHEMA): Promise<void> {
  const known = schema.migrations.length;
  let tries = 0;
  for (;;) {
    await client.query("begin");
    try {
      // Held to the end of the transaction: also through a pooler, which hands out connections by transaction.
      await client.query("set local statement_timeout = 0");
      await client.query("select pg_advisory_xact_lock($1)", [SCHEMA_LOCK]);
      await client.query(`set local lock_timeout = ${LOCK_WAIT_MS}`);
      const at = await versionOf(client);
      if (at.oldest > known) {
        throw new Invalid("store.newer-schema", {
          message: `${where} was written by a newer Squall (schema ${at.version}, this one knows ${known}); start that one, or restore a backup`,
        });
      }
      const migration = schema.migrations[at.version];
      const step = migration?.steps[at.step];
      if (migration === undefined || step === undefined) {
        if (at.fresh) await client.query("insert into squall_schema (version) values ($1)", [at.version]);
        await installFunctions(client, schema, at.oldest);
        await client.query("commit");
        return;
      }
      await client.query(step);
      const isLast = at.step + 1 === migration.steps.length;
      const version = isLast ? at.version + 1 : at.version;
      const oldest = Math.max(at.oldest, migration.breaking ? at.version + 1 : at.version);
      await client.query("delete from squall_schema");
      await client.query("insert into squall_schema (version, step, oldest) values ($1, $2, $3)", [
        version,
        isLast ? 0 : at.step + 1,
        oldest,
      ]);
      await client.query("commit");
      tries = 0;
    } catch (error) {
      await client.query("rollback").catch(() => undefined); // the connection may be what failed
      if (sqlState(error) !== "55P03" || ++tries >= TRIES) throw tries >= TRIES ? busy(where, error) : error;
      await delay(PAUSE_MS);
    }
  }
}

interface At {
  readonly version: number;
  /** Of the migration that is under way. */
  readonly step: number;
  /** Programs that know fewer migrations cannot work on it. */
  readonly oldest: number;
  readonly fresh: boolean;
}

async function versionOf(client: pg.Client): Promise<At> {
  await client.query("create table if not exists squall_schema (version int not null)");
  await client.query(
    "alter table squall_schema add column if not exists step int not null default 0, add column if not exists oldest int not null default 0",
  );
  const { rows } = await client.query<Omit<At, "fresh">>("select version, step, oldest from squall_schema");
  const [row] = rows;
  if (row === undefined) return { version: 0, step: 0, oldest: 0, fresh: true };
  // Written before programs said so themselves: one step back, as always.
  return { ...row, oldest: Math.max(row.oldest, row.version - 1), fresh: false };
}

async function installFunctions(client: pg.Client, schema: Schema, oldest: number): Promise<void> {
  const mine = functionsSchema(schema);
  const { rows } = await client.query<{ name: string }>(
    "select nspname as name from pg_namespace where nspname ~ '^squall_v[0-9]+_[0-9a-f]{8}$'",
  );
  if (!rows.some(({ name }) => name === mine)) {
    await client.query(`create schema ${mine}`);
    await client.query(qualified(schema.functions, mine));
  }
  // Nobody can be using those of programs that are too old.
  for (const { name } of rows) {
    const version = Number(/^squall_v(\d+)_/.exec(name)?.[1]);
    if (version < oldest) await client.query(`drop schema ${name} cascade`);
  }
}

function busy(where: string, cause: unknown): Unavailable {
  return new Unavailable("store.busy", {
    message: `${where} could not be brought up to date: somebody holds its tables for long; look in pg_stat_activity for an old transaction (a dump, a forgotten psql), end it, and start again`,
    cause,
  });
}
