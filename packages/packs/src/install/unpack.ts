import { createReadStream } from "node:fs";
import { copyFile, lstat, mkdir, open, readdir, realpath, stat, symlink, unlink } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Invalid, messageOf, SquallError, TooLarge } from "@squall/model";
import { isContent } from "../digest.ts";
import { type ArchiveEntry, unreadable, unsafe } from "./archive-entry.ts";
import { readTar } from "./read-tar.ts";
import { readZip } from "./read-zip.ts";

/** What an archive may unpack to. */
export interface UnpackLimits {
  /** Of everything together, headers included. */
  readonly bytes: number;
  /** Files, folders and links. */
  readonly entries: number;
  /** Folders in each other. */
  readonly depth: number;
}

/** A pack is code and text: the largest of the Exchange has some tens of MB, with pictures. */
export const UNPACK_LIMITS: UnpackLimits = { bytes: 512 * 1024 * 1024, entries: 40_000, depth: 32 };
/** What file systems allow in one name, and a path that every program can still name. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 1024;

export interface Unpacked {
  /** The folder with pack.yaml. */
  readonly root: string;
  /** Name of the single folder that everything in the archive is in; "" when there is none. */
  readonly folder: string;
  /** Links that lead nowhere, left out. */
  readonly leftOut: readonly string[];
}

/**
 * Unpacks an archive that anybody may have made into an empty folder: a file (tar, tar.gz, zip), or the bytes that
 * `archivePack` made (tar.zst).
 *
 * U1: every path is relative, without `..`, and goes through no link, because links are made after everything else.
 * U2: where a link really leads is looked at once all links are there; one that leads out of the pack refuses the archive.
 * U3: what is written is counted as it is written, never as the archive says.
 * U4: only plain files, folders and links; of their modes only "executable".
 *
 * Compiled Python and `.git` are left out: they are no content of a pack. Throws `pack.archive.*`; what it has written by
 * then is the caller's to remove.
 */
export async function unpackArchive(
  archive: string | Uint8Array,
  folder: string,
  limits: UnpackLimits = UNPACK_LIMITS,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const links: ArchiveEntry[] = [];
  const copies: ArchiveEntry[] = [];
  const written = counter(limits);
  try {
    const entries = typeof archive === "string" ? entriesOf(archive, written) : ownEntries(archive, written);
    for await (const entry of entries) {
      signal?.throwIfAborted();
      written.entry();
      const path = safePath(entry.path, limits);
      if (path === "" || !isContent(path)) continue;
      if (entry.kind === "link") links.push({ ...entry, path });
      else if (entry.kind === "hard-link") copies.push({ ...entry, path });
      else if (entry.kind === "folder") await makeFolder(folder, path);
      else await writeFile(folder, path, entry);
    }
    for (const copy of copies) await copyLinked(folder, copy, limits, written);
    const found = await packRoot(folder);
    const leftOut = await makeLinks(folder, found.root, links);
    return { ...found, leftOut };
  } catch (thrown) {
    throw thrown instanceof SquallError || signal?.aborted ? thrown : translated(thrown);
  }
}

interface Counter {
  entry(): void;
  bytes(count: number): void;
}

function counter(limits: UnpackLimits): Counter {
  let entries = 0;
  let bytes = 0;
  return {
    entry() {
      entries += 1;
      if (entries > limits.entries) throw tooLarge(`${limits.entries} files and folders`);
    },
    bytes(count) {
      bytes += count;
      if (bytes > limits.bytes) throw tooLarge(`${limits.bytes} bytes`);
    },
  };
}

function tooLarge(bound: string): TooLarge {
  return new TooLarge("pack.archive.too-large", {
    message: `The archive unpacks to more than ${bound}, which is the limit for a pack. Leave out what is no part of it, such as environments and build output.`,
  });
}

/** By its first bytes, whatever its name says. */
async function* entriesOf(archive: string, written: Counter): AsyncGenerator<ArchiveEntry> {
  await using file = await open(archive);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(262), 0, 262, 0);
  const begins = (...magic: readonly number[]) =>
    bytesRead >= magic.length && magic.every((byte, at) => buffer[at] === byte);
  if (begins(0x50, 0x4b, 0x03, 0x04)) {
    for await (const entry of readZip(archive, file)) {
      yield { ...entry, content: () => counted(entry.content(), written) };
    }
  } else if (begins(0x1f, 0x8b)) {
    const raw = createReadStream(archive);
    const plain = createGunzip();
    raw.on("error", (error) => plain.destroy(error)).pipe(plain);
    try {
      yield* readTar(counted(plain, written));
    } finally {
      raw.destroy();
      plain.destroy();
    }
  } else if (bytesRead === 262 && buffer.toString("latin1", 257, 262) === "ustar") {
    yield* readTar(counted(Readable.from(createReadStream(archive)) as AsyncIterable<Uint8Array>, written));
  } else {
    const format = begins(0x42, 0x5a, 0x68)
      ? "bzip2"
      : begins(0xfd, 0x37, 0x7a)
        ? "xz"
        : begins(0x28, 0xb5)
          ? "zstd"
          : undefined;
    throw unreadable(format ? `it is compressed with ${format}` : bytesRead === 0 ? "it is empty" : "it is no archive");
  }
}

/** Of an archive that `archivePack` made. */
async function* ownEntries(archive: Uint8Array, written: Counter): AsyncGenerator<ArchiveEntry> {
  const plain = createZstdDecompress();
  plain.end(archive);
  try {
    yield* readTar(counted(plain, written));
  } finally {
    plain.destroy();
  }
}

