import type { ArchiveEntry } from "@squall/packs";
import type { DumpRow, DumpTable, StoreSchema, Sums } from "@squall/store";
import { Invalid } from "@squall/model";

/**
 * A backup is a tar.gz that any tar can list:
 *
 *   squall-backup.json         what it is, see `BackupHeader`
 *   data/...                   files of the data directory: the key, packs, configurations, known hosts
 *   tables/TABLE/NUMBER.jsonl  rows, a JSON list each, in parts
 *   manifest.json              sums over all of it; last, so that a backup that was cut short has none
 */
export const HEADER = "squall-backup.json";
export const MANIFEST = "manifest.json";
export const DATA = "data/";
const TABLES = "tables/";
const FORMAT = 1;

export interface BackupHeader extends StoreSchema {
  readonly format: typeof FORMAT;
  /** Of the Squall that made it. */
  readonly version: string;
  /** ISO 8601, UTC */
  readonly created: string;
  readonly hasKey: boolean;
  readonly tables: readonly DumpTable[];
  /** Rows by table. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface BackupManifest {
  readonly tables: Sums;
  /** SHA-256 in hex of files, by their path in the data directory; of links, of what they name. */
  readonly files: Readonly<Record<string, string>>;
}

export function headerOf(given: Omit<BackupHeader, "format">): BackupHeader {
  return { format: FORMAT, ...given };
}

export function partName(table: string, part: number): string {
  return `${TABLES}${table}/${String(part).padStart(6, "0")}.jsonl`;
}

/** The table that an entry holds rows of. */
export function tableOf(path: string): string | undefined {
  return /^tables\/([a-z_]+)\/\d+\.jsonl$/.exec(path)?.[1];
}

/** An archive that is none of ours, was cut short, or does not hold what it says. */
export function unreadable(file: string, reason: string, cause?: unknown): Invalid {
  return new Invalid("backup.unreadable", {
    message: `the backup ${file} cannot be used: ${reason}. Nothing was restored; take another one`,
    cause,
  });
}

/** A header as it was read, or an error that says what is wrong with it. */
export function checkHeader(file: string, text: string): BackupHeader {
  const header = parsed(file, text);
  if (header["format"] !== FORMAT) {
    throw new Invalid("backup.newer-format", {
      message: `the backup ${file} has format ${JSON.stringify(header["format"])?.slice(0, 20)}, and this Squall (format ${FORMAT}) cannot read it; use the Squall ${JSON.stringify(header["version"])?.slice(0, 40)} that made it`,
    });
  }
  const { engine, schema, version, created, hasKey, tables, counts } = header;
  const isWhole =
    (engine === "sqlite" || engine === "postgres") &&
    Number.isInteger(schema) &&
    typeof version === "string" &&
    typeof created === "string" &&
    typeof hasKey === "boolean" &&
    Array.isArray(tables) &&
    tables.every(isTable) &&
    isNumbers(counts);
  if (!isWhole) throw unreadable(file, "its header is damaged");
  // Cast: every field was just looked at.
  return header as unknown as BackupHeader;
}

function isTable(value: unknown): value is DumpTable {
  if (!isObject(value) || typeof value["name"] !== "string" || !Array.isArray(value["columns"])) return false;
  return value["columns"].every(
    (column: unknown) => isObject(column) && typeof column["name"] === "string" && typeof column["kind"] === "string",
  );
}

export function checkManifest(file: string, text: string): BackupManifest {
  const manifest = parsed(file, text);
  const { tables, files } = manifest;
  const isWhole =
    isObject(tables) &&
    Object.values(tables).every(
      (one) => isObject(one) && Number.isInteger(one["rows"]) && typeof one["sum"] === "string",
    ) &&
    isObject(files) &&
    Object.values(files).every((one) => typeof one === "string");
  if (!isWhole) throw unreadable(file, "its manifest is damaged");
  return manifest as unknown as BackupManifest; // every field was just looked at
}

function parsed(file: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw unreadable(file, "it holds something that is no JSON", cause);
  }
  throw unreadable(file, "it holds something that is no JSON object");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((one) => Number.isInteger(one));
}

/** The rows in a part of a table, each held to the kinds of the table's columns. */
export function rowsOf(file: string, table: DumpTable, text: string): DumpRow[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      let row: unknown;
      try {
        row = JSON.parse(line);
      } catch (cause) {
        throw unreadable(file, `a row of ${table.name} is no JSON`, cause);
      }
      if (
        !Array.isArray(row) ||
        row.length !== table.columns.length ||
        !row.every((value, at) => fits(value, table, at))
      )
        throw unreadable(file, `a row of ${table.name} does not fit its columns`);
      return row as DumpRow; // every value was just looked at
    });
}

function fits(value: unknown, { columns }: DumpTable, at: number): boolean {
  if (value === null) return true;
  const kind = columns[at]?.kind;
  if (kind === "integer") return Number.isSafeInteger(value);
  return kind === "real" ? typeof value === "number" : typeof value === "string";
}

/** The content of an entry that has to fit into memory. */
export async function textOf(entry: ArchiveEntry): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry.content()) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
