import pg from "pg";
import { NotFound, Unavailable } from "@squall/model";
import { BATCH_CHARACTERS, BATCH_ROWS } from "../transfer/batch.ts";
import type { Dump, DumpRow, DumpTable } from "../transfer/port.ts";
import { clientOptions, connectionName, type Row } from "./connection.ts";
import { postgresFailure, withoutPassword } from "./failures.ts";
import { OWNER_LOCK } from "./owner.ts";
import { type CarriedTable, carriedTables, COLUMNS, rowOf, selected, sized, sourceOf } from "./tables.ts";

/**
 * Looks at a database in one transaction that reads only, whether or not servers work on it. With `alone` none may: then it
 * throws Unavailable `store.in-use`. NotFound `store.no-database` when Squall was never there.
 */
export async function openPostgresDump(url: string, alone: boolean): Promise<Dump> {
  const where = withoutPassword(url);
  const client = new pg.Client(clientOptions({ url, name: connectionName("dump"), statementMs: 0 }));
  client.on("error", () => undefined); // the query under way says it
  try {
    await client.connect();
    if (alone) await refuseCompany(client, where);
    // Before the transaction, which would keep a lock on it that servers that start wait for.
    const schema = await schemaVersion(client);
    await client.query("begin isolation level repeatable read, read only"); // T1
    if (schema === undefined) {
      throw new NotFound("store.no-database", {
        message: `${where} holds nothing of Squall's; name the database that the server uses`,
      });
    }
    const tables = carriedTables((await client.query<Row>(COLUMNS)).rows);
    return createDump(client, where, schema, tables);
  } catch (error) {
    await client.end().catch(() => undefined); // it may be gone already
    throw postgresFailure(error, where);
  }
}

/** Undefined where Squall was never. */
export async function schemaVersion(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ there: boolean }>("select to_regclass('squall_schema') is not null as there");
  if (!rows[0]?.there) return undefined;
  return (await client.query<{ version: number }>("select version from squall_schema")).rows[0]?.version;
}

/**
 * Refuses while a process has the database to itself, or members of a cluster have said within these seconds that they are there.
 * Until the connection ends whoever wants the database to itself says that it is in use.
 */
export async function refuseCompany(client: pg.Client, where: string): Promise<void> {
  const inUse = (by: string) =>
    new Unavailable("store.in-use", { message: `${where} is in use by ${by}; stop that first, and try again` });
  const lock = await client.query<{ got: boolean }>("select pg_try_advisory_lock($1) as got", [OWNER_LOCK]);
  if (!lock.rows[0]?.got) throw inUse("another Squall");
  const { rows } = await client.query<{ there: boolean }>("select to_regclass('member') is not null as there");
  if (!rows[0]?.there) return;
  const members = await client.query<{ id: string }>(
    "select id from member where seen > (extract(epoch from clock_timestamp()) - $1) * 1000000 order by id",
    [PRESENT_SECONDS],
  );
  if (members.rows.length > 0) throw inUse(`members of a cluster (${members.rows.map(({ id }) => id).join(", ")})`);
}

/** Members say it every second and a half, and are taken for dead after six. */
const PRESENT_SECONDS = 8;

function createDump(client: pg.Client, where: string, schema: number, tables: readonly CarriedTable[]): Dump {
  const find = ({ name }: DumpTable): CarriedTable => {
    const found = tables.find(({ form }) => form.name === name);
    if (found === undefined) throw new Error(`there is no table ${name} to dump`);
    return found;
  };
  return {
    engine: "postgres",
    schema,
    where,
    tables: tables.map(({ form }) => form),
    async count(table) {
      try {
        return await countRows(client, find(table));
      } catch (error) {
        throw postgresFailure(error, where);
      }
    },
    async *rows(table) {
      try {
        yield* readTable(client, find(table));
      } catch (error) {
        throw postgresFailure(error, where);
      }
    },
    async [Symbol.asyncDispose]() {
      await client.end().catch(() => undefined); // it may be gone already; the transaction read only
    },
  };
}

export async function countRows(client: pg.Client, table: CarriedTable): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`select count(*) as n from ${sourceOf(table)}`);
  return Number(rows[0]?.n);
}

/**
 * Two cursors walk the table side by side: the first learns how wide the next rows are, so that the second is never asked for
 * more of them than fit into memory (T2).
 */
export async function* readTable(client: pg.Client, table: CarriedTable): AsyncGenerator<readonly DumpRow[]> {
  const order = table.key.map((column) => `"${column}"`).join(", ");
  const ordered = `from ${sourceOf(table)}${order && ` order by ${order}`}`;
  await client.query(`declare widths no scroll cursor for select ${sized(table)} as width ${ordered}`);
  await client.query(`declare walk no scroll cursor for select ${selected(table)} ${ordered}`);
  try {
    for (;;) {
      const { rows: widths } = await client.query<{ width: number }>(`fetch ${BATCH_ROWS} from widths`);
      if (widths.length === 0) break;
      for (let at = 0; at < widths.length; ) {
        let [count, weight] = [0, 0];
        while (at + count < widths.length && (count === 0 || weight < BATCH_CHARACTERS)) {
          weight += widths[at + count]?.width ?? 0;
          count += 1;
        }
        const { rows } = await client.query<Row>(`fetch ${count} from walk`);
        yield rows.map((row) => rowOf(table, row));
        at += count;
      }
    }
  } finally {
    // Whoever reads may leave before the end and come again; in a transaction that failed there is nothing to close.
    await client.query("close widths; close walk").catch(() => undefined);
  }
}