/** U3 */
async function* counted(content: AsyncIterable<Uint8Array>, written: Counter): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    written.bytes(chunk.length);
    yield chunk;
  }
}

/** U1: the path in its plainest form, "" for the archive's own folder. Throws Invalid for one that is refused. */
export function safePath(path: string, limits: UnpackLimits): string {
  if (path.startsWith("/")) throw unsafe(path, "is an absolute path");
  // oxlint-disable-next-line no-control-regex -- no file of a pack has them, and they can hide what a listing shows
  if (/[\u0000-\u001f\u007f]/.test(path)) throw unsafe(path, "has control characters in its name");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw unsafe(path, 'leads out of the archive with ".."');
  if (parts.length > limits.depth) throw unsafe(path, `is nested deeper than ${limits.depth} folders`);
  const clean = parts.join("/");
  if (Buffer.byteLength(clean) > MAX_PATH_BYTES || parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES)) {
    throw unsafe(path, "has a name that is too long");
  }
  return clean;
}

async function makeFolder(folder: string, path: string): Promise<void> {
  try {
    await mkdir(join(folder, path), { recursive: true });
  } catch (thrown) {
    throw isClash(thrown) ? unsafe(path, "is a file as well as a folder") : thrown;
  }
}

async function writeFile(folder: string, path: string, entry: ArchiveEntry): Promise<void> {
  await makeFolder(folder, dirname(path));
  try {
    // `wx` follows no link and replaces nothing; U4.
    await using file = await open(join(folder, path), "wx", entry.executable ? 0o755 : 0o644);
    for await (const chunk of entry.content()) await file.writeFile(chunk);
  } catch (thrown) {
    throw isClash(thrown) ? unsafe(path, "is there twice") : thrown;
  }
}

/** A hard link becomes a file of its own; it may only name a file that the archive brought. */
async function copyLinked(folder: string, copy: ArchiveEntry, limits: UnpackLimits, written: Counter): Promise<void> {
  const target = join(folder, safePath(copy.target, limits));
  const about = await lstat(target).catch(() => undefined);
  if (!about?.isFile())
    throw unsafe(copy.path, `is a link to "${copy.target.slice(0, 200)}", which the archive does not hold`);
  written.bytes(about.size);
  await makeFolder(folder, dirname(copy.path));
  try {
    await copyFile(target, join(folder, copy.path), 1 /* COPYFILE_EXCL */);
  } catch (thrown) {
    throw isClash(thrown) ? unsafe(copy.path, "is there twice") : thrown;
  }
}

/** Archives of forges put everything into one folder, named after repository and revision. */
async function packRoot(folder: string): Promise<{ root: string; folder: string }> {
  if (await isFile(join(folder, "pack.yaml"))) return { root: folder, folder: "" };
  const [only, second] = await readdir(folder);
  if (only !== undefined && second === undefined && (await isFile(join(folder, only, "pack.yaml")))) {
    return { root: join(folder, only), folder: only };
  }
  throw new Invalid("pack.archive.no-pack", {
    message:
      "The archive holds no pack: there is no pack.yaml at its top, nor in a single folder at its top. A pack is a folder with pack.yaml in it.",
  });
}

async function makeLinks(folder: string, root: string, links: readonly ArchiveEntry[]): Promise<string[]> {
  const paths = new Set(links.map(({ path }) => path));
  const made: { readonly path: string; readonly target: string }[] = [];
  for (const { path, target } of links) {
    const place = join(folder, path);
    if (!place.startsWith(root + sep)) continue; // beside the pack: not taken over
    for (let above = dirname(path); above !== "."; above = dirname(above)) {
      if (paths.has(above)) throw unsafe(path, "lies behind a link"); // U1
    }
    // U2, first by its text; below by where it really leads, through other links.
    const leads = join(dirname(place), target);
    if (target === "" || target.includes("\0") || isAbsolute(target)) throw leadsOut(path, target);
    if (leads !== root && !leads.startsWith(root + sep)) throw leadsOut(path, target);
    await makeFolder(folder, dirname(path));
    try {
      await symlink(target, place);
    } catch (thrown) {
      throw isClash(thrown) ? unsafe(path, "is there twice") : thrown;
    }
    made.push({ path, target });
  }
  const leftOut: string[] = [];
  for (const { path, target } of made) {
    const place = join(folder, path);
    const real = await realpath(place).catch(() => undefined);
    if (real === undefined) leftOut.push(relative(root, place));
    else if (real !== root && !real.startsWith(root + sep)) throw leadsOut(path, target);
  }
  for (const path of leftOut) await unlink(join(root, path));
  return leftOut;
}

function leadsOut(path: string, target: string): Invalid {
  return unsafe(path, `is a link that leads out of the pack (to "${target.slice(0, 200)}")`);
}

async function isFile(path: string): Promise<boolean> {
  // `stat` could follow a link, but there are none yet.
  return stat(path).then(
    (about) => about.isFile(),
    () => false,
  );
}

function isClash(thrown: unknown): boolean {
  return ["EEXIST", "ENOTDIR", "EISDIR"].includes((thrown as NodeJS.ErrnoException).code ?? "");
}

/** zlib's complaints are about the archive, those of the disk are not. */
function translated(thrown: unknown): unknown {
  const code = (thrown as NodeJS.ErrnoException).code ?? "";
  return code.startsWith("Z_") || code.startsWith("ZSTD_") || code === "ERR_BUFFER_OUT_OF_BOUNDS"
    ? unreadable(messageOf(thrown), thrown)
    : thrown;
}
