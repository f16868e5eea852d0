// Lets one process at a time of a checkout do something, such as installing.
//
// X1: the lock file appears with its content, by link(2), so nobody reads a half-written one.
// X2: a lock whose processes are all dead is taken over. It names the holder and the job it started, because a holder that
//     was killed may leave an npm behind that still writes.
// X3: breaking a lock is itself exclusive, and looks again first, so that of two who saw a dead holder only one removes it
//     and neither removes its successor.

import { linkSync, mkdirSync, readFileSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 100;
/** The holder shows that it lives this often, for those who cannot see its process (another container or machine). */
const HEARTBEAT_MS = 5_000;
/** A lock not touched for this long is dead whatever its process ids say: ids are used again. */
const STALE_MS = 10 * 60_000;
/** Breaking takes microseconds; a break mark older than this was left by a process killed in the middle of it. */
const BREAK_MS = 10_000;

/**
 * Runs `work` while holding the lock at `path`, waiting for whoever holds it. `waiting(pid)` is called once if it has to wait.
 * `work` receives `alsoHeldBy(pid)`, to name a child process without which the lock must not be taken over.
 */
export async function exclusively(path, { waiting } = {}, work) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!take(path, [process.pid])) {
    const holder = read(path);
    if (holder === undefined) continue;
    if (isDead(holder)) {
      breakLock(path);
      continue;
    }
    if (!told) waiting?.(holder.pids[0]);
    told = true;
    await delay(POLL_MS);
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS).unref();
  try {
    return await work((pid) => writeFileSync(path, describe([process.pid, pid])));
  } finally {
    clearInterval(heartbeat);
    rmSync(path, { force: true });
  }
}

/** Somebody who deletes the folder by hand takes the lock away; that is no reason to leave the work half done. */
function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}

function describe(pids) {
  return `${JSON.stringify({ host: hostname(), pids })}\n`;
}

/** Creates the lock file with its content in one step (X1). False when it exists. */
function take(path, pids) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, describe(pids));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(own);
  }
}

/** Who holds the lock, and when it was last touched. Undefined when nobody does. */
function read(path) {
  let text;
  let touchedMs;
  try {
    text = readFileSync(path, "utf8");
    touchedMs = statSync(path).mtimeMs;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return { ...JSON.parse(text), touchedMs };
  } catch {
    // Not a lock of ours, or one cut short by a full disk: it counts as held until it is stale.
    return { host: undefined, pids: [], touchedMs };
  }
}

function isDead(holder) {
  if (Date.now() - holder.touchedMs > STALE_MS) return true;
  if (holder.host !== hostname()) return false;
  // Our own id is that of a former process: a restarted container gives the same ids again.
  return holder.pids.every((pid) => pid === process.pid || !isAlive(pid));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Removes the lock if it is dead (X3). Does nothing when another process is at it. */
export function breakLock(path) {
  const mark = `${path}.break`;
  if (!take(mark, [process.pid])) {
    const other = read(mark);
    if (other && Date.now() - other.touchedMs > BREAK_MS) rmSync(mark, { force: true });
    return;
  }
  try {
    const holder = read(path);
    if (holder && isDead(holder)) rmSync(path, { force: true });
  } finally {
    rmSync(mark, { force: true });
  }
}
