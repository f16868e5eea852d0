import pg from "pg";

/** What the database did so far. */
export interface Counts {
  /** Calls from outside: one round trip each. */
  readonly roundTrips: number;
  /** All statements, those inside of functions among them. */
  readonly statements: number;
  readonly transactions: number;
  readonly walBytes: number;
  readonly syncs: number;
}

/** The benchmark's own connection: counts, times, and what executions say of themselves. */
export interface Observer extends AsyncDisposable {
  readonly client: pg.Client;
  /** Counting statements costs some time in the database: only while something is counted. */
  counting(on: boolean): Promise<void>;
  counts(): Promise<Counts>;
  /** Statements that took the most time since `counting`, as text. */
  dearest(limit: number): Promise<string[]>;
  /** Waits until nothing waits or runs any more. */
  idle(): Promise<void>;
  /** Of the executions of an action that were made since: microseconds, all by the clock of this machine. */
  lives(action: string, since: number): Promise<readonly Life[]>;
}

export interface Life {
  /** The number that the request had in its body. */
  readonly n: number;
  readonly requested: number;
  readonly running: number;
  readonly ended: number;
}

export async function observe(url: string): Promise<Observer> {
  const client = new pg.Client({ connectionString: url, application_name: "bench" });
  await client.connect();
  const one = async <T extends object>(sql: string, values: unknown[] = []): Promise<T> =>
    (await client.query(sql, values)).rows[0] as T;
  let hasStatements = false;
  const { preloaded } = await one<{ preloaded: string }>(
    "select current_setting('shared_preload_libraries') as preloaded",
  );
  if (preloaded.includes("pg_stat_statements")) {
    await client.query("create extension if not exists pg_stat_statements");
    hasStatements = true;
  }
  return {
    client,
    async counting(on) {
      if (!hasStatements) return;
      await client.query(`alter system set pg_stat_statements.track = '${on ? "all" : "none"}'`);
      await client.query("select pg_reload_conf()");
      // Each connection hears of it with its next statement.
      await new Promise((resolve) => setTimeout(resolve, 200));
      if (on) await client.query("select pg_stat_statements_reset()");
    },
    async counts() {
      const calls = hasStatements
        ? await one<{ top: string; every: string }>(
            `select coalesce(sum(calls) filter (where toplevel), 0) as top, coalesce(sum(calls), 0) as every from pg_stat_statements
            where dbid = (select oid from pg_database where datname = current_database())`,
          )
        : { top: "NaN", every: "NaN" };
      const { xacts } = await one<{ xacts: string }>(
        "select xact_commit as xacts from pg_stat_database where datname = current_database()",
      );
      const { wal } = await one<{ wal: string }>("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as wal");
      const { syncs } = await one<{ syncs: string }>("select wal_sync as syncs from pg_stat_wal");
      return {
        roundTrips: Number(calls.top),
        statements: Number(calls.every),
        transactions: Number(xacts),
        walBytes: Number(wal),
        syncs: Number(syncs),
      };
    },
    async dearest(limit) {
      if (!hasStatements) return [];
      const { rows } = await client.query<{ calls: string; ms: number; query: string }>(
        `select calls, total_exec_time as ms, regexp_replace(query, '\\s+', ' ', 'g') as query from pg_stat_statements
        order by total_exec_time desc limit $1`,
        [limit],
      );
      return rows.map(
        (row) => `${row.ms.toFixed(0).padStart(7)} ms ${row.calls.padStart(7)} × ${row.query.slice(0, 110)}`,
      );
    },
    async idle() {
      for (;;) {
        const { rows } = await client.query(
          `select 1 from execution where project = 'default'
          and status in ('requested', 'scheduled', 'delayed', 'running') limit 1`,
        );
        if (rows.length === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async lives(action, since) {
      const { rows } = await client.query<{ n: string; log: { status: string; timestamp: number }[] }>(
        `select v.payload::jsonb #>> '{body,n}' as n, e.log from every_execution e join event v on v.project = e.project and v.id = e.trigger_instance
        where e.project = 'default' and e.action = $1 and e.start >= $2`,
        [action, Math.floor(since)],
      );
      const at = (log: { status: string; timestamp: number }[], status: string) =>
        log.find((entry) => entry.status === status)?.timestamp ?? Number.NaN;
      return rows.map(({ n, log }) => ({
        n: Number(n),
        requested: at(log, "requested"),
        running: at(log, "running"),
        ended: log.at(-1)?.timestamp ?? Number.NaN,
      }));
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
