import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import {
  type Capture,
  createCapture,
  createProcessTable,
  type Environment,
  killTree,
  MARK,
  type ProcessEnd,
} from "@squall/processes";
import { createEndMark } from "./end-mark.ts";
import { createUnframer, frame, type FromHost, type RunMessage } from "./messages.ts";

/** A run on a warm process. Everything but `message` is the server's own. */
export interface HostRun {
  readonly message: Omit<RunMessage, "kind" | "end">;
  readonly timeoutMs: number;
  readonly outputBytes: number;
  readonly signal: AbortSignal;
  onOutput(type: "stdout" | "stderr", text: string): void;
}

export interface HostLimits {
  readonly graceMs: number;
  readonly drainMs: number;
}

/** A process that runs JavaScript actions, one at a time. */
export interface Host {
  /** Resolves once it can take a run; rejects when it cannot start. */
  readonly ready: Promise<void>;
  /** Never rejects. Afterwards `isUsable` says whether it takes another one. */
  run(run: HostRun): Promise<ProcessEnd>;
  readonly isUsable: boolean;
  /** Files of the pack that it has loaded, with their times. */
  readonly loaded: Readonly<Record<string, number>>;
  /** Ends it and what it started. */
  end(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("./host/program.ts", import.meta.url));
/** Ends the process with the thread that started it, even if it is too busy to notice. */
const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => process.platform === "linux" && existsSync(path));
/** Compiled code that Node keeps between starts, where the server keeps its own. An action's environment is without it. */
const COMPILE_CACHE =
  process.env.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };
const LONGEST_MS = 2 ** 31 - 1;
/** Of a run that did not begin. */
export const NOTHING = { stdout: "", stderr: "", answer: Buffer.alloc(0), isAnswerCut: false } as const;
/** Beside the result, a message has a few hundred bytes and the list of loaded files. */
const MESSAGE_ROOM_BYTES = 1024 * 1024;

