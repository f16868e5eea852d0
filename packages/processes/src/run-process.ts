import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import type { Capture } from "./capture.ts";
import type { Environment } from "./environment.ts";
import { MARK } from "./members.ts";
import {
  createCaptures,
  endOf,
  type ProcessEnd,
  type ProcessLimits,
  supervise,
  type Supervision,
} from "./supervise.ts";

/*
 * One child process, started here. What holds, beside what holds for every supervised one (supervise.ts):
 * P1: nothing is started once the signal is aborted.
 * P2: the child leads a session of its own, so its group can be signalled as one.
 */

export interface ProcessRequest extends Supervision {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  readonly environment: Environment;
  /** Written to the child's stdin, which is then closed; absent means an empty stdin. */
  readonly stdin?: string | undefined;
  /** Opens descriptor 3 for the child to answer on, apart from what it prints. */
  readonly answers?: boolean;
}

/** Runs one child process to its end. Never rejects for anything the child does or for a child that cannot start. */
export async function runProcess(request: ProcessRequest, limits: ProcessLimits): Promise<ProcessEnd> {
  const captures = createCaptures(request);
  if (request.signal.aborted) return endOf(captures, "aborted", -constants.signals.SIGTERM); // P1

  let child: ChildProcess;
  try {
    child = start(request);
  } catch (thrown) {
    return endOf(captures, "not-started", -1, whyNotStarted(thrown, request));
  }

  const exited = Promise.withResolvers<number>();
  const closed = Promise.withResolvers<void>();
  child.once("exit", (code, signal) => exited.resolve(code ?? (signal === null ? -1 : -constants.signals[signal])));
  child.once("close", () => closed.resolve());
  child.once("error", (thrown) => exited.reject(thrown));
  keep(child.stdout, captures.stdout);
  keep(child.stderr, captures.stderr);
  keep(pipes(child)[3], captures.answer);
  feed(child.stdin, request.stdin);
  try {
    return await supervise(
      {
        // A child that started has a pid; one that did not has rejected `exited`.
        pid: child.pid ?? 0,
        exited: exited.promise,
        closed: closed.promise,
        release: () => destroyPipes(child),
      },
      captures,
      request,
      limits,
    );
  } catch (thrown) {
    return endOf(captures, "not-started", -1, whyNotStarted(thrown, request));
  }
}

function start(request: ProcessRequest): ChildProcess {
  const stdio: StdioOptions = [request.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"];
  if (request.answers) stdio.push("pipe");
  return spawn(request.file, request.args, {
    stdio,
    cwd: request.cwd,
    env: { ...request.environment, [MARK]: request.mark },
    detached: true, // P2
  });
}

// Descriptors above 2 are typed as maybe writable, maybe readable; ours are sockets and so are both.
function keep(stream: Readable | Writable | null | undefined, capture: Capture): void {
  if (!stream) return;
  stream.on("data", (chunk: Buffer) => capture.push(chunk));
  // A pipe that breaks is an end like any other: what counts is the exit status.
  stream.on("error", () => {});
}

function feed(stream: Writable | null, text: string | undefined): void {
  if (!stream || text === undefined) return;
  // EPIPE: the child did not want to read it all.
  stream.on("error", () => {});
  stream.end(text);
}

/** None when the machine had no descriptor left for them: Node's types do not know that `stdio` is missing then. */
function pipes(child: ChildProcess): readonly (Readable | Writable | null | undefined)[] {
  return child.stdio ?? [];
}

function destroyPipes(child: ChildProcess): void {
  for (const stream of pipes(child)) stream?.destroy();
}

/** Why a program could not be started, in words for people. */
export function whyNotStarted(thrown: unknown, request: Pick<ProcessRequest, "file" | "cwd">): string {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const where = request.cwd === undefined ? "" : ` in folder ${request.cwd}`;
  switch (code) {
    case "ENOENT":
      return `cannot start ${request.file}${where}: the program or the folder does not exist`;
    case "ENOTDIR":
      return `cannot start ${request.file}${where}: that is not a folder`;
    case "EACCES":
      return `cannot start ${request.file}${where}: permission denied; check the execute permission and the folder's`;
    case "E2BIG":
      return `cannot start ${request.file}: arguments and environment together are too long for the system; pass large values through a file or a key`;
    case "EMFILE":
    case "ENFILE":
      return `cannot start ${request.file}: too many open files; raise the limit (ulimit -n) or lower the number of parallel actions`;
    case "EAGAIN":
      return `cannot start ${request.file}: the system has no process left for it; raise the limit (ulimit -u) or lower the number of parallel actions`;
    case "ENOMEM":
      return `cannot start ${request.file}: out of memory`;
    case "ERR_INVALID_ARG_VALUE":
      // Node's own message would repeat the value, which may be a secret.
      return `cannot start ${request.file}: an argument, an environment variable or the folder holds a NUL byte`;
    default:
      return `cannot start ${request.file}${where}: ${code || "unknown error"}`;
  }
}
