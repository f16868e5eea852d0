import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Duplex, Readable } from "node:stream";
import type { Environment } from "./environment.ts";
import { killTree } from "./kill-tree.ts";
import { MARK, type ProcessTable } from "./members.ts";
import { whyNotStarted } from "./run-process.ts";

export interface StayingRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Environment;
  /** Identifies the process and its descendants, also to a later start of the server; unique on the machine. */
  readonly mark: string;
  /** Between SIGTERM and SIGKILL when it is stopped, in milliseconds. */
  readonly graceMs: number;
  readonly table: ProcessTable;
}

/** A child process that stays until it ends or is stopped, and that one talks to. */
export interface StayingProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Descriptor 3 of the child: both ways, apart from what it prints. */
  readonly channel: Duplex;
  /**
   * Resolves when the process has ended and none of its descendants is left; those that it left behind are ended too.
   * `code` is as Python counts: the exit status, or minus the number of the signal. Never rejects.
   */
  readonly ended: Promise<{ readonly code: number; readonly survivors: readonly number[] }>;
  /** Ends it with all its descendants: SIGTERM, patience, SIGKILL. Resolves with `ended`. */
  stop(): Promise<void>;
}

/** How long output is still awaited once all of them are gone. */
const DRAIN_MS = 500;

/**
 * Starts a process that stays, from this process itself: there are few of them and they start seldom, so the launcher
 * (launcher/launcher.ts) would win nothing, and the channel would have to go through it.
 *
 * Resolves once the program runs. @throws Error with words for people when it cannot be started
 */
export async function startStaying(request: StayingRequest): Promise<StayingProcess> {
  let child: ChildProcess;
  try {
    child = spawn(request.file, request.args, {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      cwd: request.cwd,
      env: { ...request.environment, [MARK]: request.mark },
      detached: true,
    });
  } catch (thrown) {
    throw new Error(whyNotStarted(thrown, request), { cause: thrown });
  }
  const startedAt = performance.now();
  const exited = Promise.withResolvers<number>();
  child.once("exit", (code, signal) => exited.resolve(code ?? (signal === null ? -1 : -constants.signals[signal])));
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (thrown) => reject(new Error(whyNotStarted(thrown, request), { cause: thrown })));
  });
  child.on("error", () => undefined); // a signal that could not be sent: killTree looks for itself
  const pid = child.pid ?? 0; // there is one once it was spawned
  const [, stdout, stderr, channel] = child.stdio as unknown as [null, Readable, Readable, Duplex];
  const closed = Promise.all([stdout, stderr].map(whenClosed));
  // A pipe that breaks is an end like any other: what counts is the exit.
  for (const stream of [stdout, stderr, channel]) stream.on("error", () => undefined);

  let stopping: Promise<readonly number[]> | undefined;
  const end = () =>
    (stopping ??= killTree({
      pid,
      mark: request.mark,
      startedAt,
      graceMs: request.graceMs,
      table: request.table,
    }));
  const ended = (async () => {
    const code = await exited.promise;
    // What it left behind would go on unseen, and hold its pipes.
    const survivors = await end();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, DRAIN_MS);
    await Promise.race([closed, promise]);
    clearTimeout(timer);
    for (const stream of [stdout, stderr, channel]) stream.destroy();
    return { code, survivors };
  })();

  return {
    pid,
    stdout,
    stderr,
    channel,
    ended,
    async stop() {
      await end();
      await ended;
    },
  };
}

function whenClosed(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}
