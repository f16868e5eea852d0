import { Invalid, isObject, type JsonObject, type OutputType } from "@squall/model";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Outcome } from "../port.ts";
import { pythonStr } from "../python-text.ts";
import { secondsOf } from "../shell/run-shell.ts";
import { abortOutcome } from "../stopped.ts";
import type { Connection } from "./connection.ts";
import { abortedResult, type HostResult, hostsOutcome, notRunResult, ranResult } from "./host-result.ts";
import { type HostEntry, parseHosts } from "./hosts.ts";
import type { SshPool } from "./pool.ts";
import type { RemoteRun } from "./remote-command.ts";
import { type HostEnd, type HostLimits, runOnHost } from "./run-on-host.ts";
import { createResolver, readSignIn } from "./target.ts";

/** What a runner does on one host, given what all remote runners do alike. */
export type OnHost = (connection: Connection, run: Run) => Promise<HostEnd>;

export interface Run {
  readonly signal: AbortSignal;
  readonly deadline: AbortSignal;
  readonly limits: HostLimits;
  /** Directory, environment and sudo as the parameters say. */
  readonly around: Omit<RemoteRun, "shellText">;
  /** Runs text in a shell there and streams its output. */
  shell(connection: Connection, text: string): Promise<HostEnd>;
}

/** However many hosts share the bound of an execution's output, each may say this much. */
const LEAST_OUTPUT_BYTES = 4096;
/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** Runs the same on every host of the parameter `hosts`, one after the other or several at once. */
export async function runOnHosts(
  deps: { readonly settings: RunnerSettings; readonly pool: SshPool },
  job: Job,
  io: JobIO,
  onHost: OnHost,
): Promise<Outcome> {
  if (io.signal.aborted) return abortOutcome(io.signal);
  const { settings, pool } = deps;
  const parameters = job.runnerParameters;
  const hosts = parseHosts(String(parameters.hosts ?? ""));
  const resolve = createResolver(settings.ssh, await readSignIn(parameters));
  const around = surroundings(job);
  const timeoutSeconds = secondsOf(parameters, 60);
  const limits: HostLimits = {
    outputBytes: Math.max(LEAST_OUTPUT_BYTES, Math.floor(job.limits.outputBytes / hosts.length)),
    graceMs: settings.graceMs,
    drainMs: settings.drainMs,
  };

  // All before the first runs: what is wrong here is wrong for the whole execution.
  const targets = new Map(await Promise.all(hosts.map(async (entry) => [entry, await resolve(entry)] as const)));

  const onOne = async (entry: HostEntry): Promise<HostResult> => {
    const target = targets.get(entry);
    if (io.signal.aborted || target === undefined) return abortedResult(entry.label, io.signal);
    let connection: Connection;
    try {
      connection = await pool.acquire(target, io.signal);
    } catch (thrown) {
      return io.signal.aborted
        ? abortedResult(entry.label, io.signal)
        : notRunResult(entry.label, "unreachable", thrown);
    }
    let isClean = false;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), Math.min(timeoutSeconds * 1000, LONGEST_MS));
    const output = hosts.length === 1 ? io.output : prefixed(entry.label, io);
    const run: Run = {
      signal: io.signal,
      deadline: late.signal,
      limits,
      around,
      shell: (on, shellText) =>
        runOnHost(on, { ...around, shellText }, { signal: io.signal, deadline: late.signal, output }, limits),
    };
    try {
      const end = await onHost(connection, run);
      isClean = end.kind === "exited";
      return ranResult(entry.label, end, {
        timeoutSeconds,
        usesSudoPassword: around.sudo?.password !== undefined,
        signal: io.signal,
      });
    } catch (thrown) {
      return notRunResult(entry.label, "failed", thrown);
    } finally {
      clearTimeout(timer);
      pool.release(connection, isClean);
    }
  };

  // StackStorm's measure (stackstorm-model 5.2).
  const atOnce =
    parameters.parallel === true ? Math.min(Math.floor(hosts.length / 3) + 1, settings.ssh.parallelHosts) : 1;
  const results = await inOrder(hosts, atOnce, onOne);
  return hostsOutcome(results, { allowPartialFailure: settings.ssh.allowPartialFailure, signal: io.signal });
}

/** Directory, environment and sudo of a remote run. Throws Invalid for what no shell could take. */
function surroundings(job: Job): Omit<RemoteRun, "shellText"> {
  const parameters = job.runnerParameters;
  const password = parameters.sudo_password;
  return {
    cwd: typeof parameters.cwd === "string" && parameters.cwd !== "" ? parameters.cwd : "/tmp",
    environment: { ...givenEnvironment(parameters), ...job.environment },
    ...(parameters.sudo === true && {
      sudo: { password: typeof password === "string" && password !== "" ? password : undefined },
    }),
  };
}

function givenEnvironment(parameters: JsonObject): Record<string, string> {
  if (!isObject(parameters.env)) return {};
  return Object.fromEntries(
    Object.entries(parameters.env).map(([name, value]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        throw new Invalid("runner.ssh.env", {
          message: `env has the name '${name}', which a shell cannot export; use letters, digits and _`,
        });
      return [name, pythonStr(value)];
    }),
  );
}

/** Lines of several hosts at once say whose they are. */
function prefixed(label: string, io: JobIO): (type: OutputType, text: string) => void {
  const isInLine = new Map<OutputType, boolean>();
  return (type, text) => {
    const marked = text.replaceAll(/^(?=[^])/gm, `[${label}] `);
    io.output(type, isInLine.get(type) === true ? marked.slice(label.length + 3) : marked);
    isInLine.set(type, !text.endsWith("\n"));
  };
}

/** Maps with at most `atOnce` under way. */
async function inOrder<T, U>(items: readonly T[], atOnce: number, map: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await map(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return results;
}
