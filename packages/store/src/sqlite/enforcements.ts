import type { Enforcement } from "@squall/model";
import type { EnforcementFilter, Listed, Page } from "../port.ts";
import type { Database, Row } from "./database.ts";
import { list } from "./listing.ts";
import { bounds, equals, type Term } from "../terms.ts";
import { exists, type Refusal } from "./refusal.ts";

const COLUMNS = `id, project, rule_id, rule_ref, rule_uid, trigger_instance, execution, enforced_at, status, failure_reason`;

export function insertEnforcement(db: Database, enforcement: Enforcement): Refusal | undefined {
  const { id, project, rule } = enforcement;
  const inserted = db.run(
    `insert into enforcement (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    id,
    project,
    rule.id,
    rule.ref,
    rule.uid,
    enforcement.trigger_instance,
    enforcement.execution ?? null,
    enforcement.enforced_at,
    enforcement.status,
    enforcement.failure_reason ?? null,
  );
  if (inserted === 0) return exists(`enforcement ${id} exists already in project ${project}`);
  if (db.isNew("enforcement_rule", project, rule.id, rule.ref)) {
    db.run("insert or ignore into enforcement_rule values (?, ?, ?)", project, rule.id, rule.ref);
  }
  return undefined;
}

export function getEnforcement(db: Database, project: string, id: string): Enforcement | undefined {
  const row = db.get(`select ${COLUMNS} from enforcement where project = ? and id = ?`, project, id);
  return row && decodeEnforcement(row);
}

export function listEnforcements(
  db: Database,
  project: string,
  filter: EnforcementFilter,
  page: Page,
): Listed<Enforcement> {
  const { rule_id, rule_ref, trigger_instance, execution } = filter;
  return list(
    db,
    {
      table: "enforcement",
      columns: COLUMNS,
      time: "enforced_at",
      project,
      terms: [...equals({ rule_id, rule_ref, trigger_instance, execution }), ...bounds("enforced_at", filter)],
      oneOf: rule_id !== undefined && rule_ref === undefined ? refsOf(db, project, rule_id) : undefined,
      order: filter.order,
      page,
    },
    decodeEnforcement,
  );
}

/** A rule id had one ref, few if it was renamed: asking by ref uses that index, so that ids need none of their own. */
function refsOf(db: Database, project: string, ruleId: string): Term[] {
  return db
    .all("select rule_ref from enforcement_rule where project = ? and rule_id = ?", project, ruleId)
    .map((row) => ({ sql: "rule_ref = ?", values: [String(row["rule_ref"])] }));
}

function decodeEnforcement(row: Row): Enforcement {
  // Casts: written by insertEnforcement from the same types.
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    rule: { id: row["rule_id"] as string, ref: row["rule_ref"] as string, uid: row["rule_uid"] as string },
    trigger_instance: row["trigger_instance"] as string,
    enforced_at: row["enforced_at"] as number,
    status: row["status"] as Enforcement["status"],
    ...(typeof row["execution"] === "string" && { execution: row["execution"] }),
    ...(typeof row["failure_reason"] === "string" && { failure_reason: row["failure_reason"] }),
  };
}
