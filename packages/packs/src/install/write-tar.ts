import { Buffer } from "node:buffer";

const BLOCK = 512;

/** One thing to write into an archive; a folder needs none of its own, the paths of its files say it. */
export type TarEntry =
  | { readonly path: string; readonly kind: "file"; readonly executable: boolean; readonly content: Uint8Array }
  | { readonly path: string; readonly kind: "link"; readonly target: string };

/**
 * The blocks of one entry of a tar archive (POSIX pax). Everything that could differ between two machines (owners, times,
 * other modes) is the same for all, so equal entries are equal bytes.
 */
export function* tarEntry(entry: TarEntry): Generator<Buffer> {
  const target = entry.kind === "link" ? entry.target : "";
  const records = [...paxRecord("path", entry.path), ...paxRecord("linkpath", target)];
  if (records.length > 0) {
    const text = Buffer.concat(records);
    yield header({ path: "pax", type: "x", mode: 0o644, size: text.length, target: "" });
    yield padded(text);
  }
  if (entry.kind === "link") {
    yield header({ path: entry.path, type: "2", mode: 0o777, size: 0, target });
    return;
  }
  const { content } = entry;
  const mode = entry.executable ? 0o755 : 0o644;
  yield header({ path: entry.path, type: "0", mode, size: content.length, target: "" });
  yield padded(Buffer.from(content.buffer, content.byteOffset, content.length));
}

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** A header has 100 bytes for a path and no encoding; what does not fit, or is not ASCII, goes into a record before it. */
function* paxRecord(key: string, value: string): Generator<Buffer> {
  // oxlint-disable-next-line no-control-regex -- ASCII is meant
  if (/^[\x00-\x7f]{0,100}$/.test(value)) return;
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  // The length counts its own digits.
  while (Buffer.byteLength(`${length}${rest}`) !== length) length = Buffer.byteLength(`${length}${rest}`);
  yield Buffer.from(`${length}${rest}`);
}

function header(about: {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly target: string;
}): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  block.write(about.path, 0, 100, "utf8");
  octal(about.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(about.size, 124, 12);
  octal(0, 136, 12);
  block.write(about.type, 156, "latin1");
  block.write(about.target, 157, 100, "utf8");
  block.write("ustar\x0000", 257, "latin1");
  // The sum is made with blanks in its own place.
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function padded(content: Buffer): Buffer {
  const rest = (BLOCK - (content.length % BLOCK)) % BLOCK;
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(rest)]);
}
