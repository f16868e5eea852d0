import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Invalid, type SquallError, TooMany, Unavailable } from "@squall/model";
import pg from "pg";
import type { Change, Committed } from "../changes.ts";
import {
  clientOptions,
  type ConnectOptions,
  connectionName,
  isDisconnected,
  type Row,
  sqlState,
} from "./connection.ts";
import { encodeList, type EncodedList } from "./encode.ts";
import { badChange, postgresFailure } from "./failures.ts";
import { withNewRows } from "./new-rows.ts";

/**
 * Group commit over one connection: what is asked for while a group is on its way is the next group, in one statement, so
 * the cost per list falls as load rises.
 *
 * P1  Jobs happen in the order in which they were asked for, each list whole or not at all.
 * P2  A group is written under an id of its own. When the connection breaks before the answer, the server's process of
 *     that connection is ended, and then its id says whether the group was committed: nothing is lost, nothing happens
 *     twice.
 * P3  While the server cannot be reached, writing waits for `patienceMs` and is then refused, and what comes next is refused
 *     at once until it can be reached again.
 */
export interface Writer {
  commit(changes: readonly Change[]): Promise<Committed>;
  /** A statement that writes, in its place among the lists. */
  query(query: OnceQuery): Promise<Row[]>;
  /** Why writing fails at present. */
  trouble(): SquallError | undefined;
  close(): Promise<void>;
}

export interface WriterOptions extends Omit<ConnectOptions, "name"> {
  /** Where the functions of this program are. */
  readonly functions: string;
  /** For messages: the server without a password. */
  readonly where: string;
  readonly patienceMs: number;
  /** Of who has the database to itself (owner.ts); absent where many share it. */
  readonly epoch?: number | undefined;
}

/** A statement that happens once, also when its answer is lost on the way (P2). */
export interface OnceQuery {
  /** Writes outcomes to `written_group` under the id that is its last value, when it changed anything. */
  readonly text: string;
  readonly values: readonly unknown[];
  /** Answers the same for what it did, whose outcomes are its one value. */
  readonly again: string;
}

interface ListJob {
  readonly list: EncodedList;
  readonly resolve: (outcome: Committed) => void;
  readonly reject: (error: unknown) => void;
}
interface QueryJob {
  readonly query: OnceQuery;
  readonly resolve: (rows: Row[]) => void;
  readonly reject: (error: unknown) => void;
}
type Job = ListJob | QueryJob;

/** Lists that wait; a process that is this far behind must say so instead of growing. */
const QUEUE = 100_000;
/** Lists and bytes of one group: large groups make all of their callers wait for the last. */
const GROUP_LISTS = 500;
const GROUP_CHANGES = 4_000;
/** Deadlocks with other processes' groups, in which one of both is undone. */
const DEADLOCKS = 10;
const READ_ONLY = "25006";
/** Of the server; one is free again soon, mostly. */
const NO_CONNECTION_LEFT = "53300";
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** Groups between two looks for ids that nobody will ask for any more. */
const TIDY_EVERY = 2_000;
/**
 * After so many lists of this process the tables' statistics are taken. Functions keep the plans that they made while the
 * tables were nearly empty, when every index seemed as good as any, until then; the server's own look comes after a minute.
 */
const ANALYZE_AT = [200, 2_000, 20_000, 200_000];
const ANALYZE = "analyze execution, key, resource";
const WRITTEN = 200_000;

