import type { ArchiveEntry } from "./archive-entry.ts";
import { unreadable, unsafe } from "./archive-entry.ts";

const BLOCK = 512;
/** Long names and pax headers are read into memory; a path that needs more than this is no path. */
const MAX_HEADER_BYTES = 64 * 1024;

/** Entries that only carry facts about the next one: pax (x), pax for all (g), GNU's long name (L) and long link (K). */
interface Overrides {
  path?: string;
  target?: string;
  size?: number;
}

/**
 * The entries of a tar stream: ustar, with pax and GNU extensions. Throws `pack.archive.unreadable` for what is no tar and for one
 * that ends early, `pack.archive.unsafe` for devices, pipes and the like.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveEntry> {
  const bytes = createByteReader(source);
  let overrides: Overrides = {};
  for (;;) {
    const header = await bytes.take(BLOCK);
    if (header === undefined || header.every((byte) => byte === 0)) {
      // What follows the end is padding; a reader that stopped here would leave the stream half read.
      await bytes.drain();
      return;
    }
    checkSum(header);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = overrides.size ?? numberAt(header, 124, 12);
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if ("xgLK".includes(type) && type !== "\0") {
      if (size > MAX_HEADER_BYTES) throw unreadable(`a header of ${size} bytes`);
      const text = (await bytes.exactly(size)).toString("utf8");
      await bytes.exactly(padding);
      if (type === "x") overrides = { ...overrides, ...paxOverrides(text) };
      else if (type === "L") overrides.path = text.replace(/\0.*$/s, "");
      else if (type === "K") overrides.target = text.replace(/\0.*$/s, "");
      continue;
    }
    const path = overrides.path ?? nameOf(header);
    const kind = KINDS[type];
    if (kind === undefined) throw unsafe(path, `is no file, folder or link (type "${type}")`);
    let remaining = size;
    yield {
      path,
      // Before there was a type for folders, a slash at the end said it.
      kind: kind === "file" && path.endsWith("/") ? "folder" : kind,
      executable: (numberAt(header, 100, 8) & 0o100) !== 0,
      target: overrides.target ?? textAt(header, 157, 100),
      async *content() {
        while (remaining > 0) {
          const chunk = await bytes.some(remaining);
          remaining -= chunk.length;
          yield chunk;
        }
      },
    };
    while (remaining > 0) remaining -= (await bytes.some(remaining)).length;
    await bytes.exactly(padding);
    overrides = {};
  }
}

const KINDS: Readonly<Record<string, ArchiveEntry["kind"]>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hard-link",
  "2": "link",
  "5": "folder",
};

function checkSum(header: Buffer): void {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 0x20 : (header[at] ?? 0);
  if (sum !== numberAt(header, 148, 8)) throw unreadable("it is no tar archive, or damaged");
}

function nameOf(header: Buffer): string {
  const name = textAt(header, 0, 100);
  const isUstar = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? textAt(header, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textAt(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}

/** Octal text, or GNU's binary form, whose first bit is set. */
function numberAt(header: Buffer, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  let value = 0;
  if ((field[0] ?? 0) & 0x80) {
    for (const [index, byte] of field.entries()) value = value * 256 + (index === 0 ? byte & 0x7f : byte);
  } else {
    const text = field.toString("latin1").replace(/\0.*$/s, "").trim();
    if (!/^[0-7]*$/.test(text)) throw unreadable("it is no tar archive, or damaged");
    value = text === "" ? 0 : Number.parseInt(text, 8);
  }
  if (!Number.isSafeInteger(value)) throw unreadable("a number in it is too large");
  return value;
}

/** Records of `<length> <key>=<value>\n`. */
function paxOverrides(text: string): Overrides {
  const found: Overrides = {};
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const space = rest.indexOf(0x20);
    const length = Number(rest.toString("latin1", 0, Math.max(0, space)));
    if (space < 1 || !Number.isInteger(length) || length <= space + 1 || length > rest.length) {
      throw unreadable("a damaged pax header");
    }
    const record = rest.toString("utf8", space + 1, length - 1);
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path") found.path = value;
    else if (key === "linkpath") found.target = value;
    else if (key === "size" && /^\d{1,15}$/.test(value)) found.size = Number(value);
    else if (key.startsWith("GNU.sparse")) throw unreadable("it has sparse files");
    rest = rest.subarray(length);
  }
  return found;
}

interface ByteReader {
  /** So many bytes; undefined when the stream ends before the first of them. */
  take(length: number): Promise<Buffer | undefined>;
  exactly(length: number): Promise<Buffer>;
  /** Between one and `most` bytes. */
  some(most: number): Promise<Buffer>;
  drain(): Promise<void>;
}

function createByteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  /** False at the end. */
  const more = async (): Promise<boolean> => {
    const next: IteratorResult<Uint8Array, unknown> = await chunks.next();
    if (next.done) return false;
    const { buffer, byteOffset, byteLength } = next.value;
    const chunk = Buffer.from(buffer, byteOffset, byteLength);
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    return true;
  };
  const cut = (length: number): Buffer => {
    const piece = held.subarray(0, length);
    held = held.subarray(length);
    return piece;
  };
  const take = async (length: number): Promise<Buffer | undefined> => {
    while (held.length < length) {
      if (await more()) continue;
      if (held.length === 0 && length > 0) return undefined;
      throw unreadable("it ends early");
    }
    return cut(length);
  };
  return {
    take,
    async exactly(length) {
      const piece = await take(length);
      if (piece === undefined) throw unreadable("it ends early");
      return piece;
    },
    async some(most) {
      while (held.length === 0) if (!(await more())) throw unreadable("it ends early");
      return cut(Math.min(most, held.length));
    },
    async drain() {
      held = Buffer.alloc(0);
      while (!(await chunks.next()).done);
    },
  };
}
