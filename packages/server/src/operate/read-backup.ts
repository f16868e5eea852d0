import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { messageOf, SquallError } from "@squall/model";
import { type ArchiveEntry, readTar } from "@squall/packs";
import { createSumming, type Dump, type DumpRow, type DumpTable, type TableSum } from "@squall/store";
import {
  type BackupHeader,
  checkHeader,
  checkManifest,
  DATA,
  HEADER,
  MANIFEST,
  rowsOf,
  tableOf,
  textOf,
  unreadable,
} from "./backup-format.ts";

/** Takes a file or link of the data directory; `path` is below it, and as the archive has it. */
export type OnFile = (path: string, entry: ArchiveEntry) => Promise<void>;

/**
 * A backup that is read from front to back, once: `header`, then `files`, then `rows` of the tables in their order. After the
 * last table everything that was read is held to the manifest, and what differs is thrown, before a load would be permanent.
 */
export interface BackupReader extends Dump {
  readonly header: BackupHeader;
  /** Reads the files; without `onFile` only for their digests. Answers how many. */
  files(onFile?: OnFile): Promise<number>;
}

export async function openBackup(file: string): Promise<BackupReader> {
  const raw = createReadStream(file);
  const plain = createGunzip();
  raw.on("error", (error) => plain.destroy(error)).pipe(plain);
  const close = (): void => {
    raw.destroy();
    plain.destroy();
  };
  const entries = readTar(plain);
  const next = async (): Promise<ArchiveEntry | undefined> => {
    try {
      const found: IteratorResult<ArchiveEntry, unknown> = await entries.next();
      return found.done ? undefined : found.value;
    } catch (error) {
      throw translated(file, error);
    }
  };
  try {
    const first = await next();
    if (first?.path !== HEADER) throw unreadable(file, "it was not made by `squall backup`");
    const header = checkHeader(file, await textOf(first));
    return createReader(file, header, next, close);
  } catch (error) {
    close();
    throw translated(file, error);
  }
}

function createReader(
  file: string,
  header: BackupHeader,
  next: () => Promise<ArchiveEntry | undefined>,
  close: () => void,
): BackupReader {
  const digests: Record<string, string> = {};
  const sums: Record<string, TableSum> = {};
  let current: ArchiveEntry | undefined;
  let areFilesRead = false;

  const files = async (onFile?: OnFile): Promise<number> => {
    areFilesRead = true;
    for (;;) {
      const entry = await next();
      current = entry;
      if (!entry?.path.startsWith(DATA)) return Object.keys(digests).length;
      const path = entry.path.slice(DATA.length);
      const hash = createHash("sha256");
      if (entry.kind === "link") hash.update(entry.target);
      const counted: ArchiveEntry = {
        ...entry,
        async *content() {
          for await (const chunk of entry.content()) {
            hash.update(chunk);
            yield chunk;
          }
        },
      };
      if (onFile) await onFile(path, counted);
      else for await (const _ of counted.content());
      digests[path] = hash.digest("hex");
    }
  };

  const verify = async (): Promise<void> => {
    if (current?.path !== MANIFEST) throw unreadable(file, "it ends early, or holds what no backup has");
    const manifest = checkManifest(file, await textOf(current));
    if ((await next()) !== undefined) throw unreadable(file, "something follows its end");
    const wrong = [
      ...differences(digests, manifest.files, (a, b) => a === b),
      ...differences(sums, manifest.tables, (a, b) => a.rows === b.rows && a.sum === b.sum),
    ];
    if (wrong.length > 0) throw unreadable(file, `it is damaged (${wrong.slice(0, 5).join(", ")})`);
  };

  async function* rows(table: DumpTable): AsyncGenerator<readonly DumpRow[]> {
    try {
      if (!areFilesRead) await files();
      const summing = createSumming();
      for (; current !== undefined && tableOf(current.path) === table.name; current = await next()) {
        const found = rowsOf(file, table, await textOf(current));
        summing.add(found);
        yield found;
      }
      sums[table.name] = summing.total;
      if (table === header.tables.at(-1)) await verify();
    } catch (error) {
      throw translated(file, error);
    }
  }

  return {
    header,
    engine: header.engine,
    schema: header.schema,
    where: `the backup ${file}`,
    tables: header.tables,
    count: async ({ name }) => header.counts[name] ?? 0,
    files,
    rows,
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}

function differences<T>(
  found: Readonly<Record<string, T>>,
  wanted: Readonly<Record<string, T>>,
  isSame: (a: T, b: T) => boolean,
): string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  return [...names].filter((name) => {
    const [a, b] = [found[name], wanted[name]];
    return a === undefined || b === undefined || !isSame(a, b);
  });
}

/** The reader of archives speaks of packs, and zlib of streams. */
function translated(file: string, error: unknown): unknown {
  if (error instanceof SquallError) {
    return error.code.startsWith("pack.archive.") ? unreadable(file, "it is damaged or ends early", error) : error;
  }
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ENOENT") return unreadable(file, "there is no such file", error);
  if (code.startsWith("Z_")) return unreadable(file, `it is damaged or ends early (${messageOf(error)})`, error);
  return code.startsWith("E") ? unreadable(file, messageOf(error), error) : error;
}
