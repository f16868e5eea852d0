import type { Enforcement, Event, EventStatus, JsonObject, OutputChunk, OutputType } from "@squall/model";
import type { EnforcementFilter, EventFilter, Listed, Page, WorkflowHistory } from "../port.ts";
import type { Reader, Row } from "./connection.ts";
import { among, holdsNul, list } from "./listing.ts";
import { bounds, equals, type Term } from "../terms.ts";

const EVENT = "id, project, trigger, trigger_type, status, occurrence_time, trace_tag, payload";
const ENFORCEMENT =
  "id, project, rule_id, rule_ref, rule_uid, trigger_instance, execution, enforced_at, status, failure_reason";

export async function getEvent(db: Reader, project: string, id: string): Promise<Event | undefined> {
  const row = await db.get(`select ${EVENT} from event where project = ? and id = ?`, project, id);
  return row && decodeEvent(row);
}

export function listEvents(db: Reader, project: string, filter: EventFilter, page: Page): Promise<Listed<Event>> {
  return list(
    db,
    {
      table: "event",
      columns: EVENT,
      time: "occurrence_time",
      project,
      terms: [
        ...among("id", filter.ids),
        ...equals({ trigger: filter.trigger, trigger_type: filter.trigger_type }),
        ...bounds("occurrence_time", filter),
      ],
      oneOf: filter.status && [...new Set(filter.status)].map(hasStatus),
      order: filter.order,
      page,
    },
    decodeEvent,
  );
}

/** Nearly every event is processed, so that status walks the list by time; the few others have an index of their own. */
function hasStatus(status: EventStatus): Term {
  if (status === "processed") return { sql: "status = ?", values: [status] };
  return { sql: "status = ? and status <> 'processed'", values: [status] };
}

export async function getEnforcement(db: Reader, project: string, id: string): Promise<Enforcement | undefined> {
  const row = await db.get(`select ${ENFORCEMENT} from enforcement where project = ? and id = ?`, project, id);
  return row && decodeEnforcement(row);
}

export async function listEnforcements(
  db: Reader,
  project: string,
  filter: EnforcementFilter,
  page: Page,
): Promise<Listed<Enforcement>> {
  const { rule_id, rule_ref, trigger_instance, execution } = filter;
  const oneOf = rule_id !== undefined && rule_ref === undefined ? await refsOf(db, project, rule_id) : undefined;
  return list(
    db,
    {
      table: "enforcement",
      columns: ENFORCEMENT,
      time: "enforced_at",
      project,
      terms: [...equals({ rule_id, rule_ref, trigger_instance, execution }), ...bounds("enforced_at", filter)],
      oneOf,
      order: filter.order,
      page,
    },
    decodeEnforcement,
  );
}

/** A rule id had one ref, few if it was renamed: asking by ref uses that index, so that ids need none of their own. */
async function refsOf(db: Reader, project: string, ruleId: string): Promise<Term[]> {
  if (holdsNul(ruleId)) return [];
  const rows = await db.all("select rule_ref from enforcement_rule where project = ? and rule_id = ?", project, ruleId);
  return rows.map((row) => ({ sql: "rule_ref = ?", values: [String(row["rule_ref"])] }));
}

export async function readOutput(
  db: Reader,
  project: string,
  execution: string,
  type: OutputType | undefined,
  afterSeq: number | undefined,
): Promise<OutputChunk[]> {
  const rows = await db.all(
    `select execution, seq, type, timestamp, data from output
    where project = ? and execution = ? and seq > ?${type === undefined ? "" : " and type = ?"} order by seq`,
    project,
    execution,
    afterSeq ?? 0,
    ...(type === undefined ? [] : [type]),
  );
  // Casts: written from the same types.
  return rows.map((row) => ({ ...row, data: JSON.parse(String(row["data"])) as string }) as unknown as OutputChunk);
}

export async function readWorkflow(
  db: Reader,
  project: string,
  execution: string,
  whole: boolean,
): Promise<WorkflowHistory> {
  // In one statement: a state that is kept in between would leave steps out.
  const rows = await db.all(
    `with saved as (select seq, state from workflow_state where project = ? and execution = ?${whole ? " and false" : ""})
    select seq, state, null as step from saved
    union all
    select seq, null, step from workflow_step
    where project = ? and execution = ? and seq > coalesce((select seq from saved), 0)
    order by seq`,
    project,
    execution,
    project,
    execution,
  );
  const kept = rows.find((row) => row["state"] !== null);
  const steps = rows
    .filter((row) => row["step"] !== null)
    .map((row) => ({ seq: Number(row["seq"]), step: JSON.parse(String(row["step"])) as JsonObject }));
  return { ...(kept && { saved: { seq: Number(kept["seq"]), state: String(kept["state"]) } }), steps };
}

// Casts below: the columns hold what encode.ts wrote from the same types.

function decodeEvent(row: Row): Event {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    trigger: row["trigger"] as string,
    trigger_type: row["trigger_type"] as string,
    payload: JSON.parse(String(row["payload"])) as JsonObject,
    occurrence_time: row["occurrence_time"] as number,
    status: row["status"] as EventStatus,
    ...(typeof row["trace_tag"] === "string" && { trace_tag: JSON.parse(row["trace_tag"]) as string }),
  };
}

function decodeEnforcement(row: Row): Enforcement {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    rule: { id: row["rule_id"] as string, ref: row["rule_ref"] as string, uid: row["rule_uid"] as string },
    trigger_instance: row["trigger_instance"] as string,
    enforced_at: row["enforced_at"] as number,
    status: row["status"] as Enforcement["status"],
    ...(typeof row["execution"] === "string" && { execution: row["execution"] }),
    ...(typeof row["failure_reason"] === "string" && { failure_reason: JSON.parse(row["failure_reason"]) as string }),
  };
}
