import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { createInflateRaw } from "node:zlib";
import type { ArchiveEntry } from "./archive-entry.ts";
import { unreadable } from "./archive-entry.ts";

const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
/** A directory larger than this describes more files than a pack may have. */
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;
const LINK = 0o120000;
const TYPE_BITS = 0o170000;

/**
 * The entries of a zip file, by its directory, which is at the end. Stored and deflated entries only: no encryption, no
 * zip64 (which is for archives larger than a pack may be).
 */
export async function* readZip(path: string, file: FileHandle): AsyncGenerator<ArchiveEntry> {
  const directory = await directoryOf(file);
  for (let at = 0; at + 46 <= directory.length; ) {
    if (directory.readUInt32LE(at) !== 0x02014b50) throw unreadable("its directory is damaged");
    const flags = directory.readUInt16LE(at + 8);
    const method = directory.readUInt16LE(at + 10);
    const packed = directory.readUInt32LE(at + 20);
    const size = directory.readUInt32LE(at + 24);
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const commentBytes = directory.readUInt16LE(at + 32);
    const mode = directory.readUInt32LE(at + 38) >>> 16;
    const offset = directory.readUInt32LE(at + 42);
    const name = directory.toString("utf8", at + 46, at + 46 + nameBytes);
    at += 46 + nameBytes + extraBytes + commentBytes;
    if ((flags & 1) !== 0) throw unreadable("it is encrypted");
    if (size === 0xffffffff || packed === 0xffffffff || offset === 0xffffffff)
      throw unreadable("it is a zip64 archive");
    if (method !== 0 && method !== 8) throw unreadable(`compression method ${method} is not supported`);
    const content = () => contentAt(path, file, { offset, packed, size, method });
    const isLink = (mode & TYPE_BITS) === LINK;
    if (isLink && size > 4096) throw unreadable("a link in it is longer than a path can be");
    yield {
      path: name,
      kind: name.endsWith("/") ? "folder" : isLink ? "link" : "file",
      executable: (mode & 0o100) !== 0,
      target: isLink ? await textOf(content()) : "",
      content,
    };
  }
}

async function directoryOf(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const tail = await read(
    file,
    Math.max(0, size - END_BYTES - MAX_COMMENT_BYTES),
    Math.min(size, END_BYTES + MAX_COMMENT_BYTES),
  );
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== 0x06054b50 || at + END_BYTES + tail.readUInt16LE(at + 20) !== tail.length) continue;
    const bytes = tail.readUInt32LE(at + 12);
    const offset = tail.readUInt32LE(at + 16);
    if (bytes > MAX_DIRECTORY_BYTES || offset + bytes > size) throw unreadable("its directory is damaged");
    return read(file, offset, bytes);
  }
  throw unreadable("it is a zip archive without its end");
}

async function* contentAt(
  path: string,
  file: FileHandle,
  { offset, packed, size, method }: { offset: number; packed: number; size: number; method: number },
): AsyncGenerator<Uint8Array> {
  const header = await read(file, offset, 30);
  if (header.readUInt32LE(0) !== 0x04034b50) throw unreadable("its directory is damaged");
  const start = offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (packed === 0) {
    if (size !== 0) throw unreadable("it ends early");
    return;
  }
  const raw = createReadStream(path, { start, end: start + packed - 1 });
  let seen = 0;
  const inflate = method === 8 ? createInflateRaw() : undefined;
  if (inflate) raw.on("error", (error) => inflate.destroy(error)).pipe(inflate);
  try {
    for await (const chunk of (inflate ?? raw) as AsyncIterable<Uint8Array>) {
      seen += chunk.length;
      // The sizes of the directory are what limits are counted by where they are small; they have to be true.
      if (seen > size) throw unreadable("a file in it is longer than it says");
      yield chunk;
    }
  } finally {
    raw.destroy();
    inflate?.destroy();
  }
  if (seen !== size) throw unreadable("it ends early");
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw unreadable("it ends early");
  return buffer;
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
