import type { JsonObject } from "@squall/model";
import type { Change, Told } from "../changes.ts";
import type { Database } from "./database.ts";
import { exists, missing, type Refusal } from "./refusal.ts";

export function tell(db: Database, told: Extract<Change, { kind: "workflow.tell" }>): Refusal | undefined {
  const { project, execution, id, shard, event, context } = told;
  const inserted = db.run(
    `insert into told (project, id, execution, shard, event, context) values (?, ?, ?, ?, ?, ?)
    on conflict (project, id) do nothing`,
    project,
    id,
    execution,
    shard,
    JSON.stringify(event),
    context === undefined ? null : JSON.stringify(context),
  );
  return inserted === 0 ? exists(`what is told under ${id} is there already in project ${project}`) : undefined;
}

export function hear(db: Database, project: string, id: string): Refusal | undefined {
  const heard = db.run("delete from told where project = ? and id = ?", project, id);
  return heard === 0 ? missing(`nothing is told under ${id} in project ${project}; it was heard already`) : undefined;
}

export function listTold(db: Database, shards: readonly number[], limit: number): Told[] {
  return db
    .all(
      `select project, id, execution, shard, event, context from told
      where shard in (select value from json_each(?)) order by seq limit ?`,
      JSON.stringify(shards),
      limit,
    )
    .map((row) => ({
      project: String(row["project"]),
      id: String(row["id"]),
      execution: String(row["execution"]),
      shard: Number(row["shard"]),
      // Casts: written by tell.
      event: JSON.parse(String(row["event"])) as JsonObject,
      ...(row["context"] !== null && { context: JSON.parse(String(row["context"])) as JsonObject }),
    }));
}
