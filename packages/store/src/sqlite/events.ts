import type { Event, EventStatus, JsonObject } from "@squall/model";
import type { EventFilter, Listed, Page } from "../port.ts";
import type { Database, Row } from "./database.ts";
import { among, list } from "./listing.ts";
import { bounds, equals } from "../terms.ts";
import { exists, missing, type Refusal, stale } from "./refusal.ts";

const COLUMNS = "id, project, trigger, trigger_type, status, occurrence_time, trace_tag, payload";

export function insertEvent(db: Database, event: Event): Refusal | undefined {
  const inserted = db.run(
    `insert into event (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    event.id,
    event.project,
    event.trigger,
    event.trigger_type,
    event.status,
    event.occurrence_time,
    event.trace_tag ?? null,
    JSON.stringify(event.payload),
  );
  return inserted === 0 ? exists(`event ${event.id} exists already in project ${event.project}`) : undefined;
}

export function moveEvent(
  db: Database,
  project: string,
  id: string,
  from: readonly EventStatus[],
  to: EventStatus,
): Refusal | undefined {
  const moved = db.run(
    `update event set status = ? where project = ? and id = ? and status in (${from.map(() => "?").join(", ")})`,
    to,
    project,
    id,
    ...from,
  );
  if (moved > 0) return undefined;
  const row = db.get("select status from event where project = ? and id = ?", project, id);
  if (!row) return missing(`project ${project} has no event ${id}`);
  return stale(`event ${id} is ${row["status"]}, not ${from.join(" or ") || "anything"}, so it cannot become ${to}`);
}

export function getEvent(db: Database, project: string, id: string): Event | undefined {
  const row = db.get(`select ${COLUMNS} from event where project = ? and id = ?`, project, id);
  return row && decodeEvent(row);
}

export function listEvents(db: Database, project: string, filter: EventFilter, page: Page): Listed<Event> {
  return list(
    db,
    {
      table: "event",
      columns: COLUMNS,
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
function hasStatus(status: EventStatus): { sql: string; values: string[] } {
  if (status === "processed") return { sql: "status = ?", values: [status] };
  return { sql: "status = ? and status <> 'processed'", values: [status] };
}

function decodeEvent(row: Row): Event {
  // Casts: written by insertEvent from the same types.
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    trigger: row["trigger"] as string,
    trigger_type: row["trigger_type"] as string,
    payload: JSON.parse(String(row["payload"])) as JsonObject,
    occurrence_time: row["occurrence_time"] as number,
    status: row["status"] as EventStatus,
    ...(typeof row["trace_tag"] === "string" && { trace_tag: row["trace_tag"] }),
  };
}
