import { valueError } from "./errors.ts";
import { splitLines } from "./methods-string.ts";
import { characters, textLength } from "./text.ts";

/** Wraps each line of a text at `width` characters, as Python's textwrap does without touching whitespace inside lines. */
export function wordWrap(
  text: string,
  width: number,
  breakLongWords: boolean,
  by: string,
  breakOnHyphens: boolean,
): string {
  if (width <= 0) throw valueError(`invalid width ${width} (must be > 0)`);
  return splitLines(text)
    .map((line) => wrapLine(line, width, breakLongWords, breakOnHyphens).join(by))
    .join(by);
}

/** Words longer than this are not searched for places to break at. */
const MAX_HYPHENATED = 1000;

function chunks(line: string, onHyphens: boolean): string[] {
  const words = line.split(/(\s+)/).filter(Boolean);
  if (!onHyphens) return words;
  return words.flatMap((word) =>
    word.length > MAX_HYPHENATED || /\s/.test(word)
      ? [word]
      : word.split(
          /(?<=[\p{L}\p{N}_]{2}-)(?=[\p{L}_]{2})|(?<=[\p{L}\p{N}_])(?=-{2,}[\p{L}\p{N}_])|(?<=[^-]-{2,})(?=[\p{L}\p{N}_])/u,
        ),
  );
}

function wrapLine(line: string, width: number, breakLongWords: boolean, onHyphens: boolean): string[] {
  const pending = chunks(line, onHyphens).toReversed();
  const lines: string[] = [];
  while (pending.length > 0) {
    let current: string[] = [];
    let length = 0;
    if ((pending.at(-1) as string).trim() === "" && lines.length > 0) pending.pop();
    while (pending.length > 0) {
      const size = textLength(pending.at(-1) as string);
      if (length + size > width) break;
      current.push(pending.pop() as string);
      length += size;
    }
    const next = pending.at(-1);
    if (next !== undefined && textLength(next) > width) {
      // None may be left: then an empty piece ends the line, and the space before it stays, as in Python.
      const room = width - length;
      if (breakLongWords) {
        const items = characters(next);
        // A long word with a hyphen in reach is cut there.
        let end = room;
        if (onHyphens && items.length > room && items.length <= MAX_HYPHENATED) {
          const hyphen = items.slice(0, room).lastIndexOf("-");
          if (hyphen > 0 && items.slice(0, hyphen).some((char) => char !== "-")) end = hyphen + 1;
        }
        current.push(items.slice(0, end).join(""));
        pending.pop();
        // The pieces of the rest, last one first.
        const count = Math.ceil((items.length - end) / width);
        for (let i = count - 1; i >= 0; i--) {
          pending.push(items.slice(end + i * width, end + (i + 1) * width).join(""));
        }
      } else if (current.length === 0) current.push(pending.pop() as string);
    }
    if (current.at(-1)?.trim() === "") current = current.slice(0, -1);
    if (current.length > 0) lines.push(current.join(""));
  }
  return lines;
}
