import type { TimerState } from "@squall/model";
import type { Database } from "./database.ts";
import { checkVersion, missing, type Refusal } from "./refusal.ts";

export function putTimer(db: Database, timer: TimerState, expect: number | undefined): Refusal | undefined {
  const { project, trigger } = timer;
  const found = db.get("select version from timer where project = ? and trigger = ?", project, trigger);
  const version = found && Number(found["version"]);
  const refused = checkVersion(`timer of trigger ${trigger} (project ${project})`, version, expect);
  if (refused) return refused;
  db.run(
    `insert into timer (project, trigger, last, next, version) values (?, ?, ?, ?, ?)
    on conflict (project, trigger) do update set last = excluded.last, next = excluded.next, version = excluded.version`,
    project,
    trigger,
    timer.last,
    timer.next ?? null,
    (version ?? 0) + 1,
  );
  return undefined;
}

export function deleteTimer(db: Database, project: string, trigger: string): Refusal | undefined {
  const deleted = db.run("delete from timer where project = ? and trigger = ?", project, trigger);
  return deleted === 0 ? missing(`project ${project} has no timer of trigger ${trigger}`) : undefined;
}

export function listTimers(db: Database, project: string): TimerState[] {
  return db
    .all("select project, trigger, last, next, version from timer where project = ? order by trigger", project)
    .map((row) => ({
      // Casts: written by putTimer from the same types.
      project: row["project"] as string,
      trigger: row["trigger"] as string,
      last: row["last"] as number,
      version: row["version"] as number,
      ...(typeof row["next"] === "number" && { next: row["next"] }),
    }));
}
