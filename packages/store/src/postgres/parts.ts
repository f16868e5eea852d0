/**
 * The tables of the history, each in parts by ranges of `key`. The parts of all of them have the same ranges, which stand in
 * the table `history_part`.
 */
export interface PartsTable {
  readonly table: string;
  /** The id by whose time a row belongs to a part. */
  readonly key: "id" | "execution";
  readonly primary: string;
  readonly indexes: readonly { readonly name: string; readonly on: string }[];
}

export const PARTS_TABLES: readonly PartsTable[] = [
  {
    table: "ended_execution",
    key: "id",
    primary: "project, id",
    indexes: [
      { name: "execution_by_start", on: "(project, start, id)" },
      { name: "execution_by_action", on: "(project, action, start, id)" },
      { name: "execution_by_status", on: "(project, status, start, id)" },
      { name: "execution_by_parent", on: "(project, parent, start, id)" },
      { name: "execution_by_rule", on: "(project, rule, start, id) where rule is not null" },
      { name: "execution_by_event", on: "(project, trigger_instance) where trigger_instance is not null" },
    ],
  },
  {
    table: "event",
    key: "id",
    primary: "project, id",
    indexes: [
      { name: "event_by_time", on: "(project, occurrence_time, id)" },
      { name: "event_by_type", on: "(project, trigger_type, occurrence_time, id)" },
      { name: "event_unprocessed", on: "(project, status, occurrence_time, id) where status <> 'processed'" },
    ],
  },
  {
    table: "enforcement",
    key: "id",
    primary: "project, id",
    indexes: [
      { name: "enforcement_by_time", on: "(project, enforced_at, id)" },
      { name: "enforcement_by_rule", on: "(project, rule_ref, enforced_at, id)" },
      { name: "enforcement_by_event", on: "(project, trigger_instance, id)" },
      { name: "enforcement_by_execution", on: "(project, execution, id) where execution is not null" },
    ],
  },
  { table: "output", key: "execution", primary: "project, execution, seq", indexes: [] },
  { table: "workflow_step", key: "execution", primary: "project, execution, seq", indexes: [] },
  { table: "workflow_state", key: "execution", primary: "project, execution", indexes: [] },
];

/** The smallest id of a second since 1970. */
export function idOfSecond(second: number): string {
  return Math.max(0, Math.floor(second)).toString(16).padStart(8, "0").padEnd(24, "0");
}
