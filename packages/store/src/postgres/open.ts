import type pg from "pg";
import { Invalid, Unavailable } from "@squall/model";
import type { Change } from "../changes.ts";
import type { Store } from "../port.ts";
import { createTurns } from "../turns.ts";
import { forgetArchivesIn, readArchive, stageArchive } from "./archives.ts";
import { connectFirst, connectionName, createReader, type Reader } from "./connection.ts";
import * as content from "./content.ts";
import * as executions from "./executions.ts";
import { postgresFailure, readOnly, withoutPassword } from "./failures.ts";
import { gather } from "./gather.ts";
import * as history from "./history.ts";
import { holdsNul } from "./listing.ts";
import { type Owner, takeOwnership } from "./owner.ts";
import { functionsSchema, migrate, type Schema, SCHEMA } from "./migrate.ts";
import { forget } from "./retention.ts";
import * as members from "./members.ts";
import { createWriter } from "./writer.ts";

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database?sslmode=verify-full`; what it leaves out comes from PG* variables. */
  readonly url: string;
  /** Take the database for this process alone. Default true; false where many processes share it. */
  readonly exclusive?: boolean;
  /** Connections that read; one more writes. Default 8. */
  readonly connections?: number;
  /** A statement may take this long. Default 30,000 ms. */
  readonly statementMs?: number;
  /** How long a write waits for a server that cannot be reached. Default 10,000 ms. */
  readonly patienceMs?: number;
  /** What the program knows. Default: what this one does; tests open as an older or newer one. */
  readonly schema?: Schema;
}

/** A beat that takes longer is none. */
const BEAT_MS = 3_000;

/**
 * Opens the store on PostgreSQL 13 or newer and brings its schema up to date. Throws Unavailable where the server does not
 * let it, and Invalid for a newer schema; messages say what to do, and hold no password.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url } = options;
  const where = withoutPassword(url);
  const schema = options.schema ?? SCHEMA;
  const functions = functionsSchema(schema);
  const statementMs = options.statementMs ?? 30_000;
  let pooled = false;
  let starter: pg.Client | undefined;
  try {
    ({ client: starter, pooled } = await connectFirst({ url, name: connectionName("start"), statementMs }));
    if (pooled && options.exclusive !== false) throw needsItsOwn(where);
    await migrate(starter, where, schema);
  } catch (error) {
    throw postgresFailure(error, where);
  } finally {
    await starter?.end().catch(() => undefined); // it may be what failed
  }
  const connecting = { url, statementMs, pooled };
  const owner: Owner | undefined =
    options.exclusive === false ? undefined : await takeOwnership({ url, statementMs }, where);
  // An idle connection that broke is replaced by the next read, which says whether the server is there.
  const db = createReader({ ...connecting, name: "squall reader" }, options.connections ?? 8, () => undefined);
  const writer = createWriter({
    ...connecting,
    where,
    functions,
    patienceMs: options.patienceMs ?? 10_000,
    epoch: owner?.epoch,
  });
  const turns = createTurns();
  const heart = createReader(
    { ...connecting, name: "squall beat", statementMs: BEAT_MS },
    1,
    () => undefined, // the next one says it
  );
  const beats = members.createBeats(heart, functions, owner?.epoch);
  let isClosed = false;

  const read = async <T>(query: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new Unavailable("store.closed", { message: `the store ${where} is closed` });
    try {
      return await query();
    } catch (error) {
      throw postgresFailure(error, where);
    }
  };
  /** For look-ups by a text from outside: what the server would not take is not there. */
  const lookUp = async <T>(text: string, query: () => Promise<T | undefined>): Promise<T | undefined> =>
    holdsNul(text) ? undefined : read(query);

  const stage = async (archives: readonly Extract<Change, { kind: "archive.keep" }>[]): Promise<void> => {
    for (const { digest, bytes } of archives) {
      await read(() => stageArchive(db, connecting, digest, bytes));
    }
  };

  const execution = gather((project, ids) => executions.getExecutions(db, project, ids));

  return {
    exclusive: owner !== undefined,
    commit: (changes) => {
      const archives = changes.filter((change) => change.kind === "archive.keep");
      return archives.length === 0 ? writer.commit(changes) : stage(archives).then(() => writer.commit(changes));
    },

    beat: (member) => read(() => beats.beat(member)),
    members: () => read(() => members.listMembers(db)),
    singletons: () => read(() => members.listSingletons(db)),
    installation: (offered) => read(() => members.installation(db, offered)),

    resources: (project, kind) => read(() => content.listResources(db, project, kind)),
    contentSince: (revision) => read(() => content.contentSince(db, revision)),
    snapshot: (project, digest) => read(async () => (await content.getSnapshots(db, project, [digest])).get(digest)),
    snapshots: (project, digests) => read(() => content.getSnapshots(db, project, digests)),

    execution: (project, id) => lookUp(id, () => execution(project, id)),
    executions: (project, filter, page) => read(() => executions.listExecutions(db, project, filter, page)),
    childIds: (project, parents) => read(() => executions.childIds(db, project, parents)),
    executionValues: (project, field) => read(() => executions.executionValues(db, project, field)),
    async claim(ask) {
      if (ask.limit <= 0) return [];
      const claimed = await executions.claimExecutions(writer, functions, ask, turns.last(ask.lane), owner?.epoch);
      turns.took(ask, claimed);
      return claimed;
    },
    waiting: (most) => read(() => executions.waiting(db, functions, most)),
    nextDue: (lane, after) => read(() => executions.nextDue(db, lane, after)),
    lostExecutions: (limit) => read(() => executions.lostExecutions(db, limit)),
    workflow: (project, execution, whole = false) => read(() => history.readWorkflow(db, project, execution, whole)),
    told: (shards, limit) => read(() => members.listTold(db, shards, limit)),
    output: (project, execution, type, afterSeq) =>
      read(() =>
        holdsNul(execution) ? Promise.resolve([]) : history.readOutput(db, project, execution, type, afterSeq),
      ),

    event: (project, id) => lookUp(id, () => history.getEvent(db, project, id)),
    events: (project, filter, page) => read(() => history.listEvents(db, project, filter, page)),
    enforcement: (project, id) => lookUp(id, () => history.getEnforcement(db, project, id)),
    enforcements: (project, filter, page) => read(() => history.listEnforcements(db, project, filter, page)),

    key: (project, scope, user, name, now) => read(() => content.getKey(db, project, scope, user, name, now)),
    keys: (project, filter, page, now) => read(() => content.listKeys(db, project, filter, page, now)),
    expiredKeys: (now, limit) => read(() => content.expiredKeys(db, now, limit)),
    timers: (project) => read(() => content.listTimers(db, project)),

    user: (project, name) => read(() => content.getUser(db, project, name)),
    users: (project) => read(() => content.listUsers(db, project)),
    tokenByHash: (hash) => lookUp(hash, () => content.tokenByHash(db, hash)),
    expiredTokens: (now, limit) => read(() => content.expiredTokens(db, now, limit)),
    apiKey: (project, id) => read(() => content.getApiKey(db, project, id)),
    apiKeyByHash: (hash) => lookUp(hash, () => content.apiKeyByHash(db, hash)),
    apiKeys: (project, page) => read(() => content.listApiKeys(db, project, page)),

    forget: (ask) => read(() => forget(connecting, ask)),
    archive: (digest) => lookUp(digest, () => readArchive(db, digest)),
    // Not in order with commits: what it removes nothing has named for long.
    forgetArchives: (idleMs) =>
      read(async () => Number((await db.get(forgetArchivesIn(functions), idleMs, owner?.epoch ?? null))?.["removed"])),

    projects: () =>
      read(async () => (await db.all("select name from project order by name")).map((row) => String(row["name"]))),
    describe: () =>
      read(async () => {
        // Nobody else may write, now that it is known not to work: an empty group tells when it does again.
        if (writer.trouble()) await writer.commit([]);
        return { ...(await describe(db, where, schema.migrations.length)), pooled };
      }),

    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      await writer.close();
      await owner?.[Symbol.asyncDispose]();
      isClosed = true;
      await heart.end();
      await db.end();
    },
  };
}

function needsItsOwn(where: string): Invalid {
  return new Invalid("store.pooled", {
    message: `${where} is behind a pooler (PgBouncer), where no process can have a database to itself: the lock for that is on a connection of its own. Name the PostgreSQL server itself, or start as a member of a cluster (--bus)`,
  });
}

async function describe(db: Reader, where: string, version: number): Promise<Record<string, unknown>> {
  const row = await db.get(
    `select current_setting('server_version') as version, current_database() as database,
      current_setting('transaction_read_only') = 'on' as read_only,
      pg_database_size(current_database()) as bytes, current_setting('synchronous_commit') as synchronous_commit,
      (select count(*) from pg_stat_activity where datname = current_database()) as connections`,
  );
  if (row?.["read_only"]) throw readOnly(where);
  return {
    engine: "postgres",
    engine_version: row?.["version"],
    server: where,
    schema_version: version,
    bytes: row?.["bytes"],
    connections: row?.["connections"],
    synchronous_commit: row?.["synchronous_commit"],
  };
}
