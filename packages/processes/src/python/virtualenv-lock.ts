import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

/** How often a waiter looks whether the lock is free: nothing beside the seconds that a build takes. */
const LOOK_MS = 100;

/**
 * Waits until this is the only holder of `file`'s lock on the machine, in this process and all others, and gives what
 * lets go of it. Rejects with the signal's reason on abort.
 *
 * The lock is SQLite's exclusive lock on an empty database, as for the data directory: the operating system drops it when
 * its process dies, however it dies, so a build that was killed holds nobody up.
 */
export async function takeLock(file: string, signal: AbortSignal, onWait: () => void): Promise<() => void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (let waited = false; ; waited = true) {
    signal.throwIfAborted();
    const release = tryLock(file);
    if (release) return release;
    if (!waited) onWait();
    await delay(LOOK_MS, undefined, { signal });
  }
}

function tryLock(file: string): (() => void) | undefined {
  const connection = new DatabaseSync(file);
  try {
    // Also proves that the file can be written: on one that cannot, SQLite takes "begin exclusive" for a mere read.
    chmodSync(file, 0o600);
    connection.exec("pragma journal_mode = memory; begin exclusive");
    return () => connection.close();
  } catch (thrown) {
    connection.close();
    if (isBusy(thrown)) return undefined;
    throw thrown;
  }
}

/** SQLITE_BUSY; its extended codes have it in their low byte. */
function isBusy(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    "errcode" in thrown &&
    typeof thrown.errcode === "number" &&
    (thrown.errcode & 0xff) === 5
  );
}
