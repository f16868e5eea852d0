import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { createCapture } from "@squall/processes";
import type { OutputType } from "@squall/model";
import type { Connection } from "./connection.ts";
import { exec, type ExecEnd } from "./exec.ts";
import { SshFailure, sayWhere } from "./failure.ts";
import { within } from "./patience.ts";
import { type RemoteRun, remoteCommand, signalCommand } from "./remote-command.ts";

export interface HostLimits {
  readonly outputBytes: number;
  /** Between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceMs: number;
  readonly drainMs: number;
}

export interface HostEnd {
  readonly kind: "exited" | "timeout" | "aborted";
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What went wrong besides: processes that could not be ended. */
  readonly note?: string;
}

const STILL_RUNNING_POLL_MS = 200;
const KILL_PASSES = 5;
/** For one look at a host's processes; one that does not answer in that time will not. */
const SIGNAL_MS = 10_000;

/**
 * Runs text on one host and ends it, with all its processes there, when the deadline passes or the signal aborts. Throws
 * SshFailure when it does not come to run or the connection breaks.
 */
export async function runOnHost(
  connection: Connection,
  run: RemoteRun,
  io: { readonly signal: AbortSignal; readonly deadline: AbortSignal; output(type: OutputType, text: string): void },
  limits: HostLimits,
): Promise<HostEnd> {
  const stdout = createCapture(limits.outputBytes, "stdout", (text) => io.output("stdout", text));
  const stderr = createCapture(limits.outputBytes, "stderr", (text) => io.output("stderr", text));
  const command = remoteCommand(run);
  let leader: number | undefined;
  const running = exec(connection, command, {
    onStdout: (chunk) => stdout.push(chunk),
    onStderr: (chunk) => stderr.push(chunk),
    onStarted: (pid) => (leader = pid),
    drainMs: limits.drainMs,
  });
  const stop = AbortSignal.any([io.signal, io.deadline]);
  const stopped = Promise.withResolvers<"stopped">();
  const abort = () => stopped.resolve("stopped");
  if (stop.aborted) abort();
  stop.addEventListener("abort", abort, { once: true });
  const texts = () => {
    stdout.end();
    stderr.end();
    return { stdout: stdout.text(), stderr: stderr.text() };
  };
  try {
    const first = await Promise.race([running, stopped.promise]);
    if (first !== "stopped") return { kind: "exited", code: codeOf(first), ...texts() };
    const kind = io.signal.aborted ? "aborted" : "timeout";
    const note = await endRun(connection, { mark: command.mark, leader, sudo: run.sudo }, running, limits);
    return { kind, code: -9, ...texts(), ...(note !== undefined && { note }) };
  } finally {
    stop.removeEventListener("abort", abort);
    // After `stopped` its end is nobody's news: the connection is closed by whoever lent it.
    running.catch(() => {});
  }
}

/** Undefined when everything is gone, else what is not known to be. */
async function endRun(
  connection: Connection,
  run: { readonly mark: string; readonly leader: number | undefined; readonly sudo?: RemoteRun["sudo"] },
  running: Promise<ExecEnd>,
  limits: HostLimits,
): Promise<string | undefined> {
  const signal = async (name: "TERM" | "KILL" | "0"): Promise<number> => {
    let said = "";
    const look = exec(connection, signalCommand(run, name), {
      onStdout: (chunk) => (said += chunk.toString("latin1")),
      onStderr: () => {},
      drainMs: limits.drainMs,
    });
    const end = await within(SIGNAL_MS, look);
    const count = Number(said.trim());
    if (end.code !== 0 || said.trim() === "" || !Number.isInteger(count))
      throw new SshFailure("runner.ssh.broken", { message: "the host did not list its processes" });
    return count;
  };
  try {
    let left = await signal("TERM");
    const killAt = performance.now() + limits.graceMs;
    while (left > 0 && performance.now() < killAt) {
      await delay(Math.min(STILL_RUNNING_POLL_MS, limits.graceMs));
      left = await signal("0");
    }
    // Again, for what was started while the list was gone through.
    for (let passes = 0; left > 0 && passes < KILL_PASSES; passes++) left = await signal("KILL");
    // What was written before the end is still on its way.
    await within(limits.drainMs, running).catch(() => {});
    return undefined;
  } catch {
    return `${sayWhere(connection.target)} does not answer any more; processes of the run may still be there`;
  }
}

/** As the local runners count: the exit status, or minus the signal's number. */
function codeOf({ code, signal }: ExecEnd): number {
  if (code !== undefined) return code;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  const number = signal === undefined ? undefined : numbers[`SIG${signal.replace(/^SIG/, "")}`];
  return number === undefined ? -1 : -number;
}
