/** Positions in texts count characters (code points) in YAQL and UTF-16 units in JavaScript. */

const SURROGATE = /[\ud800-\udfff]/;

export const lengthOf = (text: string): number => {
  if (!SURROGATE.test(text)) return text.length;
  let count = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  return count;
};

/** The position in characters of an offset in units. */
export const toCharacters = (text: string, offset: number): number =>
  offset <= 0 || !SURROGATE.test(text) ? offset : lengthOf(text.slice(0, offset));

/** The offset in units of a position in characters, which is from 0 up to the length. */
function toUnits(text: string, position: number): number {
  if (!SURROGATE.test(text)) return position;
  let offset = 0;
  for (let i = 0; i < position && offset < text.length; i++) offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}

/** Python's slice bounds: negative ones count from the end, and all are clipped. */
function clip(bound: number, length: number): number {
  return Math.max(0, Math.min(length, bound < 0 ? bound + length : bound));
}

/** `text[start:end]` */
export function sliceText(text: string, start: number, end: number): string {
  const length = lengthOf(text);
  const [from, to] = [clip(start, length), clip(end, length)];
  return from >= to ? "" : text.slice(toUnits(text, from), toUnits(text, to));
}

/** Where the part stands first (or last) between two bounds, in characters; -1 when nowhere. */
export function find(text: string, part: string, start: number, end: number | undefined, last: boolean): number {
  const length = lengthOf(text);
  if (start > length) return -1;
  const from = clip(start, length);
  const to = end === undefined ? length : clip(end, length);
  if (from > to) return -1;
  const offset = toUnits(text, from);
  const window = text.slice(offset, toUnits(text, to));
  const found = last ? window.lastIndexOf(part) : window.indexOf(part);
  return found < 0 ? -1 : toCharacters(text, found + offset);
}
