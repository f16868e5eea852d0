import { Invalid, isObject, type JsonObject, messageOf } from "@squall/model";
import { createCapture } from "@squall/processes";
import { parseOutput } from "../parse-output.ts";
import type { Job, JobIO, Outcome } from "../port.ts";
import { pythonStr } from "../python-text.ts";
import { secondsOf } from "../shell/run-shell.ts";
import { parseHost, withPort } from "../ssh/hosts.ts";
import { within } from "../ssh/patience.ts";
import { abortMessage, abortOutcome, abortStatus, timeoutMessage } from "../stopped.ts";
import { readableErrors } from "./powershell.ts";
import { createShell, type WindowsShell } from "./shell.ts";
import { openTransport, type Transport, type TransportOptions } from "./transport.ts";

/** How a command in a Windows shell ended. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs commands in one shell, one after the other. */
export interface WindowsRun {
  /** Runs a command whose output is the execution's, and streams it. `isPowershell` makes its errors readable. */
  command(text: string, isPowershell: boolean): Promise<CommandEnd>;
  /** Runs a command of ours; throws what it says if it fails. `last` also runs when the execution is stopped. */
  quietly(command: string, last?: "last"): Promise<void>;
}

/** StackStorm's code of a command that was ended; Windows has no negative ones. */
const STOPPED_CODE = -1;
const LONGEST_MS = 2 ** 31 - 1;
/** For putting things away on a host that may not answer any more. */
const FAREWELL_MS = 10_000;
/** What our own commands may say. */
const QUIET_BYTES = 64 * 1024;

/**
 * Signs in to the host of the job's parameters, opens a shell, and does `body` in it. On timeout and cancel the command is
 * ended on the host; the shell is always deleted, and with it whatever still runs in it.
 */
export async function runOnWindows(
  job: Job,
  io: JobIO,
  body: (run: WindowsRun) => Promise<CommandEnd>,
): Promise<Outcome> {
  if (io.signal.aborted) return abortOutcome(io.signal);
  const options = readOptions(job.runnerParameters);
  const timeoutSeconds = secondsOf(job.runnerParameters, 60);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort("timeout"), Math.min(timeoutSeconds * 1000, LONGEST_MS));
  const signal = AbortSignal.any([io.signal, late.signal]);
  const captures = {
    stdout: createCapture(job.limits.outputBytes, "stdout", (text) => io.output("stdout", text)),
    stderr: createCapture(job.limits.outputBytes, "stderr"),
  };
  using transport = openTransport(options);
  try {
    const end = await inShell(transport, options.url, job.runnerParameters, signal, (shell) =>
      body({
        async command(text, isPowershell) {
          const code = await runCommand(shell, text, signal, (type, bytes) => captures[type].push(bytes));
          return { code, ...texts(captures, isPowershell, io) };
        },
        async quietly(command, last) {
          const said = createCapture(QUIET_BYTES, "output");
          const until = last === undefined ? signal : AbortSignal.timeout(FAREWELL_MS);
          const code = await runCommand(shell, command, until, (_type, bytes) => said.push(bytes));
          if (code !== 0) throw new Error(readableErrors(said.text()));
        },
      }),
    );
    return { status: end.code === 0 ? "succeeded" : "failed", result: shaped(end) };
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    const end = { code: STOPPED_CODE, ...texts(captures, true, io) };
    if (io.signal.aborted)
      return { status: abortStatus(io.signal), result: { ...shaped(end), error: abortMessage(io.signal) } };
    return { status: "timeout", result: { ...shaped(end), error: timeoutMessage(timeoutSeconds) } };
  } finally {
    clearTimeout(timer);
  }
}

async function inShell<T>(
  transport: Transport,
  url: URL,
  parameters: JsonObject,
  signal: AbortSignal,
  body: (shell: WindowsShell) => Promise<T>,
): Promise<T> {
  const { cwd, env } = parameters;
  const environment = isObject(env)
    ? Object.fromEntries(Object.entries(env).map(([name, value]) => [name, pythonStr(value)]))
    : {};
  const shell = await createShell(
    transport,
    url,
    { ...(typeof cwd === "string" && cwd !== "" && { cwd }), environment },
    signal,
  );
  try {
    return await body(shell);
  } finally {
    // The host deletes shells that nobody uses by itself, in two hours; a failure here changes nothing of what was done.
    await farewell((bye) => shell.delete(bye));
  }
}

async function runCommand(
  shell: WindowsShell,
  text: string,
  signal: AbortSignal,
  onOutput: (type: "stdout" | "stderr", bytes: Buffer) => void,
): Promise<number> {
  const command = await shell.start(text, signal);
  try {
    for (;;) {
      const { output, exitCode } = await shell.receive(command, signal);
      for (const { type, bytes } of output) onOutput(type, bytes);
      if (exitCode !== undefined) return exitCode;
    }
  } finally {
    // A command that is done has to be signalled too: only then its part of the shell is free for the next one.
    await farewell((bye) => shell.end(command, bye));
  }
}

async function farewell(say: (signal: AbortSignal) => Promise<void>): Promise<void> {
  await within(FAREWELL_MS, say(AbortSignal.timeout(FAREWELL_MS))).catch(() => {});
}

function texts(
  captures: Readonly<Record<"stdout" | "stderr", ReturnType<typeof createCapture>>>,
  isPowershell: boolean,
  io: JobIO,
): { stdout: string; stderr: string } {
  captures.stdout.end();
  const stderr = isPowershell ? readableErrors(captures.stderr.text()) : captures.stderr.text();
  if (stderr !== "") io.output("stderr", stderr);
  return { stdout: captures.stdout.text(), stderr };
}

function shaped({ code, stdout, stderr }: CommandEnd): JsonObject {
  const succeeded = code === 0;
  return {
    succeeded,
    failed: !succeeded,
    return_code: code,
    stdout: parseOutput(stdout),
    stderr: parseOutput(stderr),
  };
}

const SCHEMES: Readonly<Record<string, TransportOptions["scheme"]>> = {
  basic: "basic",
  plaintext: "basic",
  ssl: "basic",
  ntlm: "ntlm",
};
const HTTP_PORT = 5985;

function readOptions(parameters: JsonObject): TransportOptions {
  const { host, username, password } = parameters;
  for (const [name, value] of Object.entries({ host, username, password }))
    if (typeof value !== "string" || value === "")
      throw new Invalid("runner.winrm.parameters", { message: `the parameter ${name} is missing` });
  const transport = typeof parameters.transport === "string" ? parameters.transport : "ntlm";
  const scheme = SCHEMES[transport];
  if (scheme === undefined)
    throw new Invalid("runner.winrm.transport", {
      message: `the transport ${transport} is not spoken here; use ntlm, or basic, plaintext or ssl`,
    });
  const port = typeof parameters.port === "number" ? parameters.port : 5986;
  const given = parameters.scheme === "http" || transport === "plaintext" ? "http" : "https";
  const protocol = port === HTTP_PORT ? "http" : given;
  const url = URL.parse(`${protocol}://${withPort(nameOf(String(host)), port)}/wsman`);
  if (url === null)
    throw new Invalid("runner.winrm.parameters", {
      message: `host '${String(host)}' and port ${port} make no address`,
    });
  return {
    url,
    username: String(username),
    password: String(password),
    scheme,
    verifyCertificate: parameters.verify_ssl_cert !== false,
  };
}

function nameOf(host: string): string {
  try {
    return parseHost(host).name;
  } catch (thrown) {
    throw new Invalid("runner.winrm.parameters", { message: messageOf(thrown), cause: thrown });
  }
}
