import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import type { ProcessTable } from "./members.ts";

export interface Tree {
  /** Process id of the leader, which is also its group's and session's. */
  readonly pid: number;
  readonly mark: string;
  /** `performance.now()` right after the leader was started. */
  readonly startedAt: number;
  /** How long processes may take to end after SIGTERM, in milliseconds. */
  readonly graceMs: number;
  readonly table: ProcessTable;
  /** How to signal what runs as another user. */
  readonly elevate?: Elevation | undefined;
}

/** The start of a command line that runs what follows it as another user (sudo), and what that wants on stdin. */
export interface Elevation {
  readonly argv: readonly string[];
  readonly stdin?: string | undefined;
}

/** Between two looks at who is still there: short first, since most end at once. */
const FIRST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 200;
/** A fork bomb may win a round; it does not win this many. */
const KILL_ROUNDS = 40;
/** sudo answers at once or waits for a password that nobody will type. */
const ELEVATED_TIMEOUT_MS = 5_000;

/**
 * Ends every process of a run: SIGTERM, up to `graceMs` of patience, SIGKILL. Resolves when none is left, with the
 * processes that could not be ended.
 */
export async function killTree(tree: Tree): Promise<readonly number[]> {
  await signalAll(tree, "SIGTERM");
  const until = performance.now() + tree.graceMs;
  let left = members(tree);
  for (let wait = FIRST_LOOK_MS; left.length > 0 && performance.now() < until; wait = longer(wait)) {
    await delay(Math.min(wait, until - performance.now()));
    left = members(tree);
  }
  let wait = FIRST_LOOK_MS;
  for (let round = 0; left.length > 0 && round < KILL_ROUNDS; round++) {
    await signalAll(tree, "SIGKILL");
    await delay(wait);
    wait = longer(wait);
    left = members(tree);
  }
  return left;
}

function members(tree: Tree): number[] {
  return tree.table.members(tree.pid, tree.mark, tree.startedAt);
}

function longer(ms: number): number {
  return Math.min(ms * 1.5, LONGEST_LOOK_MS);
}

async function signalAll(tree: Tree, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  // Looked up before the signal: once parents die, their children can no longer be traced through them.
  const targets = members(tree);
  // -0 would be this process's own group, -1 everything that it may signal.
  if (tree.pid > 1) send(-tree.pid, signal);
  const refused = targets.filter((pid) => send(pid, signal) === "EPERM");
  if (refused.length > 0 && tree.elevate) await sendElevated(tree.elevate, refused, signal);
}

function send(pid: number, signal: NodeJS.Signals): string {
  try {
    process.kill(pid, signal);
    return "sent";
  } catch (thrown) {
    // ESRCH: gone already.
    return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  }
}

/** Whether it helped shows in the next look at who is left. */
export async function sendElevated(
  elevate: Elevation,
  pids: readonly number[],
  signal: "SIGTERM" | "SIGKILL",
): Promise<void> {
  const [file = "sudo", ...args] = elevate.argv;
  const kill = [...args, "kill", "-s", signal.slice("SIG".length), ...pids.map(String)];
  const child = spawn(file, kill, {
    stdio: ["pipe", "ignore", "ignore"],
    timeout: ELEVATED_TIMEOUT_MS,
    env: { PATH: process.env.PATH },
  });
  child.stdin.on("error", () => {}); // it did not want the password
  child.stdin.end(elevate.stdin ?? "");
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once("close", () => resolve()).once("error", () => resolve());
  await promise;
}
