import { Invalid } from "@squall/model";
import type { Database } from "./database.ts";
import { first } from "./migrations/0001-first.ts";
import { workflows } from "./migrations/0002-workflows.ts";
import { members } from "./migrations/0003-members.ts";
import { archives } from "./migrations/0005-archives.ts";
import { queue } from "./migrations/0004-queue.ts";
import { history } from "./migrations/0006-history.ts";

/** In order; the version of a schema is how many of these it has seen. Forward only, never edited once released. */
export const migrations: readonly string[] = [first, workflows, members, queue, archives, history];

/** "Sqll": how a database file says that it is one of ours. */
export const APPLICATION_ID = 0x53716c6c;

/** Brings the schema to the newest version. Each step happens whole or not at all. Throws Invalid for foreign or newer files. */
export function migrate(db: Database, steps: readonly string[] = migrations): void {
  const version = pragma(db, "user_version");
  const application = pragma(db, "application_id");
  const empty = db.get("select 1 from sqlite_schema limit 1") === undefined;
  if (!empty && application !== APPLICATION_ID) {
    throw new Invalid("store.foreign-database", {
      message: `${db.file} is an SQLite database of another program; name another data directory`,
    });
  }
  if (version > steps.length) {
    throw new Invalid("store.newer-schema", {
      message: `${db.file} has schema version ${version} and this Squall knows up to ${steps.length}; start the newer Squall that wrote it, or restore a backup made before the upgrade`,
      fields: { version, known: steps.length },
    });
  }
  steps.slice(version).forEach((sql, index) => {
    db.exec("begin immediate");
    try {
      db.exec(sql);
      db.exec(`pragma application_id = ${APPLICATION_ID}`);
      db.exec(`pragma user_version = ${version + index + 1}`);
      db.exec("commit");
    } catch (error) {
      db.rollback();
      throw error;
    }
  });
  // Planner statistics are read when the schema is loaded; this loads those that a migration wrote.
  db.exec("analyze sqlite_schema");
}

function pragma(db: Database, name: "user_version" | "application_id"): number {
  return Number(db.get(`pragma ${name}`)?.[name]);
}
