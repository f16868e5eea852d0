import type { Assertion, CharacterTest } from "./syntax.ts";

const char = String.fromCodePoint;
const UNICODE_WORD = /[\p{L}\p{N}_]/u;
const UNICODE_DIGIT = /\p{Nd}/u;
const UNICODE_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

const isAsciiDigit: CharacterTest = (c) => c >= 48 && c <= 57;
const isAsciiWord: CharacterTest = (c) => isAsciiDigit(c) || (c >= 65 && c <= 90) || c === 95 || (c >= 97 && c <= 122);
const isAsciiSpace: CharacterTest = (c) => c === 32 || (c >= 9 && c <= 13);

const isWord: CharacterTest = (c) => (c < 128 ? isAsciiWord(c) : UNICODE_WORD.test(char(c)));
const isDigit: CharacterTest = (c) => (c < 128 ? isAsciiDigit(c) : UNICODE_DIGIT.test(char(c)));
const isSpace: CharacterTest = (c) => UNICODE_SPACE.test(char(c));

/** `\d`, `\w`, `\s` and their opposites. */
export function classOf(letter: string, ascii: boolean): CharacterTest | undefined {
  switch (letter) {
    case "d":
      return ascii ? isAsciiDigit : isDigit;
    case "w":
      return ascii ? isAsciiWord : isWord;
    case "s":
      return ascii ? isAsciiSpace : isSpace;
    default:
      break;
  }
  const opposite = "DWS".includes(letter) ? classOf(letter.toLowerCase(), ascii) : undefined;
  return opposite && ((c) => !opposite(c));
}

export const lower = (c: number): number => {
  if (c < 128) return c >= 65 && c <= 90 ? c + 32 : c;
  const folded = char(c).toLowerCase();
  return folded.length === char(folded.codePointAt(0) ?? 0).length ? (folded.codePointAt(0) ?? c) : c;
};

const upper = (c: number): number => {
  const folded = char(c).toUpperCase();
  return folded.length === char(folded.codePointAt(0) ?? 0).length ? (folded.codePointAt(0) ?? c) : c;
};

export const sameIgnoringCase = (a: number, b: number): boolean =>
  a === b || lower(a) === lower(b) || lower(upper(a)) === lower(upper(b));

export const ignoringCase =
  (test: CharacterTest): CharacterTest =>
  (c) =>
    test(c) || test(lower(c)) || test(upper(c));

const isWordAt = (text: string, position: number, word: CharacterTest): boolean => {
  const c = text.codePointAt(position);
  return c !== undefined && word(c);
};
const isWordBefore = (text: string, position: number, word: CharacterTest): boolean =>
  position > 0 && isWordAt(text, before(text, position), word);

/** The position one character earlier. */
export function before(text: string, position: number): number {
  const isPair =
    (text.charCodeAt(position - 1) & 0xfc00) === 0xdc00 && (text.charCodeAt(position - 2) & 0xfc00) === 0xd800;
  return position - (isPair ? 2 : 1);
}

export const boundary = (ascii: boolean, expected: boolean): Assertion => {
  const word = ascii ? isAsciiWord : isWord;
  // In an empty text there is no boundary, and no lack of one.
  return (text, position) =>
    text !== "" && (isWordBefore(text, position, word) !== isWordAt(text, position, word)) === expected;
};
export const atStart: Assertion = (_text, position) => position === 0;
export const atLineStart: Assertion = (text, position) => position === 0 || text[position - 1] === "\n";
export const atEnd: Assertion = (text, position) => position === text.length;
export const beforeFinalNewline: Assertion = (text, position) =>
  position === text.length || (position === text.length - 1 && text[position] === "\n");
export const atLineEnd: Assertion = (text, position) => position === text.length || text[position] === "\n";
