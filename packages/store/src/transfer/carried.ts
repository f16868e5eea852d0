/**
 * Tables that are not carried from one store to another, each with the reason. Every other table is, without being named
 * anywhere; a test compares both stores' schemas with this.
 */
export const NOT_CARRIED: Readonly<Record<string, string>> = {
  member: "says which processes are there now; leases of those that are not become abandoned at the next start",
  singleton: "says which of them has what now",
  owner: "says which process has the database now",
  written_group: "answers a writer whose connection broke a moment ago",
  history_part: "says which parts PostgreSQL keeps the history in",
  squall_schema: "is the schema's, not the installation's",
};

/** Columns that are only of the moment: empty after a move. */
export const COLUMNS_NOT_CARRIED: Readonly<Record<string, readonly string[]>> = {
  archive: ["idle_since"],
};

/** Columns with JSON that one of the stores takes apart, so that its text is not kept to the letter. */
export const JSON_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  execution: ["log"],
};

export function isCarried(table: string, column: string): boolean {
  return NOT_CARRIED[table] === undefined && !COLUMNS_NOT_CARRIED[table]?.includes(column);
}

export function isJsonColumn(table: string, column: string): boolean {
  return JSON_COLUMNS[table]?.includes(column) ?? false;
}
