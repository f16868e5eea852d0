import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import type { Ended } from "../../e2e/server-process.ts";
import type { Host, UserIds } from "./network.ts";

/** A process on one of the hosts, with a process group of its own. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly hasEnded: boolean;
  /** The last of what it printed. */
  output(): string;
  /** Resolves when what it printed matches; undefined when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray | undefined>;
  /** To the process alone, or its whole group. Nothing when it has ended. */
  signal(name: NodeJS.Signals, group?: "group"): void;
}

export interface ProgramCommand {
  readonly host: Host;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Where all it prints is kept. */
  readonly log: string;
  readonly as?: UserIds;
}

const KEPT = 20_000;

/** What has to end with this process, however that does. */
const running = new Set<Program["signal"]>();
process.on("exit", () => {
  for (const signal of running) signal("SIGKILL", "group");
});

export function startProgram({ host, program, args, env, cwd, log, as }: ProgramCommand): Program {
  const [first, ...rest] = host.command(program, args, as);
  // A namespace is entered as root, which then becomes the user; without one the user does it all.
  const user = first === program ? as : undefined;
  const child = spawn(first, rest, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"], ...user });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${first} could not be started`);
  const file = createWriteStream(log, { flags: "a" });
  let output = "";
  let hasEnded = false;
  const waiting = new Set<() => void>();
  const heard = (text: string) => {
    output = (output + text).slice(-KEPT);
    file.write(text);
    for (const look of waiting) look();
  };
  child.stdout.setEncoding("utf8").on("data", heard);
  child.stderr.setEncoding("utf8").on("data", heard);
  // At "exit", not "close": children of a killed process may hold its output for a while.
  const ended = once(child, "exit").then(([code, by]): Ended => {
    hasEnded = true;
    running.delete(signal);
    for (const look of waiting) look();
    return { code: code as number | null, signal: by as NodeJS.Signals | null };
  });
  child.once("close", () => file.end());
  const signal: Program["signal"] = (name, group) => {
    if (hasEnded) return;
    try {
      process.kill(group ? -pid : pid, name);
    } catch (error) {
      // It ended a moment ago.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  running.add(signal);
  return {
    pid,
    ended,
    get hasEnded() {
      return hasEnded;
    },
    output: () => output,
    printed: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          const match = pattern.exec(output);
          if (!match && !hasEnded) return;
          waiting.delete(look);
          resolve(match ?? undefined);
        };
        waiting.add(look);
        look();
      }),
    signal,
  };
}
