import { mkdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { microsNow, Unavailable } from "@squall/model";
import type { Installation, Store } from "../port.ts";
import { createTurns } from "../turns.ts";
import * as accounts from "./accounts.ts";
import * as claims from "./claims.ts";
import { forgetArchives, readArchive, stageArchive } from "./archives.ts";
import { type Database, openDatabase } from "./database.ts";
import { getEnforcement, listEnforcements } from "./enforcements.ts";
import { getEvent, listEvents } from "./events.ts";
import * as executions from "./executions.ts";
import { storeFailure } from "./failures.ts";
import { createForget } from "./forget.ts";
import { createGroups, type Groups } from "./group.ts";
import { expiredKeys, getKey, listKeys } from "./keys.ts";
import { lockDirectory } from "./lock.ts";
import { beat, createMembers, listMembers, listSingletons } from "./members.ts";
import { migrate } from "./migrate.ts";
import { readOutput } from "./output.ts";
import { contentSince, getSnapshots, listResources } from "./resources.ts";
import { listTimers } from "./timers.ts";
import { listTold } from "./told.ts";
import { readWorkflow } from "./workflows.ts";

export interface SqliteStoreOptions {
  /** Holds `squall.db` and its lock; made, for its owner alone, if it is not there. One that is there keeps its mode. */
  readonly directory: string;
  /** Memory for database pages. Default 16 MiB. */
  readonly cacheBytes?: number;
  /** How long to wait, with everything else, for another program that has the file locked. Default 1,000. */
  readonly busyTimeoutMs?: number;
  /** The file may not grow beyond this many pages of 4,096 bytes. Default: as far as the disk goes. */
  readonly maxPages?: number;
}

/**
 * Opens the embedded store. One process at a time may have a directory: a second one gets Unavailable `store.in-use`.
 * Throws Invalid for files that are no database of ours or are newer than this code, and Unavailable where the disk
 * does not let it; messages say what to do.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const directory = resolve(options.directory);
  const file = join(directory, "squall.db");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = lockDirectory(directory);
    try {
      const db = openDatabase(file, {
        cacheBytes: options.cacheBytes ?? 16 << 20,
        busyTimeoutMs: options.busyTimeoutMs ?? 1000,
        ...(options.maxPages !== undefined && { maxPages: options.maxPages }),
      });
      try {
        migrate(db);
        createMembers(db);
        return createStore(db, createGroups(db), lock.release);
      } catch (error) {
        db.close();
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw storeFailure(error, file);
  }
}

function createStore(db: Database, groups: Groups, release: () => void): Store {
  const forget = createForget(db);
  const turns = createTurns();
  let isClosed = false;
  // S5: writes end within one turn on this connection, so a read is never between two halves.
  const read = async <T>(query: () => T): Promise<T> => {
    if (isClosed) throw new Unavailable("store.closed", { message: `the store ${db.file} is closed` });
    try {
      return query();
    } catch (error) {
      throw storeFailure(error, db.file);
    }
  };
  return {
    exclusive: true,
    commit: (changes) => {
      const archives = changes.filter((change) => change.kind === "archive.keep");
      if (archives.length === 0) return groups.commit(changes);
      return Promise.all(archives.map(({ digest, bytes }) => stageArchive(groups, digest, bytes))).then(() =>
        groups.commit(changes),
      );
    },

    // Of no group: members are in memory, and wait for no disk.
    beat: (member) => read(() => beat(db, member, Date.now() * 1000)),
    members: () => read(() => listMembers(db)),
    singletons: () => read(() => listSingletons(db)),
    installation: (offered) => groups.enqueue(() => installation(db, offered)),

    resources: (project, kind) => read(() => listResources(db, project, kind)),
    contentSince: (revision) => read(() => contentSince(db, revision)),
    snapshot: (project, digest) => read(() => getSnapshots(db, project, [digest]).get(digest)),
    snapshots: (project, digests) => read(() => getSnapshots(db, project, digests)),

    execution: (project, id) => read(() => executions.getExecution(db, project, id)),
    executions: (project, filter, page) => read(() => executions.listExecutions(db, project, filter, page)),
    childIds: (project, parents) => read(() => executions.childIds(db, project, parents)),
    executionValues: (project, field) => read(() => executions.executionValues(db, project, field)),
    claim: (ask) =>
      groups.enqueue(() => {
        const claimed = claims.claimExecutions(db, ask, turns.last(ask.lane));
        turns.took(ask, claimed);
        return claimed;
      }),
    waiting: (most) => read(() => claims.waiting(db, most)),
    nextDue: (lane, after) => read(() => claims.nextDue(db, lane, after)),
    lostExecutions: (limit) => read(() => executions.lostExecutions(db, limit)),
    workflow: (project, execution, whole = false) => read(() => readWorkflow(db, project, execution, whole)),
    told: (shards, limit) => read(() => listTold(db, shards, limit)),
    output: (project, execution, type, afterSeq) => read(() => readOutput(db, project, execution, type, afterSeq)),

    event: (project, id) => read(() => getEvent(db, project, id)),
    events: (project, filter, page) => read(() => listEvents(db, project, filter, page)),
    enforcement: (project, id) => read(() => getEnforcement(db, project, id)),
    enforcements: (project, filter, page) => read(() => listEnforcements(db, project, filter, page)),

    key: (project, scope, user, name, now) => read(() => getKey(db, project, scope, user, name, now)),
    keys: (project, filter, page, now) => read(() => listKeys(db, project, filter, page, now)),
    expiredKeys: (now, limit) => read(() => expiredKeys(db, now, limit)),
    timers: (project) => read(() => listTimers(db, project)),

    user: (project, name) => read(() => accounts.getUser(db, project, name)),
    users: (project) => read(() => accounts.listUsers(db, project)),
    tokenByHash: (hash) => read(() => accounts.tokenByHash(db, hash)),
    expiredTokens: (now, limit) => read(() => accounts.expiredTokens(db, now, limit)),
    apiKey: (project, id) => read(() => accounts.getApiKey(db, project, id)),
    apiKeyByHash: (hash) => read(() => accounts.apiKeyByHash(db, hash)),
    apiKeys: (project, page) => read(() => accounts.listApiKeys(db, project, page)),

    forget: (ask) => groups.enqueue(() => forget(ask)),
    archive: (digest) => read(() => readArchive(db, digest)),
    forgetArchives: (idleMs) => groups.enqueue(() => forgetArchives(db, idleMs, microsNow())),

    projects: () => read(() => db.all("select name from project order by name").map((row) => String(row["name"]))),
    describe: () =>
      read(() => {
        const trouble = groups.trouble();
        if (trouble) throw trouble;
        return describe(db);
      }),

    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      groups.close();
      isClosed = true;
      try {
        db.close(); // the last connection: SQLite moves the WAL into the database and removes it
      } finally {
        release();
      }
    },
  };
}

/** What is kept of the first offer. */
function installation(db: Database, { id, seal }: Installation): Installation {
  db.run("insert or ignore into installation (one, id, seal) values (1, ?, ?)", id, seal);
  const kept = db.get("select id, seal from installation");
  return { id: String(kept?.["id"]), seal: String(kept?.["seal"]) };
}

function describe(db: Database): Record<string, unknown> {
  const pragma = (name: string): number => Number(Object.values(db.get(`pragma ${name}`) ?? {})[0]);
  const pageBytes = pragma("page_size");
  return {
    engine: "sqlite",
    engine_version: db.get("select sqlite_version() as version")?.["version"],
    directory: dirname(db.file),
    file: basename(db.file),
    schema_version: pragma("user_version"),
    bytes: pragma("page_count") * pageBytes,
    free_bytes: pragma("freelist_count") * pageBytes,
    journal_mode: db.get("pragma journal_mode")?.["journal_mode"],
    synchronous: pragma("synchronous"),
    wal_bytes: statSync(`${db.file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
  };
}
