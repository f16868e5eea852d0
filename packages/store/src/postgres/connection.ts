import { randomBytes } from "node:crypto";
import pg from "pg";

export type Row = Record<string, unknown>;

export interface ConnectOptions {
  /** `postgres://user:password@host:port/database?sslmode=...`; what it leaves out comes from PG* variables. */
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  /** A statement that takes longer is ended by the server, in milliseconds. */
  readonly statementMs: number;
}

/** Longer than any answer of a server that is there. */
const CONNECT_MS = 5_000;

// Times and versions are whole numbers below 2^53; the driver's default for them is text.
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** What both clients and pools are made with. */
export function clientOptions({ url, name, statementMs }: ConnectOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    keepAlive: true,
    types,
  };
}

/** A name for one connection, by which its server process can be found when the connection broke. */
export function connectionName(purpose: string): string {
  return `squall ${purpose} ${randomBytes(6).toString("hex")}`;
}

/** A statement with `?` in the place of values; prepared once per connection under a name of its text. */
export function prepared(sql: string, values: readonly unknown[]): pg.QueryConfig {
  let known = statements.get(sql);
  if (!known) {
    let n = 0;
    known = { name: `s${statements.size}`, text: sql.replace(/\?/g, () => `$${++n}`) };
    // Filters combine to many texts; those beyond the bound are sent without a name.
    if (statements.size < STATEMENTS) statements.set(sql, known);
    else return { text: known.text, values: [...values] };
  }
  return { ...known, values: [...values] };
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
    const query = prepared(sql, values);
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
  return (
    /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)/.test(code) ||
    /connection terminated|timeout (?:expired|exceeded)|not queryable|closed the connection|Connection ended/i.test(
      error.message,
    )
  );
}
