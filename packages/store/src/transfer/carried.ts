/**
 * Tables that are not carried from one store to another, each with the reason. Every other table is, without being named
 * anywhere; a test compares both stores' schemas with this.
 */
export const NOT_CARRIED: Readonly<Record<string, string>> = {
  owner: "says which process has the database now",
  written_group: "answers a writer whose connection broke a moment ago",
  squall_schema: "is the schema's, not the installation's",
};

/** Columns with JSON that one of the stores takes apart, so that its text is not kept to the letter. */
export const JSON_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  execution: ["log"],
};

export function isJsonColumn(table: string, column: string): boolean {
  return JSON_COLUMNS[table]?.includes(column) ?? false;
}