export function createWriter(options: WriterOptions): Writer {
  const write = {
    ...(!options.pooled && { name: "squall-write" }),
    text: `select ${options.functions}.squall_write($1, $2::jsonb, $3, $4) as outcomes`,
  };
  let queue: Job[] = [];
  let client: pg.Client | undefined;
  let name = "";
  let isClosed = false;
  let failing: SquallError | undefined;
  let groups = 0;
  let lists = 0;
  const analyzeAt = [...ANALYZE_AT];
  let busy: Promise<void> | undefined;
  const written = new Set<string>();

  const connect = async (): Promise<pg.Client> => {
    if (client) return client;
    name = connectionName("writer");
    const fresh = new pg.Client(clientOptions({ ...options, name }));
    fresh.on("error", () => {
      if (client === fresh) client = undefined;
    });
    await fresh.connect();
    client = fresh;
    return fresh;
  };
  const drop = (): void => {
    const old = client;
    client = undefined;
    old?.end().catch(() => undefined); // it is broken already
  };

  /** Runs `work` on a connection until the server could be reached, or patience is over. */
  const withServer = async <T>(work: (connection: pg.Client) => Promise<T>): Promise<T> => {
    const until = performance.now() + (failing ? 0 : options.patienceMs);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const done = await work(await connect());
        failing = undefined;
        return done;
      } catch (error) {
        const state = sqlState(error);
        // It is so for the connection's whole life, also when the server may be written to again.
        if (state === READ_ONLY) drop();
        if (!isDisconnected(error) && state !== NO_CONNECTION_LEFT) throw error;
        drop();
        if (performance.now() + pause > until || isClosed) {
          failing = postgresFailure(error, options.where);
          throw failing;
        }
        await delay(pause);
      }
    }
  };

  /** The outcomes of a group that may have been written over the connection called `lost`; undefined if it was not. */
  const outcomesOf = async (connection: pg.Client, id: string, lost: string): Promise<unknown[] | undefined> => {
    for (;;) {
      const { rows } = await connection.query<{ pid: number }>(
        "select pid, pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
        [lost],
      );
      if (rows.length === 0) break;
      await delay(FIRST_PAUSE_MS);
    }
    const { rows } = await connection.query<{ outcomes: unknown[] }>(
      "select outcomes from written_group where id = $1",
      [id],
    );
    return rows[0]?.outcomes;
  };

  const writeGroup = async (jobs: readonly ListJob[], careful: boolean): Promise<unknown[]> => {
    const id = randomUUID();
    const changes = jobs.map(({ list }) => list.changes);
    const lists = JSON.stringify(careful ? changes : withNewRows(changes));
    let lost: string | undefined;
    let deadlocks = 0;
    for (;;) {
      try {
        return await withServer(async (connection) => {
          const found = lost === undefined ? undefined : await outcomesOf(connection, id, lost);
          if (found) return found;
          lost = name;
          const { rows } = await connection.query<{ outcomes: unknown[] }>({
            ...write,
            values: [id, lists, careful, options.epoch ?? null],
          });
          return rows[0]?.outcomes ?? [];
        });
      } catch (error) {
        const state = sqlState(error);
        if ((state !== "40P01" && state !== "40001") || ++deadlocks > DEADLOCKS) throw error;
      }
    }
  };

  const settleGroup = async (jobs: readonly ListJob[]): Promise<void> => {
    let outcomes: unknown[];
    try {
      outcomes = await writeGroup(jobs, false);
    } catch (error) {
      const state = sqlState(error);
      if (state === undefined || !(state === "SQ001" || /^2[23]/.test(state))) {
        const failure = postgresFailure(error, options.where);
        failing ??= failure;
        for (const job of jobs) job.reject(failure);
        return;
      }
      // Some list is refused or faulty: once more, each list for itself.
      try {
        outcomes = await writeGroup(jobs, true);
      } catch (second) {
        const failure = postgresFailure(second, options.where);
        for (const job of jobs) job.reject(failure);
        return;
      }
    }
    jobs.forEach((job, n) => settleJob(job, outcomes[n]));
  };

  const settleJob = ({ list, resolve, reject }: ListJob, outcome: unknown): void => {
    if (outcome === undefined || outcome === null) {
      if (written.size > WRITTEN) written.clear();
      for (const one of list.once) written.add(one);
      resolve({ ok: true });
      return;
    }
    // Cast: made by squall_write.
    const said = outcome as
      | { reason: "exists" | "missing" | "stale"; index: number; message: string }
      | { fault: string };
    if ("fault" in said) reject(badChange(new Error(said.fault)));
    else resolve({ ok: false, ...said });
  };

  const settleQuery = async ({ query, resolve, reject }: QueryJob): Promise<void> => {
    const id = randomUUID();
    let lost: string | undefined;
    try {
      const rows = await withServer(async (connection) => {
        const found = lost === undefined ? undefined : await outcomesOf(connection, id, lost);
        if (found) return (await connection.query<Row>(query.again, [JSON.stringify(found)])).rows;
        lost = name;
        return (await connection.query<Row>(query.text, [...query.values, id])).rows;
      });
      resolve(rows);
    } catch (error) {
      reject(postgresFailure(error, options.where));
    }
  };

  const work = async (): Promise<void> => {
    // The rest of this turn's jobs belong to the first group.
    await new Promise(setImmediate);
    while (queue.length > 0) {
      const [first] = queue;
      if (first && "query" in first) {
        queue.shift();
        await settleQuery(first);
        continue;
      }
      const jobs: ListJob[] = [];
      let changes = 0;
      for (const job of queue) {
        if ("query" in job || jobs.length >= GROUP_LISTS || changes >= GROUP_CHANGES) break;
        jobs.push(job);
        changes += job.list.changes.length;
      }
      queue = queue.slice(jobs.length);
      await settleGroup(jobs);
      lists += jobs.length;
      if (lists >= (analyzeAt[0] ?? Number.POSITIVE_INFINITY)) {
        analyzeAt.shift();
        // Plans may be slower without; the server will look by itself.
        await client?.query(ANALYZE).catch(() => undefined);
      }
      if (++groups % TIDY_EVERY === 0) {
        // What nobody asks for any more; it is tried again later if it fails now.
        await client
          ?.query("delete from written_group where at < now() - interval '10 minutes'")
          .catch(() => undefined);
      }
    }
    // In the same turn as the last look at the queue, so that no job comes in between.
    busy = undefined;
  };

  const add = (job: Job): void => {
    if (isClosed) {
      job.reject(new Unavailable("store.closed", { message: `the store ${options.where} is closed` }));
    } else if (queue.length >= QUEUE) {
      const message = `${QUEUE} writes to ${options.where} are waiting already; slow down, or look at its load`;
      job.reject(new TooMany("store.queue-full", { message }));
    } else {
      queue.push(job);
      busy ??= work();
    }
  };

  return {
    commit: (changes) =>
      new Promise((resolve, reject) => {
        let list: EncodedList;
        try {
          list = encodeList(changes, written);
        } catch (error) {
          reject(error instanceof Invalid ? error : badChange(error));
          return;
        }
        add({ list, resolve, reject });
      }),
    query: (query) => new Promise((resolve, reject) => add({ query, resolve, reject })),
    trouble: () => failing,
    async close() {
      // What was asked for until now is still written.
      await busy;
      isClosed = true;
      await client?.end().catch(() => undefined); // it may be gone already
      client = undefined;
    },
  };
}
