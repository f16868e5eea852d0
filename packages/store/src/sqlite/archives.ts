import { EXECUTION_STATUSES, isCompleted } from "@squall/model";
import { partsOf } from "../archive-parts.ts";
import type { Database } from "./database.ts";
import type { Groups } from "./group.ts";
import { missing, type Refusal } from "./refusal.ts";

/**
 * Brings the bytes of an archive into the database, each part in a group of its own, so that nobody waits for all of them.
 * They count for nothing until a list keeps them (`archive.keep`).
 */
export async function stageArchive(groups: Groups, digest: string, bytes: Uint8Array): Promise<void> {
  const isThere = await groups.enqueue(
    (db) => db.run("update archive set idle_since = null where digest = ? and kept = 1", digest) > 0,
  );
  if (isThere) return;
  const parts = partsOf(bytes);
  for (const [seq, part] of parts.entries()) {
    await groups.enqueue((db) => {
      // There may be parts that a process which died left behind.
      db.run("insert or replace into archive_part (digest, seq, bytes) values (?, ?, ?)", digest, seq, part);
    });
  }
  await groups.enqueue((db) => {
    db.run(
      `insert into archive (digest, parts, kept) values (?, ?, 0)
      on conflict do update set parts = excluded.parts, idle_since = null where kept = 0`,
      digest,
      parts.length,
    );
  });
}

export function keepArchive(db: Database, digest: string): Refusal | undefined {
  if (db.run("update archive set kept = 1, idle_since = null where digest = ?", digest) > 0) return undefined;
  return missing(`archive ${digest} was forgotten before it was kept`);
}

export function readArchive(db: Database, digest: string): Uint8Array | undefined {
  const about = db.get("select parts from archive where digest = ? and kept = 1", digest);
  if (!about) return undefined;
  const rows = db.all(
    "select bytes from archive_part where digest = ? and seq < ? order by seq",
    digest,
    Number(about["parts"]),
  );
  return Buffer.concat(rows.map((row) => row["bytes"] as unknown as Uint8Array)); // cast: the column holds blobs
}

/** As a member in the JSON of a body: in texts quotes are escaped, so none looks like it. */
const NAMED = `instr(body, '"archive":"' || archive.digest || '"') > 0`;
/** By a pack, or by what an execution that has not ended runs with. */
const IS_NEEDED = `(
  exists (select 1 from resource where kind = 'pack' and ${NAMED})
  or exists (select 1 from execution, snapshot where execution.project in (select name from project)
    and execution.status in (select value from json_each(?)) and snapshot.project = execution.project
    and snapshot.digest = execution.snapshot and ${NAMED}))`;
const UNFINISHED = JSON.stringify(EXECUTION_STATUSES.filter((status) => !isCompleted(status)));

export function forgetArchives(db: Database, idleMs: number, now: number): number {
  db.run(`update archive set idle_since = null where idle_since is not null and ${IS_NEEDED}`, UNFINISHED);
  const removed = db.run("delete from archive where idle_since <= ?", now - idleMs * 1000);
  if (removed > 0) db.run("delete from archive_part where digest not in (select digest from archive)");
  db.run(`update archive set idle_since = ? where idle_since is null and not ${IS_NEEDED}`, now, UNFINISHED);
  return removed;
}
