/** One output stream of a child process: kept as bytes up to a bound, handed on as text while it comes. */
export interface Capture {
  push(chunk: Buffer): void;
  /** The stream ended: hands on an unfinished last line. */
  end(): void;
  /** All that was kept, with a closing line if something was cut. */
  text(): string;
  /** The kept bytes. */
  bytes(): Buffer;
  readonly isCut: boolean;
}

/** A line longer than this is handed on in pieces, so that a stream without newlines still shows progress. */
const PIECE_BYTES = 16 * 1024;
const NEWLINE = 10;

/**
 * Keeps at most `limit` bytes in one growing buffer: a child that writes single bytes must not cost an object for each.
 * `onText` gets whole lines as far as possible, as many as one read brought; bytes that are not UTF-8 become U+FFFD.
 */
export function createCapture(limit: number, name: string, onText: (text: string) => void = () => {}): Capture {
  let store = Buffer.alloc(0);
  let length = 0;
  let handedOn = 0;
  let isCut = false;
  const notice = () => `[output cut: ${name} is longer than ${limit} bytes, the rest was not kept]\n`;

  const handOn = (end: number): void => {
    if (end <= handedOn) return;
    const text = store.toString("utf8", handedOn, end);
    handedOn = end;
    onText(text);
  };

  return {
    push(chunk) {
      if (isCut) return;
      const fits = Math.min(chunk.length, limit - length);
      if (length + fits > store.length) store = grown(store, length, length + fits, limit);
      chunk.copy(store, length, 0, fits);
      const before = length;
      length += fits;
      if (fits < chunk.length) {
        isCut = true;
        length = characterEnd(store, length);
        handOn(length);
        onText(length === 0 ? notice() : `\n${notice()}`);
        return;
      }
      const newline = store.subarray(before, length).lastIndexOf(NEWLINE);
      if (newline >= 0) handOn(before + newline + 1);
      if (length - handedOn >= PIECE_BYTES) handOn(characterEnd(store, length));
    },
    end() {
      if (!isCut) handOn(length);
    },
    text() {
      const kept = store.toString("utf8", 0, length);
      if (!isCut) return kept;
      return length === 0 ? notice() : `${kept}\n${notice()}`;
    },
    bytes: () => store.subarray(0, length),
    get isCut() {
      return isCut;
    },
  };
}

function grown(store: Buffer, length: number, needed: number, limit: number): Buffer<ArrayBuffer> {
  const size = Math.min(Math.max(needed, store.length * 2, 1024), Math.max(limit, needed));
  const bigger = Buffer.allocUnsafeSlow(size);
  store.copy(bigger, 0, 0, length);
  return bigger;
}

/** The last place at or before `end` that does not split a UTF-8 character (or `end`, if the bytes are not UTF-8). */
function characterEnd(bytes: Buffer, end: number): number {
  for (let back = 1; back <= 3 && end - back >= 0; back++) {
    const byte = bytes[end - back] ?? 0;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? end - back : end;
    }
  }
  return end;
}
