/**
 * Takes away what could move the cursor, recolour or retitle a terminal: what the server holds was written by anyone.
 * Line breaks and tabs become one space.
 */
export function oneLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, " ").replace(CONTROL, "");
}

/** The same for texts of several lines. */
export function safeText(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(CONTROL_BUT_NEWLINE, "");
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
const CONTROL_BUT_NEWLINE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])/u;
const PLAIN = /^[\u0020-\u007e]*$/;

/** How many columns of a terminal a line takes. */
export function textWidth(line: string): number {
  if (PLAIN.test(line)) return line.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(line)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** The line, cut to `width` columns with an ellipsis when it is longer. */
export function fit(line: string, width: number): string {
  if (textWidth(line) <= width) return line;
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    const next = WIDE.test(segment) ? 2 : 1;
    if (used + next > width - 1) break;
    kept += segment;
    used += next;
  }
  return `${kept}…`;
}

export function pad(line: string, width: number): string {
  return line + " ".repeat(Math.max(0, width - textWidth(line)));
}
