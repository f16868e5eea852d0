// Child processes of the scripts. Two kinds, which differ in who hears Ctrl-C:
// C1: a foreground child (the server, the CLI) is in our process group and owns the terminal; we end as it ended.
// C2: a job (npm, a compiler, tests) is a process group of its own; when we are told to stop, the whole group ends first.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { leftovers } from "./leftovers.mjs";

/** How long a job's processes may take over SIGTERM before SIGKILL: a test has to stop its server within it. */
const GRACE_MS = 5_000;

/** The exit status a shell reports for an ended process: its code, or 128 plus the number of the signal that ended it. */
export function exitStatus({ code, signal }) {
  return signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1);
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

/** Runs a program in the foreground with our standard streams, and answers `{ code, signal }` when it has ended. */
export async function foreground(program, args, { env = process.env, cwd } = {}) {
  const child = spawn(program, args, { stdio: "inherit", env, cwd });
  const onSignal = (signal) => {
    // A terminal sends its Ctrl-C to every process of the group, so the child has it already; a second one would read as "at once".
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await ended(child);
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/**
 * Runs a program as a job and answers `{ code, signal, output, message }` when it has ended.
 *
 * With `keep: "output"` what it prints is not shown but kept, the last 64 kB of it; otherwise it goes to our streams.
 * `message` is the last thing it sent over its IPC channel, for a job started with `ipc: true`; `heard` is called at each.
 * When this process is told to stop, the job's group is ended, then this process exits with the signal's status.
 */
export async function job(program, args, { env = process.env, cwd, keep, ipc = false, started, heard } = {}) {
  const out = keep === "output" ? "pipe" : "inherit";
  const child = spawn(program, args, {
    stdio: ipc ? ["ignore", out, out, "ipc"] : ["ignore", out, out],
    env,
    cwd,
    detached: true,
  });
  let output = "";
  let message;
  const collect = (chunk) => {
    output = (output + chunk).slice(-65_536);
  };
  child.stdout?.setEncoding("utf8").on("data", collect);
  child.stderr?.setEncoding("utf8").on("data", collect);
  child.on("message", (value) => {
    message = value;
    heard?.();
  });

  /** @type {Promise<never> | undefined} */
  let stopping;
  const onSignal = (signal) => {
    stopping ??= stopGroup(child).then(() => process.exit(exitStatus({ signal })));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  // Should a mistake of ours end this process, the job must not go on without it.
  const onExit = () => signalGroup(child.pid, "SIGKILL");
  process.on("exit", onExit);
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const over = ended(child);
    if (child.pid !== undefined) started?.(child.pid);
    const { code, signal } = await over;
    // Told to stop: the process exits when its group has ended, and nothing more is to be started until then.
    if (stopping !== undefined) await stopping;
    return { code, signal, output, message };
  } finally {
    process.off("exit", onExit);
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** Ends every process of the child's group: SIGTERM, then SIGKILL for what is left after the grace. */
async function stopGroup(child) {
  signalGroup(child.pid, "SIGTERM");
  const deadline = Date.now() + GRACE_MS;
  while (isAlive(child.pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 25));
  signalGroup(child.pid, "SIGKILL");
}

function isAlive(group) {
  return process.platform === "linux" ? leftovers(group).length > 0 : signalGroup(group, 0);
}

/** False when no process of the group is left. */
function signalGroup(pid, signal) {
  if (pid === undefined) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (error.code === "ESRCH") return false;
    throw error;
  }
}
