import { isatty } from "node:tty";
import pc from "picocolors";
import { explain } from "../failure.ts";
import { renderFields, scalarText, toYaml } from "./fields.ts";
import { renderTable } from "./table.ts";
import { safeText } from "./text-width.ts";
import { formatTime } from "./time.ts";

export type Format = "table" | "json" | "yaml";

/** A column: a dotted path into the object, with another heading or content where those serve people better. */
export type Column =
  | string
  | { readonly name: string; readonly value: (item: Readonly<Record<string, unknown>>) => unknown };

export interface Output {
  readonly format: Format;
  /** Whether people read stdout and stderr as they are written. */
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean };
  readonly colors: ReturnType<typeof pc.createColors>;
  /** The same for what goes to stderr, which may be a terminal when stdout is none. */
  readonly stderrColors: ReturnType<typeof pc.createColors>;
  readonly timeZone: string;
  /** A table for people, the API's objects for programs. `empty` says what to do next when there are none. */
  list(items: readonly object[], columns: readonly Column[], empty: string): Promise<void>;
  /** All of one object, or some columns of it for people. */
  one(item: object, columns?: readonly Column[]): Promise<void>;
  /** An object for programs; people get `text`. */
  say(item: unknown, text: string): Promise<void>;
  /** Straight to stdout, as it is. */
  write(text: string): void;
  /** A line to people on stderr: notes, progress, problems. */
  note(text: string): void;
  /** An error with its hint, on stderr. Answers the exit status. */
  fail(thrown: unknown): number;
}

/** How wide a table may be where the terminal does not say. */
const USUAL_WIDTH = 80;

export function createOutput(options: {
  readonly format: Format;
  readonly colors: boolean | undefined;
  readonly timeZone: string;
  readonly env: NodeJS.ProcessEnv;
}): Output {
  const { format, timeZone, env } = options;
  const isTerminal = { stdout: isatty(1), stderr: isatty(2) };
  const wantsColors = options.colors !== false && !env.NO_COLOR && env.TERM !== "dumb";
  const forced = wantsColors && Boolean(env.FORCE_COLOR);
  const colors = pc.createColors(forced || (wantsColors && isTerminal.stdout));
  const stderrColors = pc.createColors(forced || (wantsColors && isTerminal.stderr));
  const write = (text: string): void => void process.stdout.write(text);
  const note = (text: string): void => void process.stderr.write(`${safeText(text)}\n`);
  const program = async (value: unknown): Promise<void> =>
    write(format === "json" ? `${JSON.stringify(value, undefined, 2)}\n` : await toYaml(value));

  return {
    format,
    isTerminal,
    colors,
    stderrColors,
    timeZone,
    write,
    note,
    async list(items, columns, empty) {
      if (format !== "table") return await program(items);
      if (items.length === 0) return note(empty);
      const rows = items.map((item) => columns.map((column) => cellOf(item, column, timeZone)));
      write(
        renderTable(columns.map(nameOf), rows, {
          width: isTerminal.stdout ? process.stdout.columns || USUAL_WIDTH : Number.POSITIVE_INFINITY,
          header: colors.bold,
          cell: (text, column) => (isStatus(column) ? statusColor(colors, text) : text),
        }),
      );
    },
    async one(item, columns) {
      if (format !== "table") return await program(item);
      const shown = columns
        ? columns.map((column): [string, unknown] => [nameOf(column), valueOf(item, column)])
        : Object.entries(item);
      write(
        await renderFields(
          shown.map(([name, value]) => [name, isTime(name, value) ? formatTime(value, timeZone) : value]),
          (name) => colors.bold(name),
          (name, text) => (isStatus(name) ? statusColor(colors, text) : text),
        ),
      );
    },
    async say(item, text) {
      if (format !== "table") return await program(item);
      write(`${safeText(text)}\n`);
    },
    fail(thrown) {
      const { message, hint, status } = explain(thrown);
      process.stderr.write(`${stderrColors.red("squall:")} ${safeText(message)}\n`);
      if (hint) process.stderr.write(`        ${safeText(hint)}\n`);
      return status;
    },
  };
}

/** Of executions, and of sensors (`backing-off`). */
const RESTING = new Set([
  "canceled",
  "canceling",
  "paused",
  "pausing",
  "pending",
  "stopped",
  "stopping",
  "backing",
  "disabled",
]);

function isStatus(column: string): boolean {
  return column === "status" || column === "state";
}

/** Green, red or yellow by what the status (or a text that begins with one) means. */
export function statusColor(colors: Output["colors"], text: string): string {
  const status = /^[a-z_]*/.exec(text)?.[0] ?? "";
  if (["succeeded", "processed"].includes(status)) return colors.green(text);
  if (["failed", "timeout", "abandoned", "processing_failed"].includes(status)) return colors.red(text);
  if (RESTING.has(status)) return colors.yellow(text);
  return status === "" ? text : colors.cyan(text);
}

function nameOf(column: Column): string {
  return typeof column === "string" ? column : column.name;
}

function valueOf(item: object, column: Column): unknown {
  if (typeof column !== "string") return column.value({ ...item });
  let value: unknown = item;
  for (const part of column.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  return value;
}

function cellOf(item: object, column: Column, timeZone: string): string {
  const value = valueOf(item, column);
  if (value === undefined || value === null) return "";
  if (isTime(nameOf(column), value)) return formatTime(value, timeZone);
  return scalarText(value);
}

function isTime(name: string, value: unknown): value is string {
  return (
    typeof value === "string" &&
    /(?:timestamp|_time|_at|expiry|expire|since|next_attempt)$/.test(name) &&
    /^\d{4}-\d\d-\d\dT/.test(value)
  );
}
