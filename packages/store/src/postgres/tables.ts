import { type ExecutionStatus, isCompleted } from "@squall/model";
import { isCarried, isJsonColumn, NOT_CARRIED } from "../transfer/carried.ts";
import type { ColumnKind, DumpRow, DumpTable } from "../transfer/port.ts";
import { canonicalJson } from "../transfer/sums.ts";
import type { Row } from "./connection.ts";

/** What a table is called here where a word of SQL stood in the way of its name. */
const TABLE_NAMES: Readonly<Record<string, string>> = { account: "user" };
const COLUMN_NAMES: Readonly<Record<string, string>> = { username: "user" };

/** Texts that may hold any character are JSON here, since no text of PostgreSQL holds a NUL. */
const QUOTED: Readonly<Record<string, readonly string[]>> = {
  key: ["value", "description"],
  output: ["data"],
  event: ["trace_tag"],
  enforcement: ["failure_reason"],
};

/** A table of which a part, by a column's value, is kept in another one with the same columns. */
const DIVIDED = {
  table: "execution",
  other: "ended_execution",
  column: "status",
  belongsThere: (status: unknown) => isCompleted(String(status) as ExecutionStatus), // cast: the column holds nothing else
} as const;

/** A column to which changes of another one are appended; reading merges them, and a loaded row has none. */
const FOLDED = { table: "execution", into: "context", changes: "context_changes" } as const;

/** Sequences that no column owns, and the column that they number. Those of identity columns are found. */
const SEQUENCES: Readonly<Record<string, { readonly table: string; readonly column: string }>> = {
  content_revision: { table: "content_change", column: "revision" },
};

/** Asks for the sequences of the schema, with the identity column that owns one. */
export const SEQUENCES_THERE = `
  select s.relname as sequence, t.relname as "table", a.attname as "column"
  from pg_class s
  left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0
  left join pg_class t on t.oid = d.refobjid
  left join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
  where s.relkind = 'S' and s.relnamespace = current_schema()::regnamespace`;

/** Statements that let sequences go on after the highest number in use. */
export function sequenceUpdates(rows: readonly Row[]): string[] {
  return rows.map(({ sequence, table, column }) => {
    const known = SEQUENCES[String(sequence)];
    const [from, of] = [table ?? known?.table, column ?? known?.column];
    if (from === undefined) throw new Error(`nothing says what the sequence ${String(sequence)} numbers`);
    return `select setval('"${String(sequence)}"', (select coalesce(max("${String(of)}"), 0) + 1 from "${String(from)}"), false)`;
  });
}

/** A table as it is here, with the form that dumps have of it. */
export interface CarriedTable {
  readonly sqlName: string;
  /** The tables that hold its rows: itself, and one more where it is divided. */
  readonly stored: readonly string[];
  /** Columns of the primary key, in its order. */
  readonly key: readonly string[];
  /** In the order of `form.columns`. */
  readonly columns: readonly CarriedColumn[];
  readonly form: DumpTable;
}

interface CarriedColumn {
  readonly sqlName: string;
  readonly type: string;
  readonly kind: ColumnKind;
  readonly quoted: boolean;
}

/** Asks for one row for each column of each table; partitions are in the table they are parts of. */
export const COLUMNS = `
  select t.relname as "table", a.attname as "column", format_type(coalesce(nullif(y.typbasetype, 0), y.oid), null) as type,
    array_position((select i.indkey::int2[] from pg_index i where i.indrelid = t.oid and i.indisprimary), a.attnum) as key_at
  from pg_class t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  join pg_type y on y.oid = a.atttypid
  where t.relnamespace = current_schema()::regnamespace and t.relkind in ('r', 'p') and not t.relispartition
  order by t.relname, a.attname`;

export function carriedTables(rows: readonly Row[]): CarriedTable[] {
  const byTable = Map.groupBy(rows, (row) => String(row["table"]));
  const isDivided = byTable.has(DIVIDED.other);
  return [...byTable]
    .filter(([sqlName]) => sqlName !== DIVIDED.other && NOT_CARRIED[TABLE_NAMES[sqlName] ?? sqlName] === undefined)
    .map(([sqlName, columns]) => {
      const stored = isDivided && sqlName === DIVIDED.table ? [sqlName, DIVIDED.other] : [sqlName];
      return carriedTable(sqlName, stored, columns);
    })
    .toSorted((a, b) => (a.form.name < b.form.name ? -1 : 1));
}

