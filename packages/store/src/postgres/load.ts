import pg from "pg";
import { Invalid } from "@squall/model";
import type { DumpRow, DumpTable, Load, StoreSchema, Sums } from "../transfer/port.ts";
import { createSumming } from "../transfer/sums.ts";
import { clientOptions, connectionName, type Row } from "./connection.ts";
import { readTable, refuseCompany, schemaVersion } from "./dump.ts";
import { postgresFailure, withoutPassword } from "./failures.ts";
import { migrate, SCHEMA, SCHEMA_LOCK } from "./migrate.ts";
import { type CarriedTable, carriedTables, COLUMNS, insertsOf, SEQUENCES_THERE, sequenceUpdates } from "./tables.ts";

/**
 * Fills a database in one transaction (T3). `form` is the schema that the rows are in; theirs when they come from PostgreSQL, so
 * that what an earlier Squall wrote is loaded as it was and then brought up to date as it would have been in place. No server
 * may work on the database: Unavailable `store.in-use`.
 */
export async function openPostgresLoad(url: string, form: StoreSchema | undefined): Promise<Load> {
  const where = withoutPassword(url);
  const client = new pg.Client(clientOptions({ url, name: connectionName("load"), statementMs: 0 }));
  client.on("error", () => undefined); // the query under way says it
  try {
    await client.connect();
    await refuseCompany(client, where);
    const newest = SCHEMA.migrations.length;
    const wanted = form?.engine === "postgres" ? form.schema : newest;
    const there = (await schemaVersion(client)) ?? 0;
    if (wanted > newest || there > newest) {
      throw new Invalid("store.newer-schema", {
        message: `${wanted > newest ? "these rows are" : `${where} is`} of schema ${Math.max(wanted, there)}, and this Squall knows up to ${newest}; use the newer Squall that wrote ${wanted > newest ? "them" : "it"}`,
      });
    }
    if (there > wanted) {
      throw new Invalid("store.other-schema", {
        message: `${where} has tables of schema ${there}, and these rows are of schema ${wanted}; name a database without tables (createdb -E UTF8 NAME)`,
      });
    }
    // Tables without rows may stay when it is broken off.
    const isOld = wanted < newest;
    await migrate(client, where, isOld ? { migrations: SCHEMA.migrations.slice(0, wanted), functions: "" } : SCHEMA);
    await client.query("set statement_timeout = 0");
    await client.query("begin");
    // Whoever opens the store meanwhile waits to see its schema.
    await client.query("select pg_advisory_xact_lock($1)", [SCHEMA_LOCK]);
    const tables = carriedTables((await client.query<Row>(COLUMNS)).rows);
    const isEmpty = there === 0 || (await areEmpty(client, tables));
    // What migrations put into the tables is in the rows to come as well.
    if (isEmpty) for (const name of tables.flatMap(({ stored }) => stored)) await client.query(`delete from "${name}"`);
    const indexes = isEmpty ? await dropIndexes(client) : [];
    return createLoad(client, where, { schema: wanted, tables, isEmpty, indexes });
  } catch (error) {
    await client.end().catch(() => undefined); // it may be gone already
    throw postgresFailure(error, where);
  }
}

async function areEmpty(client: pg.Client, tables: readonly CarriedTable[]): Promise<boolean> {
  const any = tables
    .flatMap(({ stored }) => stored)
    .map((name) => `exists (select from "${name}")`)
    .join(" or ");
  const { rows } = await client.query<{ any: boolean }>(`select ${any} as any`);
  return rows[0]?.any === false;
}

/** To be made again when the rows are there, which takes a third of the time. Answers how. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(`
    select c.relname as name, pg_get_indexdef(i.indexrelid) as definition
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    where c.relnamespace = current_schema()::regnamespace and not i.indisunique and not c.relispartition
      and t.relkind in ('r', 'p')`);
  for (const { name } of rows) await client.query(`drop index "${name}"`);
  // Of a partitioned table: for its partitions, too.
  return rows.map(({ definition }) => definition.replace(" ON ONLY ", " ON "));
}

interface Prepared {
  readonly schema: number;
  readonly tables: readonly CarriedTable[];
  readonly isEmpty: boolean;
  readonly indexes: readonly string[];
}

function createLoad(client: pg.Client, where: string, { schema, tables, isEmpty, indexes }: Prepared): Load {
  const doing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw postgresFailure(error, where);
    }
  };
  return {
    engine: "postgres",
    schema,
    where,
    tables: tables.map(({ form }) => form),
    isEmpty,
    write: (form, rows) =>
      doing(async () => {
        const table = tables.find(({ form: { name } }) => name === form.name);
        if (table === undefined) throw new Error(`there is no table ${form.name} to load`);
        refuseNul(table, rows);
        for (const { text, records } of insertsOf(table, rows)) await client.query(text, [records]);
      }),
    sums: (onRows) =>
      doing(async () => {
        const sums: Record<string, Sums[string]> = {};
        for (const table of tables) {
          const summing = createSumming();
          for await (const rows of readTable(client, table)) {
            summing.add(rows);
            onRows?.(table.form.name, summing.total.rows);
          }
          sums[table.form.name] = summing.total;
        }
        return sums;
      }),
    commit: () =>
      doing(async () => {
        for (const definition of indexes) await client.query(definition);
        for (const sql of sequenceUpdates((await client.query<Row>(SEQUENCES_THERE)).rows)) await client.query(sql);
        await client.query("commit");
        if (schema < SCHEMA.migrations.length) await migrate(client, where);
        await client.query("analyze");
      }),
    async [Symbol.asyncDispose]() {
      await client.end().catch(() => undefined); // it may be gone already; what was not committed is undone
    },
  };
}

/** Names that SQLite holds and no text of PostgreSQL can. */
function refuseNul({ columns, form }: Pick<CarriedTable, "columns"> & { form: DumpTable }, rows: readonly DumpRow[]) {
  for (const row of rows) {
    const at = row.findIndex((value, n) => typeof value === "string" && value.includes("\0") && !columns[n]?.quoted);
    if (at < 0) continue;
    throw new Invalid("store.bad-change", {
      message: `a row of ${form.name} has the character NUL in ${form.columns[at]?.name}, which PostgreSQL cannot hold: ${JSON.stringify(row).slice(0, 300)}; delete or rename it first`,
    });
  }
}
