import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm, rmdir, symlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { Conflict, Unavailable } from "@squall/model";
import { copyStore, openDump, openLoad } from "@squall/store";
import { fileTrouble } from "../file-trouble.ts";
import { KEPT, KEY, sync } from "./backup.ts";
import { unreadable } from "./backup-format.ts";
import { type BackupReader, openBackup } from "./read-backup.ts";
import type { Progress } from "./progress.ts";

export interface RestoreRequest {
  readonly file: string;
  readonly dataDirectory: string;
  /** A PostgreSQL database for the rows; undefined for a file in the data directory. */
  readonly storeUrl: string | undefined;
  /** Moves what is in the data directory aside. */
  readonly force: boolean;
}

export interface RestoreDone {
  readonly rows: number;
  readonly files: number;
  readonly created: string;
  readonly hasKey: boolean;
  /** Where what was in the data directory is now. */
  readonly aside: string | undefined;
  /** The database held exactly these rows already. */
  readonly wasThere: boolean;
}

/**
 * Brings an installation back. Everything is put together beside the data directory, held to the backup's sums and read back
 * from the store, and only then takes its place: whatever happens before leaves things as they were.
 */
export async function restore(request: RestoreRequest, progress: Progress, signal: AbortSignal): Promise<RestoreDone> {
  const directory = resolve(request.dataDirectory);
  await using backup = await openBackup(resolve(request.file));
  const isOccupied = await refuseOccupied(directory, request.force);
  let draft: string;
  try {
    await mkdir(dirname(directory), { recursive: true });
    draft = await mkdtemp(`${directory}.restoring-`);
  } catch (error) {
    throw fileTrouble(error, "The data directory", directory, "--data");
  }
  try {
    const { header } = backup;
    const store = request.storeUrl === undefined ? { directory: draft } : { url: request.storeUrl };
    const files = await unpackFiles(request.file, backup, draft);
    let done: Awaited<ReturnType<typeof copyStore>>;
    {
      await using load = await openLoad(store, header);
      done = await copyStore(
        backup,
        load,
        ({ step, table, rows, of }) => progress.rows(step === "copy" ? "restoring" : "reading back", table, rows, of),
        signal,
      );
    }
    await rm(join(draft, "squall.lock"), { force: true });
    await sync(draft);
    const aside = isOccupied ? await moveAside(directory) : undefined;
    if (!isOccupied && existsSync(directory)) await rmdir(directory); // empty
    await rename(draft, directory);
    await sync(dirname(directory));
    const { created, hasKey } = header;
    return { rows: total(done.sums), files, created, hasKey, aside, wasThere: done.wasThere };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Reads all of a backup and holds it to its sums, without restoring anything. */
export async function checkBackup(file: string, progress: Progress): Promise<RestoreDone> {
  await using backup = await openBackup(resolve(file));
  const files = await backup.files();
  let all = 0;
  for (const table of backup.tables) {
    let rows = 0;
    for await (const some of backup.rows(table)) {
      rows += some.length;
      progress.rows("checking", table.name, rows, backup.header.counts[table.name] ?? 0);
    }
    all += rows;
  }
  const { created, hasKey } = backup.header;
  return { rows: all, files, created, hasKey, aside: undefined, wasThere: false };
}

function total(sums: Readonly<Record<string, { readonly rows: number }>>): number {
  return Object.values(sums).reduce((all, { rows }) => all + rows, 0);
}

/** Whether something is in the data directory that may be moved aside. */
async function refuseOccupied(directory: string, force: boolean): Promise<boolean> {
  const found = existsSync(directory) ? readdirSync(directory) : [];
  if (found.length === 0) return false;
  // Whoever has the database cannot be asked where there is none: on PostgreSQL the file tells.
  if (found.includes("squall.db")) await (await openDump({ directory }, { alone: true }))[Symbol.asyncDispose]();
  const server = runningServer(join(directory, "server.json"));
  if (server !== undefined) {
    throw new Unavailable("store.in-use", {
      message: `the data directory ${directory} is in use by another Squall server (process ${server}); stop that one first`,
    });
  }
  if (force) return true;
  throw new Conflict("restore.not-empty", {
    message: `the data directory ${directory} is not empty; name another one with --data, or let --force move what is there aside`,
  });
}

/** The process that says that it uses the directory, if there is one. */
function runningServer(file: string): number | undefined {
  let pid: unknown;
  try {
    // Cast: what `announce` wrote, and looked at below.
    pid = (JSON.parse(readFileSync(file, "utf8")) as { pid?: unknown }).pid;
  } catch {
    return undefined; // no server was there, or it died while it wrote this
  }
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid < 1) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? pid : undefined; // EPERM: another user's
  }
}

async function moveAside(directory: string): Promise<string> {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  const aside = join(dirname(directory), `${basename(directory)}.before-restore-${stamp}`);
  await rename(directory, aside);
  return aside;
}

/** Links last, so that nothing is written through one; none leads out of the data directory. */
async function unpackFiles(file: string, backup: BackupReader, draft: string): Promise<number> {
  const links: { readonly path: string; readonly target: string }[] = [];
  const count = await backup.files(async (path, entry) => {
    const place = placeOf(file, draft, path);
    if (entry.kind === "link") {
      const leads = join(dirname(place), entry.target);
      if (isAbsolute(entry.target) || !leads.startsWith(draft + sep))
        throw unreadable(file, `the link ${shown(path)} leads out of the data directory`);
      links.push({ path: place, target: entry.target });
      return;
    }
    if (entry.kind !== "file") throw unreadable(file, `${shown(path)} is neither file nor link`);
    try {
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await using handle = await open(place, "wx", entry.executable ? 0o700 : 0o600);
      for await (const chunk of entry.content()) await handle.writeFile(chunk);
      await handle.sync();
    } catch (error) {
      throw fileTrouble(error, "The restored file", place, "--data");
    }
  });
  for (const { path, target } of links) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await symlink(target, path);
  }
  return count;
}

function placeOf(file: string, draft: string, path: string): string {
  const parts = path.split("/");
  const isSafe =
    [KEY, ...KEPT].includes(parts[0] ?? "") &&
    parts.every((part) => part !== "" && part !== "." && part !== "..") &&
    !path.includes("\0");
  if (!isSafe) throw unreadable(file, `it holds the path ${shown(path)}`);
  return join(draft, ...parts);
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}
