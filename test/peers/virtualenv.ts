import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exclusively } from "../../scripts/exclusive.mjs";

const PEERS = fileURLToPath(new URL("../../.squall/peers", import.meta.url));
/** A first installation takes about ten seconds; a registry that does not answer must not hold up a test run for long. */
const INSTALL_MS = 120_000;

/** Where a peer's programs are, or in a few words why they are not there. */
export type Installed = { readonly bin: string } | { readonly missing: string };

/**
 * A Python virtual environment with one package at one version, in `.squall/peers` of the checkout: made once, then found
 * again. One process at a time makes it; what an interrupted one left behind is thrown away.
 */
export async function virtualenv(name: string, version: string): Promise<Installed> {
  const folder = join(PEERS, `${name}-${version}`);
  const complete = join(folder, "complete");
  const installed = { bin: join(folder, "bin") };
  if (existsSync(complete)) return installed;
  return exclusively(`${folder}.lock`, {}, async (alsoHeldBy) => {
    if (existsSync(complete)) return installed;
    rmSync(folder, { recursive: true, force: true });
    const pip = ["-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "15", `${name}==${version}`];
    for (const [program, args] of [
      ["python3", ["-m", "venv", folder]],
      [join(folder, "bin", "python"), pip],
    ] as const) {
      const failure = await failureOf(program, args, alsoHeldBy);
      if (failure !== undefined) return { missing: `${name} ${version} could not be installed: ${failure}` };
    }
    writeFileSync(complete, "");
    return installed;
  });
}

/** Undefined when the program ended well, else the last thing it said. */
async function failureOf(
  program: string,
  args: readonly string[],
  started: (pid: number) => void,
): Promise<string | undefined> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: INSTALL_MS, killSignal: "SIGKILL" });
  if (child.pid !== undefined) started(child.pid);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    if (code === 0) return undefined;
    return said.trim().split("\n").at(-1) || `${program} ended with ${signal ?? code}`;
  } catch (error) {
    return `${program} does not start: ${error instanceof Error ? error.message : String(error)}`;
  }
}
