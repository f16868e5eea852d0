import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSquallOptions {
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** The process, as soon as it runs. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Each time it has written to stderr: all of it so far. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

const homes: string[] = [];
// Not with their tests: hooks run in the order in which they were made, so that the server of a test still writes into its home then.
process.once("exit", () => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

/** An empty home: no test reads or writes the caller's logins. Removed when the file's tests have ended. */
export function emptyHome(): string {
  const home = mkdtempSync(join(tmpdir(), "squall-cli-"));
  homes.push(home);
  return home;
}

/** The environment of a `squall` with this home: nothing of the caller's Squall or StackStorm gets in. */
export function environmentOf(home: string, options: RunSquallOptions): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    HOME: home,
    ...(options.url === undefined ? {} : { SQUALL_URL: options.url }),
    ...options.env,
  };
}

/** Runs the real program to its end. */
export async function runSquall(home: string, args: readonly string[], options: RunSquallOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: environmentOf(home, options),
    cwd: options.cwd ?? home,
    stdio: "pipe",
  });
  options.onStart?.(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    options.onStderr?.(stderr, child);
  });
  child.stdin.on("error", () => undefined); // a program that ends without reading
  child.stdin.end(options.stdin ?? "");
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, stdout, stderr };
}
