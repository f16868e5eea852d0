import { createHash } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { link, lstat, open, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { Conflict, NotFound } from "@squall/model";
import { TAR_END, tarEntry } from "@squall/packs";
import { createSumming, type Dump, openDump, type StorePlace, type Sums } from "@squall/store";
import { DEFAULT_SETTINGS } from "../context.ts";
import { fileTrouble } from "../file-trouble.ts";
import { DATA, HEADER, headerOf, MANIFEST, partName } from "./backup-format.ts";
import type { Progress } from "./progress.ts";

export interface BackupRequest {
  /** Must not be there yet. */
  readonly file: string;
  readonly store: StorePlace;
  readonly dataDirectory: string;
  /** The encryption key; undefined leaves it out. */
  readonly keyFile: string | undefined;
}

export interface BackupDone {
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
}

/** What of the data directory belongs to an installation; the rest can be made again, or is of the moment. */
export const KEPT = ["configs", "known_hosts", "packs"];
export const KEY = "encryption.key";

/**
 * Writes a whole installation into one file, which appears when it is complete, for its owner alone. Servers may go on working: the
 * rows are one consistent look.
 */
export async function backUp(request: BackupRequest, progress: Progress, signal: AbortSignal): Promise<BackupDone> {
  const file = resolve(request.file);
  if (existsSync(file)) {
    throw new Conflict("backup.exists", { message: `${file} is there already; name a file that is not` });
  }
  if (request.keyFile !== undefined && !existsSync(request.keyFile)) {
    throw new NotFound("backup.key-missing", {
      message: `there is no encryption key ${request.keyFile}; --key-file says where it is, --without-key leaves it out (then keep it elsewhere: without it the secrets in the backup cannot be read)`,
    });
  }
  await using dump = await openDump(request.store, { alone: false });
  const draft = `${file}.${process.pid}.part`;
  const done = { rows: 0, files: 0 };
  try {
    const content = Readable.from(contentOf(request, dump, progress, done), { objectMode: false });
    await pipeline(content, createGzip({ level: 1 }), createWriteStream(draft, { flags: "wx", mode: 0o600 }), {
      signal,
    });
    await sync(draft);
    await link(draft, file); // unlike a rename, it never takes the place of another file
    await sync(dirname(file));
    return { ...done, bytes: (await stat(file)).size };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw /^E[A-Z]+$/.test(code) ? fileTrouble(error, "The backup", file, "another name") : error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function* contentOf(
  { dataDirectory, keyFile }: BackupRequest,
  dump: Dump,
  progress: Progress,
  done: { rows: number; files: number },
): AsyncGenerator<Buffer> {
  const counts: Record<string, number> = {};
  for (const table of dump.tables) counts[table.name] = await dump.count(table);
  const { engine, schema, tables } = dump;
  const { version } = DEFAULT_SETTINGS;
  const hasKey = keyFile !== undefined;
  yield* textEntry(
    HEADER,
    headerOf({ version, created: new Date().toISOString(), engine, schema, hasKey, tables, counts }),
  );

  const files: Record<string, string> = {};
  if (keyFile !== undefined) {
    const content = await readFile(keyFile);
    files[KEY] = digestOf(content);
    yield* tarEntry({ path: `${DATA}${KEY}`, kind: "file", executable: false, content });
  }
  for (const name of KEPT) yield* entriesBelow(dataDirectory, name, files);
  done.files = Object.keys(files).length;

  const sums: Record<string, Sums[string]> = {};
  for (const table of tables) {
    const summing = createSumming();
    let part = 0;
    for await (const rows of dump.rows(table)) {
      summing.add(rows);
      const content = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      yield* tarEntry({ path: partName(table.name, ++part), kind: "file", executable: false, content });
      progress.rows("saving", table.name, summing.total.rows, counts[table.name] ?? 0);
    }
    sums[table.name] = summing.total;
    done.rows += summing.total.rows;
  }
  yield* textEntry(MANIFEST, { tables: sums, files });
  yield TAR_END;
}

function textEntry(path: string, value: object): Generator<Buffer> {
  const content = Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`);
  return tarEntry({ path, kind: "file", executable: false, content });
}

/** A file, a link, or all that is in a folder; what is not there is nothing. */
async function* entriesBelow(directory: string, path: string, files: Record<string, string>): AsyncGenerator<Buffer> {
  const full = join(directory, path);
  const about = await lstat(full).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined; // a pack may be removed meanwhile
    throw error;
  });
  if (about?.isDirectory()) {
    for (const name of (await readdir(full)).toSorted()) {
      if (name !== "__pycache__") yield* entriesBelow(directory, `${path}/${name}`, files);
    }
  } else if (about?.isSymbolicLink()) {
    const target = await readlink(full);
    files[path] = digestOf(Buffer.from(target));
    yield* tarEntry({ path: `${DATA}${path}`, kind: "link", target });
  } else if (about?.isFile()) {
    const content = await readFile(full);
    files[path] = digestOf(content);
    yield* tarEntry({ path: `${DATA}${path}`, kind: "file", executable: (about.mode & 0o100) !== 0, content });
  }
}

function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** What is in it survives a loss of power. */
export async function sync(path: string): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}
