import type { ApiTask } from "@squall/client";
import { formatCount } from "./count.ts";
import { type Output, statusColor } from "./output.ts";
import { fit, oneLine, pad, textWidth } from "./text-width.ts";
import { formatSeconds, formatTime } from "./time.ts";

/** Lines of a tree; what is left out is counted. */
const MOST_LINES = 200;
const GAP = "  ";
/** A name is cut down to this when nothing else can give way. */
const NARROWEST = 14;

interface Line {
  readonly depth: number;
  readonly name: string;
  readonly status: string;
  readonly took: string;
  readonly start: string;
  readonly action: string;
  readonly id: string;
}

interface Style {
  readonly colors: Output["colors"];
  readonly timeZone: string;
  /** Columns of the terminal; Infinity where nothing needs to fit. */
  readonly width: number;
  readonly now: number;
}

/**
 * A workflow's tasks as lines, those of sub-workflows and the items worth a look below theirs. Where the terminal is
 * narrow, columns are left out from what helps least.
 */
export function taskTree(tree: { readonly tasks: readonly ApiTask[]; readonly more?: number }, style: Style): string {
  const lines: Line[] = [];
  const left = addTasks(lines, tree, 0, style);
  const shown = lines.slice(0, MOST_LINES);
  const hidden = lines.length - shown.length + left;
  const columns = columnsThatFit(shown, style.width);
  const texts = shown.map((line) => lineText(line, columns, style));
  if (hidden > 0) texts.push(`  … and ${formatCount(hidden)} more; \`squall execution list --showall\` has all`);
  return texts.map((text) => `${text.trimEnd()}\n`).join("");
}

type Column = "name" | "status" | "took" | "start" | "action" | "id";

/** In the order in which they stand. */
const ORDER: readonly Column[] = ["name", "status", "took", "start", "action", "id"];
/** In the order in which they give way. */
const GIVE_WAY: readonly Column[] = ["start", "action", "id", "took"];

function columnsThatFit(lines: readonly Line[], width: number): Map<Column, number> {
  const widths = new Map(
    ORDER.map((column) => [column, Math.max(0, ...lines.map((line) => textWidth(cellOf(line, column))))]),
  );
  const total = (): number => [...widths.values()].reduce((sum, one) => sum + one + GAP.length, -GAP.length);
  for (const column of GIVE_WAY) if (total() > width) widths.delete(column);
  for (const column of ["name", "status"] as const) {
    const over = total() - width;
    const own = widths.get(column) ?? 0;
    if (over > 0) widths.set(column, Math.max(Math.min(own, NARROWEST), own - over));
  }
  return widths;
}

function cellOf(line: Line, column: Column): string {
  return column === "name" ? `${"  ".repeat(line.depth + 1)}${markOf(line.status)} ${line.name}` : line[column];
}

function lineText(line: Line, columns: ReadonlyMap<Column, number>, { colors }: Style): string {
  return [...columns]
    .map(([column, width]) => {
      const text = pad(fit(cellOf(line, column), width), width);
      switch (column) {
        case "name":
          return painted(text, line.status, colors);
        case "status":
          return statusColor(colors, text);
        case "id":
        case "start":
          return colors.dim(text);
        default:
          return text;
      }
    })
    .join(GAP);
}

/** A name whose mark has the status's colour. */
function painted(text: string, status: string, colors: Output["colors"]): string {
  const mark = markOf(status);
  const at = text.indexOf(mark);
  // The colour goes by the status's word, which the mark takes the place of.
  return text.slice(0, at) + statusColor(colors, status).replace(status, mark) + text.slice(at + mark.length);
}

/** Adds a level's lines; answers how many tasks the server left out. */
function addTasks(
  lines: Line[],
  { tasks, more = 0 }: { readonly tasks: readonly ApiTask[]; readonly more?: number },
  depth: number,
  style: Style,
): number {
  let left = more;
  for (const task of tasks) {
    lines.push(lineOf(task, depth, style));
    for (const { item, status, execution, ...times } of task.shown ?? []) {
      lines.push({
        depth: depth + 1,
        name: `item ${item}`,
        status,
        ...whenOf(times, style),
        action: "",
        id: execution,
      });
    }
    if (task.tasks) left += addTasks(lines, { tasks: task.tasks, more: task.more ?? 0 }, depth + 1, style);
  }
  return left;
}

function lineOf(task: ApiTask, depth: number, style: Style): Line {
  const { task: name, status, items, runs, delay, action, execution = "" } = task;
  const notes = [
    ...(items ? [`items ${formatCount(items.counts.succeeded ?? 0)}/${formatCount(items.total)}`] : []),
    ...(runs > 1 ? [`${formatCount(runs)} runs`] : []),
    ...(delay === undefined ? [] : [`delay ${formatSeconds(delay)}`]),
  ];
  return {
    depth,
    name: oneLine(name),
    status: [oneLine(status), ...notes].join(", "),
    ...whenOf(task, style),
    action: oneLine(action),
    id: oneLine(execution),
  };
}

function whenOf(
  { start_timestamp, end_timestamp }: Pick<ApiTask, "start_timestamp" | "end_timestamp">,
  { now, timeZone }: Style,
): { readonly took: string; readonly start: string } {
  const end = end_timestamp === undefined ? now : Date.parse(end_timestamp);
  const seconds = (end - Date.parse(start_timestamp)) / 1000;
  return {
    took: Number.isFinite(seconds) ? formatSeconds(Math.max(0, seconds)) : "",
    // Without the day, which stands above.
    start: formatTime(start_timestamp, timeZone).slice(11, 19),
  };
}

const MARKS: Readonly<Record<string, string>> = {
  succeeded: "✓",
  failed: "✗",
  timeout: "✗",
  abandoned: "✗",
  canceled: "⊘",
  canceling: "⊘",
  paused: "‖",
  pausing: "‖",
  pending: "?",
};

const markOf = (status: string): string => MARKS[/^[a-z]*/.exec(status)?.[0] ?? ""] ?? "▸";
