import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { programEnvironment, ROOT } from "./server-process.ts";

/** Somebody in a terminal, in the root of the checkout, with a home of their own. */
export interface Person extends AsyncDisposable {
  /** A folder that goes away with them. */
  readonly folder: string;
  /** Types a line into bash. */
  types(line: string, env?: Readonly<Record<string, string>>): Promise<Typed>;
}

export interface Typed {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function aPerson(): Promise<Person> {
  const folder = await mkdtemp(join(tmpdir(), "squall-person-"));
  return {
    folder,
    async types(line, env = {}) {
      const child = spawn("bash", ["-c", line], {
        cwd: ROOT,
        env: programEnvironment({ HOME: folder, NO_COLOR: "1", ...env }),
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      const [status] = (await once(child, "close")) as [number | null];
      return { status, stdout, stderr };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Looks until there is something, and fails with `what` when nothing came for half a minute. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within 30 s`);
    await delay(50);
  }
}
