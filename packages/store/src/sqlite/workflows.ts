import type { JsonObject } from "@squall/model";
import type { WorkflowHistory } from "../port.ts";
import type { Database } from "./database.ts";
import { type Refusal, stale } from "./refusal.ts";

export function appendStep(
  db: Database,
  project: string,
  execution: string,
  seq: number,
  step: JsonObject,
): Refusal | undefined {
  const appended = db.run(
    `insert into workflow_step (project, execution, seq, step)
    select ?1, ?2, ?3, ?4
    where ?3 = 1 + coalesce((select max(seq) from workflow_step where project = ?1 and execution = ?2), 0)`,
    project,
    execution,
    seq,
    JSON.stringify(step),
  );
  if (appended > 0) return undefined;
  return stale(`step ${seq} is not the next one of the workflow of execution ${execution}`);
}

export function saveState(db: Database, project: string, execution: string, seq: number, state: string): void {
  db.run(
    `insert into workflow_state (project, execution, seq, state) values (?, ?, ?, ?)
    on conflict do update set seq = excluded.seq, state = excluded.state where excluded.seq > seq`,
    project,
    execution,
    seq,
    state,
  );
}

export function readWorkflow(db: Database, project: string, execution: string, whole: boolean): WorkflowHistory {
  const kept = whole
    ? undefined
    : db.get("select seq, state from workflow_state where project = ? and execution = ?", project, execution);
  const saved = kept && { seq: Number(kept["seq"]), state: String(kept["state"]) };
  const steps = db
    .all(
      "select seq, step from workflow_step where project = ? and execution = ? and seq > ? order by seq",
      project,
      execution,
      saved?.seq ?? 0,
    )
    // Cast: the column holds nothing but what appendStep wrote.
    .map((row) => ({ seq: Number(row["seq"]), step: JSON.parse(String(row["step"])) as JsonObject }));
  return { ...(saved && { saved }), steps };
}
