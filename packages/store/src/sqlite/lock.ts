import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Unavailable } from "@squall/model";
import { isBusy } from "./failures.ts";

export interface DirectoryLock {
  release(): void;
}

/**
 * Takes a data directory for this process alone, or throws Unavailable `store.in-use` at once.
 *
 * The lock is SQLite's exclusive lock on an empty database beside the data: the operating system grants it to one
 * process and drops it when that process dies, however it dies, so it is never stale and two that start together cannot
 * both have it. SQLite also keeps apart two holders inside one process, which bare POSIX locks would not; for the same
 * reason nothing here may open and close the lock file by other means, which would drop the lock.
 * The pid file is only for the message.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const file = join(directory, "squall.lock");
  const pidFile = join(directory, "squall.pid");
  const connection = new DatabaseSync(file);
  try {
    // Also proves that the file can be written: on one that cannot, SQLite takes "begin exclusive" for a mere read.
    chmodSync(file, 0o600);
    connection.exec("pragma journal_mode = memory; begin exclusive");
    // Written aside and renamed, so that a reader never sees half a number.
    const draft = `${pidFile}.${randomBytes(6).toString("hex")}`;
    writeFileSync(draft, `${process.pid}\n`, { mode: 0o600 });
    renameSync(draft, pidFile);
  } catch (error) {
    connection.close();
    if (!isBusy(error)) throw error;
    const owner = ownerOf(pidFile);
    throw new Unavailable("store.in-use", {
      message: `the data directory ${directory} is in use by another Squall server${owner ? ` (process ${owner})` : ""}; stop that one, or start this one with another --data directory`,
      fields: owner ? { pid: owner } : {},
      cause: error,
    });
  }
  return {
    release() {
      rmSync(pidFile, { force: true });
      connection.close();
    },
  };
}

function ownerOf(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined; // the winner has not written it yet; the message does without
  }
}