function carriedTable(sqlName: string, stored: readonly string[], rows: readonly Row[]): CarriedTable {
  const name = TABLE_NAMES[sqlName] ?? sqlName;
  const columns = rows
    .filter((row) => sqlName !== FOLDED.table || row["column"] !== FOLDED.changes)
    .filter((row) => isCarried(name, String(row["column"])))
    .map((row) => {
      const [column, type] = [String(row["column"]), String(row["type"])];
      const formName = COLUMN_NAMES[column] ?? column;
      return {
        name: formName,
        sqlName: column,
        type,
        kind: kindOf(name, formName, type),
        quoted: QUOTED[sqlName]?.includes(column) ?? false,
      };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    sqlName,
    stored,
    key: rows
      .filter((row) => row["key_at"] !== null)
      .toSorted((a, b) => Number(a["key_at"]) - Number(b["key_at"]))
      .map((row) => String(row["column"])),
    columns,
    form: { name, columns: columns.map(({ name: column, kind }) => ({ name: column, kind })) },
  };
}

function kindOf(table: string, column: string, type: string): ColumnKind {
  if (isJsonColumn(table, column)) return "json";
  const kind = KINDS[type];
  if (kind === undefined) throw new Error(`${table}.${column} is of type ${type}, which a dump does not know`);
  return kind;
}
const KINDS: Readonly<Record<string, ColumnKind>> = {
  text: "text",
  bigint: "integer",
  integer: "integer",
  smallint: "integer",
  boolean: "integer",
  "double precision": "real",
  bytea: "bytes",
};

/** What selects read its rows from. */
export function sourceOf(table: CarriedTable): string {
  const { sqlName, stored } = table;
  const each = stored.map((name) => `select ${selected(table)} from "${name}"`);
  return stored.length === 1 ? `"${sqlName}"` : `(${each.join(" union all ")}) "${sqlName}"`;
}

/** Statements that write rows, each with the records for it as JSON. */
export function insertsOf(table: CarriedTable, rows: readonly DumpRow[]): { text: string; records: string }[] {
  const { sqlName, stored, columns } = table;
  const names = columns.map((column) => `"${column.sqlName}"`).join(", ");
  const at = columns.findIndex((column) => column.sqlName === DIVIDED.column);
  return stored.flatMap((name) => {
    const own =
      stored.length === 1 ? rows : rows.filter((row) => DIVIDED.belongsThere(row[at]) === (name === DIVIDED.other));
    if (own.length === 0) return [];
    const text = `insert into "${name}" (${names}) overriding system value select ${names} from json_populate_recordset(null::"${sqlName}", $1)`;
    return [{ text, records: JSON.stringify(own.map((row) => recordOf(table, row))) }];
  });
}

/** What a select has to name to give `rowOf` a whole row. */
export function selected(table: CarriedTable): string {
  const names = table.columns.map(({ sqlName }) => `"${sqlName}"`);
  return [...names, ...(table.sqlName === FOLDED.table ? [FOLDED.changes] : [])].join(", ");
}

/** About how many bytes a row takes, without reading what is kept apart for its size. */
export function sized(table: CarriedTable): string {
  const wide = table.columns.filter(({ type }) => type === "text" || type === "bytea");
  const parts = wide.map(({ sqlName }) => `coalesce(octet_length("${sqlName}"), 0)`);
  if (table.sqlName === FOLDED.table) parts.push(`coalesce(pg_column_size(${FOLDED.changes}), 0)`);
  return ["64", ...parts].join(" + ");
}

export function rowOf(table: CarriedTable, row: Row): DumpRow {
  return table.columns.map((column) => {
    const value = row[column.sqlName];
    if (value === null || value === undefined) return null;
    if (column.kind === "json") return canonicalJson(typeof value === "string" ? JSON.parse(value) : value);
    if (column.quoted) return String(JSON.parse(String(value)));
    if (Buffer.isBuffer(value)) return value.toString("base64");
    if (typeof value === "boolean") return value ? 1 : 0;
    if (table.sqlName === FOLDED.table && column.sqlName === FOLDED.into) return folded(String(value), row);
    return typeof value === "number" ? value : String(value);
  });
}

function folded(text: string, row: Row): string {
  const changes = row[FOLDED.changes];
  if (!Array.isArray(changes) || changes.length === 0) return text;
  return JSON.stringify(
    Object.assign({}, JSON.parse(text), ...changes.map((one) => JSON.parse(String(one)) as object)),
  );
}

/** A row as `json_populate_record` takes it. */
function recordOf(table: CarriedTable, row: DumpRow): Record<string, unknown> {
  return Object.fromEntries(
    table.columns.map((column, at) => {
      const value = row[at] ?? null;
      return [column.sqlName, value === null ? null : fieldOf(column, value)];
    }),
  );
}

function fieldOf(column: CarriedColumn, value: string | number): unknown {
  if (column.quoted) return JSON.stringify(String(value));
  if (column.kind === "json" && (column.type === "jsonb" || column.type === "json")) return JSON.parse(String(value));
  if (column.kind === "bytes") return `\\x${Buffer.from(String(value), "base64").toString("hex")}`;
  if (column.type === "boolean") return value !== 0;
  return value;
}