/** Starts a process. It is nobody's until its first run. */
export function startHost(environment: Environment, limits: HostLimits): Host {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", PROGRAM];
  const [file = process.execPath, ...args] = SETPRIV ? [SETPRIV, "--pdeathsig", "KILL", "--", ...node] : node;
  const mark = `node-${randomBytes(8).toString("hex")}`;
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...environment, ...COMPILE_CACHE, [MARK]: mark },
    detached: true,
  });
  const control = child.stdio[3] as Duplex;
  const table = createProcessTable();
  const exited = exitOf(child);
  const ready = Promise.withResolvers<void>();
  let isUsable = true;
  let loaded: Readonly<Record<string, number>> = {};
  let answered: ((message: (FromHost & { kind: "answer" }) | undefined) => void) | undefined;
  let limit = 0;

  control.on("error", () => undefined); // its end shows in `exited`
  control.on(
    "data",
    // The bound is of the run at hand, so it is looked up for each message.
    createUnframer<FromHost>(
      () => limit + MESSAGE_ROOM_BYTES,
      (message) => {
        if (message?.kind === "ready") {
          // While nothing runs on it, it must not keep the server alive.
          hold(child, false);
          ready.resolve();
        } else answered?.(message);
      },
    ),
  );
  void exited.then((code) => {
    isUsable = false;
    ready.reject(new Error(`a process for JavaScript actions could not start (it ended with ${code})`));
  });
  ready.promise.catch(() => undefined); // whoever waits for it hears of it

  // One that never started has nothing to end.
  const endTree = (executionMark: string) =>
    killTree({
      pid: child.pid ?? -1,
      mark: executionMark,
      startedAt: performance.now(),
      graceMs: limits.graceMs,
      table,
    });

  const run = async (given: HostRun): Promise<ProcessEnd> => {
    // It was stopped while the process was found or started; its signal will not tell again.
    if (given.signal.aborted) return { ...NOTHING, kind: "aborted", code: -constants.signals.SIGTERM };
    limit = given.outputBytes;
    hold(child, true);
    const end = `\0squall-end:${randomBytes(16).toString("hex")}\n`;
    const stdout = createCapture(given.outputBytes, "stdout", (text) => given.onOutput("stdout", text));
    const stderr = createCapture(given.outputBytes, "stderr", (text) => given.onOutput("stderr", text));
    const ends = [read(child.stdout, stdout, end), read(child.stderr, stderr, end)];
    const stopped = Promise.withResolvers<"timeout" | "aborted">();
    const onAbort = () => stopped.resolve("aborted");
    given.signal.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(() => stopped.resolve("timeout"), Math.min(given.timeoutMs, LONGEST_MS));
    const answer = new Promise<(FromHost & { kind: "answer" }) | undefined>((resolve) => {
      answered = resolve;
    });
    const result = (kind: ProcessEnd["kind"], code: number, more: Partial<ProcessEnd> = {}): ProcessEnd => {
      stdout.end();
      stderr.end();
      const texts = { stdout: stdout.text(), stderr: stderr.text() };
      return { kind, code, ...texts, answer: Buffer.alloc(0), isAnswerCut: false, ...more };
    };
    try {
      control.write(frame({ ...given.message, kind: "run", end }));
      const first = await Promise.race([answer.then((message) => ({ message })), exited, stopped.promise]);
      if (typeof first === "string") {
        isUsable = false;
        const left = await endTree(given.message.execution.id);
        await drained(ends, limits.drainMs);
        const error = left.length > 0 ? { error: `processes ${left.join(", ")} of it could not be ended` } : {};
        return result(first, -constants.signals.SIGKILL, error);
      }
      if (typeof first === "number") {
        await drained(ends, limits.drainMs);
        return result("exited", first);
      }
      const { message } = first;
      if (!message) {
        isUsable = false;
        void endTree(given.message.execution.id);
        return result("exited", 0, { isAnswerCut: true });
      }
      await drained(ends, limits.drainMs);
      loaded = message.loaded;
      if (message.spent !== undefined) {
        isUsable = false;
        // What the action left running goes on, as behind any other action; this process goes.
        child.kill("SIGKILL");
      }
      const text = message.answer ? Buffer.from(JSON.stringify(message.answer)) : Buffer.alloc(0);
      if (text.length > given.outputBytes) return result("exited", 0, { isAnswerCut: true });
      return result("exited", message.code, { answer: text });
    } finally {
      answered = undefined;
      clearTimeout(timer);
      given.signal.removeEventListener("abort", onAbort);
      for (const one of ends) one.stop();
      hold(child, false);
      if (!isUsable) destroy(child);
    }
  };

  return {
    ready: ready.promise,
    run,
    get isUsable() {
      return isUsable;
    },
    get loaded() {
      return loaded;
    },
    async end() {
      isUsable = false;
      await endTree(mark);
      destroy(child);
    },
  };
}

/** The exit status as Python counts: minus the signal's number if one ended it. */
function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? (signal === null ? -1 : -constants.signals[signal])));
    child.once("error", () => resolve(-1));
  });
}

/** Reads a stream into a capture until the mark of this run's end. */
function read(stream: Readable | null, capture: Capture, end: string): { readonly done: Promise<void>; stop(): void } {
  const done = Promise.withResolvers<void>();
  const mark = createEndMark(Buffer.from(end, "latin1"), (chunk) => capture.push(chunk), done.resolve);
  const onData = (chunk: Buffer) => mark.push(chunk);
  const onEnd = () => {
    mark.flush();
    done.resolve();
  };
  stream?.on("data", onData).once("close", onEnd);
  if (!stream || stream.destroyed) done.resolve();
  return {
    done: done.promise,
    stop() {
      mark.flush();
      stream?.off("data", onData).off("close", onEnd);
    },
  };
}

async function drained(ends: readonly { readonly done: Promise<void> }[], ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([Promise.all(ends.map((one) => one.done)), late]);
  clearTimeout(timer);
}

function hold(child: ChildProcess, isHeld: boolean): void {
  const verb = isHeld ? "ref" : "unref";
  child[verb]();
  // Pipes of child processes are sockets, which their types do not say.
  for (const stream of child.stdio) (stream as { ref?(): void; unref?(): void } | null)?.[verb]?.();
}

function destroy(child: ChildProcess): void {
  for (const stream of child.stdio) stream?.destroy();
}
