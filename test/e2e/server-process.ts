import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "../..");
/** `npm run test:cluster` puts another in its place, which makes it a member of a cluster. */
const MAIN = process.env.SQUALL_TEST_MAIN ?? join(ROOT, "packages/server/src/main.ts");

/** A start takes less than two seconds; a busy machine takes longer, but not for ever. */
const PRINTED_MS = 30_000;

/** A real server: `packages/server/src/main.ts` in a process, and a process group, of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  /** What it printed so far, both streams. */
  output(): string;
  stderr(): string;
  /** Resolves when what it printed matches; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with its address when it says that it answers; rejects when it ends before. */
  answers(): Promise<string>;
  readonly ended: Promise<Ended>;
  /** To it and everything in its process group. Nothing when it has ended. */
  signal(name: NodeJS.Signals): void;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerCommand {
  readonly data: string;
  /** Default 0: a free one. */
  readonly port?: number;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Over what programs of tests have in their environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server. Disposing kills it. */
export function startServer({ data, port = 0, args = [], cwd = ROOT, env = {} }: ServerCommand): ServerProcess {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", MAIN, "--port", String(port), "--data", data, ...args],
    { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"], env: programEnvironment(env) },
  );
  let output = "";
  let stderr = "";
  let end: Ended | undefined;
  const waiting = new Set<() => void>();
  const look = () => {
    for (const one of waiting) one();
  };
  const heard = (text: string) => {
    output += text;
    look();
  };
  child.stdout.setEncoding("utf8").on("data", heard);
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    heard(text);
  });
  const ended = endOf(child).then((how) => {
    end = how;
    look();
    return how;
  });
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const attempt = () => {
        const match = pattern.exec(output);
        if (match) resolve(match);
        else if (end) reject(new Error(`the server ended (${end.signal ?? end.code}) before ${pattern}:\n${output}`));
        else return;
        clearTimeout(late);
        waiting.delete(attempt);
      };
      const late = setTimeout(() => {
        waiting.delete(attempt);
        reject(new Error(`the server did not print ${pattern} in ${PRINTED_MS} ms:\n${output}`));
      }, PRINTED_MS);
      waiting.add(attempt);
      attempt();
    });
  // A test run that is told to stop takes its servers along.
  const leave = () => signal("SIGKILL");
  const stopped = () => process.exit(143);
  process.on("exit", leave).on("SIGTERM", stopped);
  void ended.then(() => process.off("exit", leave).off("SIGTERM", stopped));
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${process.execPath} could not be started`);
  const signal = (name: NodeJS.Signals) => {
    // A group id may be another's once ours has ended.
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, name);
  };
  return {
    pid,
    output: () => output,
    stderr: () => stderr,
    printed,
    answers: async () => (await printed(/answers at (http\S+)/))[1] ?? "",
    ended,
    signal,
    async [Symbol.asyncDispose]() {
      signal("SIGKILL");
      await ended;
    },
  };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

/** Nothing of the developer's own settings, and no proxy between a test and its server. */
export function programEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SQUALL_(?!TEST_)|ST2_|https?_proxy|all_proxy)/i.test(name),
  );
  // As scripts/run.mjs starts our programs: Node keeps their compiled code between runs.
  return { NODE_COMPILE_CACHE: join(ROOT, ".squall", "compile-cache"), ...Object.fromEntries(kept), ...more };
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
