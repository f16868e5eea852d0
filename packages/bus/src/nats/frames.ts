/**
 * What goes over the wire: a line of text that says who sent what, and a piece of a body. A body that does not fit into
 * one message of the server goes as several, in order, on one subject, so they arrive in order or not at all.
 */
export interface Frame {
  /** Random name of the bus that sent it. */
  readonly sender: string;
  readonly kind: FrameKind;
  /** Tells what one sender sent apart. */
  readonly number: number;
  /** From 0. */
  readonly part: number;
  readonly parts: number;
  /** Of a question: how long its asker waits, in milliseconds. */
  readonly timeoutMs: number;
  readonly piece: Uint8Array;
}

/** say: messages; ask, stop: a question, and that nobody waits for its answer any more; answer, error: how it went. */
export type FrameKind = "say" | "ask" | "stop" | "answer" | "error";

/** What a body may hold at most, in bytes. */
export const LARGEST_BODY = 16 * 1024 * 1024;
const LONGEST_HEAD = 128;
/** What keeping a piece takes besides its bytes, about: or pieces of one byte would take much and count little. */
const PIECE_BYTES = 256;
const HEAD = /^1 ([A-Za-z0-9_-]{8,40}) (say|ask|stop|answer|error) (\d{1,15}) (\d{1,6}) (\d{1,6}) (\d{1,10})$/;
const NEWLINE = 10;

/** Undefined when the body is larger than may be. `maxPayload` is what the server takes, in bytes. */
export function framesOf(
  head: Pick<Frame, "sender" | "kind" | "number"> & { readonly timeoutMs?: number },
  body: Uint8Array,
  maxPayload: number,
): Uint8Array[] | undefined {
  const room = maxPayload - LONGEST_HEAD;
  const parts = Math.max(1, Math.ceil(body.length / room));
  if (body.length > LARGEST_BODY || room < 1 || parts > 999_999) return undefined;
  return Array.from({ length: parts }, (_, part) => {
    const line = `1 ${head.sender} ${head.kind} ${head.number} ${part} ${parts} ${head.timeoutMs ?? 0}\n`;
    return Buffer.concat([Buffer.from(line, "latin1"), body.subarray(part * room, (part + 1) * room)]);
  });
}

/** Undefined when it is none. */
export function readFrame(data: Uint8Array): Frame | undefined {
  const end = data.subarray(0, LONGEST_HEAD).indexOf(NEWLINE);
  const match = end < 0 ? undefined : HEAD.exec(Buffer.from(data.buffer, data.byteOffset, end).toString("latin1"));
  if (!match) return undefined;
  const [, sender = "", kind, number, part, parts, timeoutMs] = match;
  const frame = {
    sender,
    kind: kind as FrameKind, // the pattern names them
    number: Number(number),
    part: Number(part),
    parts: Number(parts),
    timeoutMs: Number(timeoutMs),
    piece: data.subarray(end + 1),
  };
  return frame.part < frame.parts ? frame : undefined;
}

export interface Assembler {
  /** The whole body once its last piece is there; "broken" when the piece does not follow the one before. */
  add(frame: Frame): Uint8Array | "waiting" | "broken";
}

interface Assembly {
  readonly pieces: Uint8Array[];
  readonly parts: number;
  readonly last: number;
  bytes: number;
  at: number;
}

export interface AssemblerOptions {
  /** Bytes that unfinished bodies may hold together; over it the oldest is given up. */
  readonly maxBytes: number;
  /** How long a body may lack its next piece, in milliseconds. */
  readonly patienceMs: number;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}

/** Puts bodies together again. Its memory is bounded whatever arrives. */
export function createAssembler({ maxBytes, patienceMs, now }: AssemblerOptions): Assembler {
  /** Oldest touched first. */
  const assemblies = new Map<string, Assembly>();
  let held = 0;

  const forget = (key: string, assembly: Assembly): void => {
    assemblies.delete(key);
    held -= assembly.bytes;
  };

  return {
    add(frame) {
      if (frame.parts === 1) return frame.piece;
      // Nobody of ours sends one.
      if (frame.piece.length === 0) return "broken";
      const key = `${frame.sender} ${frame.kind} ${frame.number}`;
      for (const [old, assembly] of assemblies) {
        if (now() - assembly.at < patienceMs) break;
        forget(old, assembly);
      }
      const before = assemblies.get(key);
      if (before) forget(key, before);
      if ((before?.pieces.length ?? 0) !== frame.part || (before && before.parts !== frame.parts)) return "broken";
      const assembly = before ?? { pieces: [], parts: frame.parts, last: frame.parts - 1, bytes: 0, at: 0 };
      // A copy: the piece is a view into all that the socket read.
      assembly.pieces.push(Uint8Array.from(frame.piece));
      assembly.bytes += frame.piece.length + PIECE_BYTES;
      assembly.at = now();
      if (assembly.bytes - assembly.pieces.length * PIECE_BYTES > LARGEST_BODY) return "broken";
      if (frame.part === assembly.last) return Buffer.concat(assembly.pieces);
      assemblies.set(key, assembly);
      held += assembly.bytes;
      for (const [old, other] of assemblies) {
        if (held <= maxBytes) break;
        forget(old, other);
      }
      return "waiting";
    },
  };
}
