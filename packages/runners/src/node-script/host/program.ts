import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { createContext } from "@squall/sdk";
import { createUnframer, frame, type FromHost, type RunMessage } from "../messages.ts";
import { runAction } from "./action.ts";
import { installResolution } from "./resolution.ts";
import { syntaxErrorIn } from "./syntax-error.ts";

/*
 * A warm process: runs actions of one pack, one after the other. Work comes and answers go on descriptor 3, so that
 * nothing an action prints can be taken for an answer. When the server is gone the descriptor ends, and so does this.
 */
const CONTROL_FD = 3;
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

const control = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
const resolution = installResolution();
// Actions may replace these; the end of a run has to be written nevertheless.
const writeOut = process.stdout.write.bind(process.stdout);
const writeError = process.stderr.write.bind(process.stderr);
const exit = process.exit.bind(process);
const MASK = 0o022;
let signals = new AbortController();
let isBusy = false;
/** Set by an error that nobody awaited. */
let broken: (() => void) | undefined;

const say = (message: FromHost): Promise<void> =>
  new Promise((resolve) => {
    control.write(frame(message), () => resolve());
  });

for (const name of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(name, (error: unknown) => {
    writeError(`${stackOf(error)}\n`);
    if (broken) broken();
    else exit(1);
  });
}
process.on("SIGTERM", () => {
  signals.abort(new Error("the execution was stopped"));
  if (!isBusy) exit(143);
});
// Ctrl-C on a terminal reaches the whole group; what happens then is the server's to decide.
process.on("SIGINT", () => undefined);
const ownListeners = listeners();

async function run(message: RunMessage): Promise<void> {
  isBusy = true;
  signals = new AbortController();
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, message.environment);
  process.chdir(message.packPath);
  process.umask(MASK);
  resolution.serve(message.packPath, message.modules);
  const context = createContext({
    execution: message.execution,
    name: message.name,
    config: message.config,
    logLevel: message.logLevel,
    apiUrl: message.environment.ST2_ACTION_API_URL ?? "",
    token: message.environment.ST2_ACTION_AUTH_TOKEN ?? "",
    signal: signals.signal,
    write: (line) => void process.stderr.write(line),
  });
  const before = resources();
  const failed = Promise.withResolvers<undefined>();
  broken = () => failed.resolve(undefined);
  const answer = await Promise.race([
    runAction(message.file, message.parameters, context).catch((error: unknown) => {
      writeError(`${syntaxErrorIn(error, Object.keys(resolution.loaded())) ?? stackOf(error)}\n`);
      return undefined;
    }),
    failed.promise,
  ]);
  broken = undefined;
  const written = await Promise.all([writeEnd(writeOut, message.end), writeEnd(writeError, message.end)]);
  const spent = written.every(Boolean) ? whySpent(before) : "it closed its stdout or stderr";
  await say({
    kind: "answer",
    ...(answer && { answer }),
    code: answer ? 0 : 1,
    ...(spent !== undefined && { spent }),
    loaded: resolution.loaded(),
  });
  isBusy = false;
}

/** What the action leaves behind that could disturb the next one. Idle connections are nobody's work. */
function whySpent(before: Record<string, number>): string | undefined {
  if (signals.signal.aborted) return "it was told to stop";
  if (childProcesses()) return "it left child processes";
  const after = resources();
  for (const [name, count] of Object.entries(after)) {
    if (!/Socket|TLS|DNS|GetAddrInfo/.test(name) && count > (before[name] ?? 0)) return `it left work behind (${name})`;
  }
  if (listeners() !== ownListeners) return "it listens to signals";
  return undefined;
}

function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function listeners(): string {
  return process
    .eventNames()
    .filter((name) => String(name).startsWith("SIG"))
    .map((name) => `${String(name)} ${process.listenerCount(name)}`)
    .sort()
    .join();
}

function childProcesses(): boolean {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim() !== "";
  } catch {
    return false; // not Linux; a ProcessWrap among the resources tells most of it
  }
}

function writeEnd(write: typeof writeOut, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    write(text, (error) => resolve(!error));
  });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : `thrown: ${String(error)}`;
}

const take = createUnframer<RunMessage>(
  () => MAX_MESSAGE_BYTES,
  (message) => {
    if (message) void run(message);
  },
);
control.on("data", take);
control.on("error", () => exit(1));
control.on("close", () => {
  // The server is gone. What actions started is in this group.
  try {
    process.kill(-process.pid, "SIGKILL");
  } finally {
    exit(1);
  }
});
await say({ kind: "ready" });
