import { setTimeout as delay } from "node:timers/promises";
import { findMembers } from "./members.ts";

export interface Tree {
  /** Process id of the leader, which is also its group's and session's. */
  readonly pid: number;
  readonly mark: string;
  /** How long processes may take to end after SIGTERM, in milliseconds. */
  readonly graceMs: number;
}

/** Between two looks at who is still there. */
const LOOK_MS = 20;
/** A fork bomb may win a round; it does not win this many. */
const KILL_ROUNDS = 100;

/**
 * Ends every process of a run: SIGTERM, up to `graceMs` of patience, SIGKILL. Resolves when none is left, with the
 * processes that could not be ended (another user's, after `sudo`) or did not go away.
 */
export async function killTree(tree: Tree): Promise<readonly number[]> {
  let left = signalAll(tree, "SIGTERM");
  const until = performance.now() + tree.graceMs;
  while (left.length > 0 && performance.now() < until) {
    await delay(LOOK_MS);
    left = findMembers(tree.pid, tree.mark);
  }
  for (let round = 0; left.length > 0 && round < KILL_ROUNDS; round++) {
    signalAll(tree, "SIGKILL");
    await delay(round === 0 ? 1 : LOOK_MS);
    left = findMembers(tree.pid, tree.mark);
  }
  return left;
}

function signalAll(tree: Tree, signal: NodeJS.Signals): number[] {
  // Looked up before the signal: once parents die, their children can no longer be traced through them.
  const members = findMembers(tree.pid, tree.mark);
  send(-tree.pid, signal);
  for (const pid of members) send(pid, signal);
  return members;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, or not ours: the caller looks again at who is left.
  }
}
