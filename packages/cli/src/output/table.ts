import { fit, oneLine, pad, textWidth } from "./text-width.ts";

export interface TableStyle {
  /** Columns of the terminal; Infinity where nothing needs to fit. */
  readonly width: number;
  readonly header: (text: string) => string;
  readonly cell: (text: string, column: string) => string;
}

const GAP = "  ";
/** A column squeezed below this says nothing any more. */
const NARROWEST = 6;

/**
 * A table without a frame: what people read and what `awk` cuts. Columns that do not fit lose their width from the
 * widest down; cells are one line each.
 */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const cells = rows.map((row) => row.map(oneLine));
  const natural = columns.map((column, at) =>
    Math.max(textWidth(column), ...cells.map((row) => textWidth(row[at] ?? ""))),
  );
  const widths = squeeze(columns, natural, style.width - GAP.length * (columns.length - 1));
  const last = columns.length - 1;
  const line = (row: readonly string[], paint: (text: string, column: string) => string): string =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        const text = fit(cell, width);
        // Padded after painting, since colours take no room.
        return paint(text, columns[at] ?? "") + (at === last ? "" : pad(text, width).slice(text.length));
      })
      .join(GAP)
      .trimEnd();
  return [line(columns, style.header), ...cells.map((row) => line(row, style.cell))]
    .map((text) => `${text}\n`)
    .join("");
}

/** A name cut short names nothing: these give way last. */
const NAMES = /(?:^|[._])(?:id|ref|name|url|action|trigger)$/;

function squeeze(columns: readonly string[], natural: readonly number[], room: number): number[] {
  const all = columns.map((_, at) => at);
  const first = all.filter((at) => !NAMES.test(columns[at] ?? ""));
  return takeFrom(all, takeFrom(first, natural, room), room);
}

/** Takes from the widest of these columns until everything fits, and never below what is readable. */
function takeFrom(from: readonly number[], before: readonly number[], room: number): number[] {
  const widths = [...before];
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  while (over > 0) {
    const widest = Math.max(0, ...from.map((at) => widths[at] ?? 0));
    if (widest <= NARROWEST) break;
    const at = from.filter((index) => widths[index] === widest);
    const next = Math.max(NARROWEST, ...from.map((index) => widths[index] ?? 0).filter((width) => width < widest));
    const share = Math.min(widest - next, Math.ceil(over / at.length));
    for (const index of at) {
      const take = Math.min(share, Math.max(over, 0));
      widths[index] = widest - take;
      over -= take;
    }
  }
  return widths;
}
