import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { type Capture, createCapture } from "./capture.ts";
import type { Environment } from "./environment.ts";
import { type Elevation, killTree } from "./kill-tree.ts";
import { MARK, type ProcessTable } from "./members.ts";

/*
 * One child process from start to end. What holds:
 * P1: nothing is started once the signal is aborted.
 * P2: the child leads a session of its own, so its group can be signalled as one.
 * P3: on timeout and abort every process of the run is gone before the promise settles.
 * P4: the promise settles within `drainMs` of the child's exit, even if somebody else still holds its pipes.
 * P5: at most `outputBytes` of each stream are kept, however much comes.
 */

export interface ProcessRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  readonly environment: Environment;
  /** Identifies the run's processes; unique per execution. */
  readonly mark: string;
  /** Written to the child's stdin, which is then closed; absent means an empty stdin. */
  readonly stdin?: string | undefined;
  readonly timeoutMs: number;
  readonly outputBytes: number;
  /** How to signal a child that runs as another user. */
  readonly elevate?: Elevation | undefined;
  /** Opens descriptor 3 for the child to answer on, apart from what it prints. */
  readonly answers?: boolean;
  readonly signal: AbortSignal;
  onOutput(type: "stdout" | "stderr", text: string): void;
}

export interface ProcessLimits {
  /** Between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceMs: number;
  /** How long output is still awaited after the child ended, in milliseconds. */
  readonly drainMs: number;
  readonly table: ProcessTable;
}

export interface ProcessEnd {
  readonly kind: "exited" | "timeout" | "aborted" | "not-started";
  /** As Python counts: the exit status, or minus the number of the signal that ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What came on descriptor 3. */
  readonly answer: Buffer;
  readonly isAnswerCut: boolean;
  /** Why it did not start; what could not be ended. */
  readonly error?: string;
}

// Node's timers hold 31 bits of milliseconds.
const LONGEST_MS = 2 ** 31 - 1;

/** Runs one child process to its end. Never rejects for anything the child does or for a child that cannot start. */
export async function runProcess(request: ProcessRequest, limits: ProcessLimits): Promise<ProcessEnd> {
  const stdout = createCapture(request.outputBytes, "stdout", (text) => request.onOutput("stdout", text));
  const stderr = createCapture(request.outputBytes, "stderr", (text) => request.onOutput("stderr", text));
  const answer = createCapture(request.outputBytes, "the answer");
  const end = (kind: ProcessEnd["kind"], code: number, error?: string): ProcessEnd => ({
    kind,
    code,
    stdout: stdout.text(),
    stderr: stderr.text(),
    answer: answer.bytes(),
    isAnswerCut: answer.isCut,
    ...(error === undefined ? {} : { error }),
  });
  if (request.signal.aborted) return end("aborted", -constants.signals.SIGTERM); // P1

  let child: ChildProcess;
  try {
    child = start(request);
  } catch (thrown) {
    return end("not-started", -1, whyNotStarted(thrown, request));
  }

  const startedAt = performance.now();
  const exited = Promise.withResolvers<number>();
  const closed = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<"timeout" | "aborted">();
  child.once("exit", (code, signal) => exited.resolve(code ?? (signal === null ? -1 : -constants.signals[signal])));
  child.once("close", () => closed.resolve());
  child.once("error", (thrown) => exited.reject(thrown));
  keep(child.stdout, stdout);
  keep(child.stderr, stderr);
  keep(pipes(child)[3], answer);
  feed(child.stdin, request.stdin);

  const onAbort = () => stopped.resolve("aborted");
  request.signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => stopped.resolve("timeout"), Math.min(request.timeoutMs, LONGEST_MS));
  try {
    const first = await Promise.race([exited.promise, stopped.promise]);
    let left: readonly number[] = [];
    if (typeof first === "string") {
      // A child that started has a pid; one that did not has rejected `exited` and is not here.
      left = await killTree({
        pid: child.pid ?? 0,
        mark: request.mark,
        startedAt,
        graceMs: limits.graceMs,
        table: limits.table,
        elevate: request.elevate,
      }); // P3
      if (left.length > 0) {
        destroyPipes(child);
        return end(first, -constants.signals.SIGKILL, `processes ${left.join(", ")} of it could not be ended`);
      }
    }
    const code = await exited.promise;
    await Promise.race([closed.promise, expiry(limits.drainMs, closed.promise)]); // P4
    destroyPipes(child);
    stdout.end();
    stderr.end();
    return end(typeof first === "string" ? first : "exited", code);
  } catch (thrown) {
    destroyPipes(child);
    return end("not-started", -1, whyNotStarted(thrown, request));
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
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

async function expiry(ms: number, unless: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, unless]);
  clearTimeout(timer);
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
