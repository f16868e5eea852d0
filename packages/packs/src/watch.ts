/**
 * Tells when a pack's folder changed.
 *
 * I1: no change is lost. What the file system tells is a hint (it may miss files in folders that were just made, and
 *     there may be no watches left), so the folder is also looked through now and then and compared with what it was.
 * I2: what counts as seen is noted before `onChange` reads, so a change while it reads brings another call.
 */
import { watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isContent } from "./digest.ts";

export interface WatchOptions {
  /** How long it must be quiet before a burst of changes counts as over, milliseconds. Default 100. */
  readonly quietMs?: number;
  /** How often the folder is looked through, milliseconds. Default 2,000. */
  readonly checkEveryMs?: number;
}

/** Editors and builds that never pause must not keep a change from being told: so many quiet times are waited for. */
const MOST_QUIET_TIMES = 20;

/**
 * Calls `onChange` once the watch stands, and again after every burst of changes, one call at a time, until `signal`
 * aborts; then it resolves. Compiled Python (`*.pyc`, `__pycache__`) and `.git` do not count. The folder may go and
 * come back. A rejection of `onChange` ends the watch with it.
 */
export async function watchPack(
  directory: string,
  onChange: () => Promise<void>,
  signal: AbortSignal,
  { quietMs = 100, checkEveryMs = 2_000 }: WatchOptions = {},
): Promise<void> {
  let changed = true;
  let waiting = new AbortController();
  /** Resolves after `ms`, or at once when something changes or the watch ends. */
  const pause = async (ms: number): Promise<void> => {
    waiting = new AbortController();
    await sleep(ms, undefined, { signal: AbortSignal.any([signal, waiting.signal]) }).catch(() => {});
  };
  const quiet = async (): Promise<void> => {
    for (let times = 0; times < MOST_QUIET_TIMES && !signal.aborted; times++) {
      changed = false;
      await pause(quietMs);
      if (!changed) return;
    }
  };
  const stop = hints(directory, () => {
    changed = true;
    waiting.abort();
  });
  try {
    let seen: string | undefined;
    while (!signal.aborted) {
      if (!changed) await pause(checkEveryMs);
      const hinted = changed;
      // The first look needs no quiet: nothing has changed yet.
      if (hinted && seen !== undefined) await quiet();
      if (signal.aborted) return;
      changed = false;
      const now = await fingerprint(directory); // I2
      if (!hinted && now === seen) continue;
      seen = now;
      await onChange();
    }
  } finally {
    stop();
  }
}

function hints(directory: string, changed: () => void): () => void {
  try {
    const watcher = watch(directory, { recursive: true }, (_, name) => {
      if (name === null || isContent(name)) changed();
    });
    // I1: without it changes are still found, only later.
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    // No folder yet, or no watches left on this machine: I1 again.
    return () => {};
  }
}

/** Changes with every file that counts; empty when there is no folder. */
async function fingerprint(directory: string): Promise<string> {
  const lines: string[] = [];
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  for (const name of names.filter(isContent).sort()) {
    const found = await stat(join(directory, name), { bigint: true }).catch(() => undefined);
    if (found?.isFile())
      lines.push(`${name} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs} ${found.mode}`);
  }
  return lines.join("\n");
}
