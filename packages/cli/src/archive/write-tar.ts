import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { Failure } from "../failure.ts";

const BLOCK = 512;
/** Nothing that belongs to a pack: git's own files, and what Python compiles. */
const LEFT_OUT = /^(?:\.git|__pycache__|.*\.pyc)$/;

/** A folder as a tar.gz, made while it is read. Files, folders and links; sockets and the like are left out. */
export function tarOfFolder(folder: string): ReadableStream<Uint8Array> {
  // Level 1: most packs are small, and text is packed well enough by it.
  const packed = Readable.from(tar(folder)).pipe(createGzip({ level: 1 }));
  // The cast: node's stream of the web and the web's differ in type only.
  return Readable.toWeb(packed) as ReadableStream<Uint8Array>;
}

async function* tar(folder: string): AsyncGenerator<Uint8Array> {
  for await (const path of pathsBelow(folder, "")) yield* entry(folder, path);
  yield Buffer.alloc(2 * BLOCK);
}

async function* pathsBelow(folder: string, below: string): AsyncGenerator<string> {
  for (const child of (await readdir(join(folder, below), { withFileTypes: true })).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (LEFT_OUT.test(child.name)) continue;
    const path = below === "" ? child.name : `${below}/${child.name}`;
    yield path;
    if (child.isDirectory()) yield* pathsBelow(folder, path);
  }
}

async function* entry(folder: string, path: string): AsyncGenerator<Uint8Array> {
  const full = join(folder, path);
  const about = await lstat(full);
  if (about.isSymbolicLink()) yield* header({ path, type: "2", mode: 0o777, size: 0, target: await readlink(full) });
  else if (about.isDirectory()) yield* header({ path: `${path}/`, type: "5", mode: 0o755, size: 0, target: "" });
  else if (about.isFile()) {
    yield* header({ path, type: "0", mode: about.mode & 0o777, size: about.size, target: "" });
    let sent = 0;
    // No further than was promised: a file may grow while it is read.
    if (about.size > 0) {
      for await (const chunk of createReadStream(full, { end: about.size - 1 }) as AsyncIterable<Buffer>) {
        sent += chunk.length;
        yield chunk;
      }
    }
    if (sent !== about.size) throw new Failure(`${full} became shorter while it was read`, "try again");
    yield Buffer.alloc((BLOCK - (sent % BLOCK)) % BLOCK);
  }
}

interface Entry {
  readonly path: string;
  readonly type: "0" | "2" | "5" | "x";
  readonly mode: number;
  readonly size: number;
  readonly target: string;
}

/** One block, with a pax header before it where the path or the link's target does not fit into it. */
function* header(one: Entry): Generator<Uint8Array> {
  const records: string[] = [];
  if (Buffer.byteLength(one.path) > 100) records.push(record("path", one.path));
  if (Buffer.byteLength(one.target) > 100) records.push(record("linkpath", one.target));
  if (records.length > 0) {
    const text = Buffer.from(records.join(""));
    yield block({ path: "pax", type: "x", mode: 0o644, size: text.length, target: "" });
    yield text;
    yield Buffer.alloc((BLOCK - (text.length % BLOCK)) % BLOCK);
  }
  yield block(one);
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length += 1;
  return `${length} ${key}=${value}\n`;
}

function block({ path, type, mode, size, target }: Entry): Buffer {
  if (size >= 8 ** 11) throw new Failure(`${path} is too large for a pack`);
  const out = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    out.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  // A name that is cut here has a pax header before it.
  Buffer.from(path).copy(out, 0, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  out.write("        ", 148, "latin1");
  out.write(type, 156, "latin1");
  Buffer.from(target).copy(out, 157, 0, 100);
  out.write("ustar\0", 257, "latin1");
  out.write("00", 263, "latin1");
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return out;
}
