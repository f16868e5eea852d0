import { randomBytes } from "node:crypto";
import { messageOf } from "@squall/model";
import pg from "pg";

export type Row = Record<string, unknown>;

export interface ConnectOptions {
  /** `postgres://user:password@host:port/database?sslmode=...`; what it leaves out comes from PG* variables. */
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  /** A statement that takes longer is ended by the server, in milliseconds. */
  readonly statementMs: number;
  /** There is a pooler in between, which hands out the server's connections by transaction: nothing can be set or kept on one. */
  readonly pooled?: boolean;
}

/** Longer than any answer of a server that is there. */
const CONNECT_MS = 5_000;

// Times and versions are whole numbers below 2^53; the driver's default for them is text.
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** Longer than the server lets a statement take that it is told to stop. */
const ANSWER_MS = 5_000;

/** What both clients and pools are made with. */
export function clientOptions({ url, name, statementMs, pooled }: ConnectOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_MS,
    ...(pooled
      ? // PgBouncer refuses connections that come with settings.
        { query_timeout: statementMs + ANSWER_MS }
      : { statement_timeout: statementMs, idle_in_transaction_session_timeout: statementMs }),
    keepAlive: true,
    types,
  };
}

/**
 * A connection to begin with, and whether there is a pooler in between. That says itself: by refusing settings, or since the server
 * process that answers is not the one that the connection was told to be with.
 */
export async function connectFirst(options: ConnectOptions): Promise<{ client: pg.Client; pooled: boolean }> {
  const connect = async (pooled: boolean): Promise<pg.Client> => {
    const client = new pg.Client(clientOptions({ ...options, pooled }));
    client.on("error", () => undefined); // the query under way says it
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined); // it was never there
      throw error;
    }
  };
  const refusesSettings = (error: unknown): boolean => /unsupported startup parameter/i.test(messageOf(error));
  let client: pg.Client;
  try {
    client = await connect(false);
  } catch (error) {
    if (!refusesSettings(error)) throw error;
    return { client: await connect(true), pooled: true };
  }
  try {
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    // Cast: the types leave it out; it is what the server said of itself when the connection was made.
    const told = (client as unknown as { readonly processID: number | null }).processID;
    return { client, pooled: rows[0]?.pid !== told };
  } catch (error) {
    await client.end().catch(() => undefined); // it may be what failed
    throw error;
  }
}

/** A name for one connection, by which its server process can be found when the connection broke. */
export function connectionName(purpose: string): string {
  return `squall ${purpose} ${randomBytes(6).toString("hex")}`;
}

/** A statement with `?` in the place of values; prepared once per connection under a name of its text. */
export function prepared(sql: string, values: readonly unknown[], isNamed = true): pg.QueryConfig {
  let known = statements.get(sql);
  if (!known) {
    let n = 0;
    known = { name: `s${statements.size}`, text: sql.replace(/\?/g, () => `$${++n}`) };
    // Filters combine to many texts; those beyond the bound are sent without a name.
    if (statements.size < STATEMENTS) statements.set(sql, known);
    else return { text: known.text, values: [...values] };
  }
  return isNamed ? { ...known, values: [...values] } : { text: known.text, values: [...values] };
}

const STATEMENTS = 400;
const statements = new Map<string, { readonly name: string; readonly text: string }>();

/** Reads, on a few connections. */
export interface Reader {
  all(sql: string, ...values: unknown[]): Promise<Row[]>;
  get(sql: string, ...values: unknown[]): Promise<Row | undefined>;
  end(): Promise<void>;
}

export function createReader(options: ConnectOptions, connections: number, onError: (error: Error) => void): Reader {
  const pool = new pg.Pool({
    ...clientOptions(options),
    max: connections,
    idleTimeoutMillis: 60_000,
    allowExitOnIdle: true,
  });
  pool.on("error", onError); // of an idle connection: the next query opens another one
  const all = async (sql: string, ...values: unknown[]): Promise<Row[]> => {
    // A prepared statement is on one connection of the server, and the next transaction is on another one.
    const query = prepared(sql, values, !options.pooled);
    try {
      return (await pool.query<Row>(query)).rows;
    } catch (error) {
      // Reading twice changes nothing, and a connection that went stale says so only when it is used.
      if (!isDisconnected(error)) throw error;
      return (await pool.query<Row>(query)).rows;
    }
  };
  return {
    all,
    get: async (sql, ...values) => (await all(sql, ...values))[0],
    end: () => pool.end(),
  };
}

/** SQLSTATE of an error of the server; undefined for any other. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Whether the connection is at fault, or the server is going down or not up yet, and not what was asked. */
export function isDisconnected(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return state.startsWith("08") || /^57P0[1-5]$/.test(state);
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  if (code === "ENOENT" && "syscall" in error && error.syscall === "open") return false; // a certificate's file
  return (
    /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)/.test(code) ||
    /connection terminated|timeout (?:expired|exceeded)|Query read timeout|not queryable|closed the connection|Connection ended/i.test(
      error.message,
    )
  );
}
