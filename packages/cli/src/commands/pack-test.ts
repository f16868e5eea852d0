import type { Command } from "commander";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { does, examples } from "../command.ts";
import { EXIT, Failure } from "../failure.ts";

interface Options {
  readonly python: string;
  readonly virtualenv: boolean;
  readonly verbose?: boolean;
}

/** What pack code in Python imports, and the program that runs packs' tests. */
const PYTHON_LIBRARY = fileURLToPath(new URL("../../../../python", import.meta.url));

/** Runs a pack's own unit tests on this machine; no server takes part. */
export function addTest(group: Command): void {
  const command = group
    .command("test")
    .description("run a pack's own unit tests, here, in a virtualenv of what it requires")
    .argument("<directory>")
    .argument("[pattern]", "only test files with this in their path")
    .option("--python <file>", "the interpreter to test with", "python3")
    .option("--no-virtualenv", "make none; test with what the interpreter has")
    .option("--verbose", "a line for every test")
    .addHelpText("after", "\nExit status: 0 all passed, 1 some failed, 2 they could not be run.");
  examples(command, "squall pack test ./my_pack", "squall pack test ./my_pack test_sensor --python python3.12");
  does<Options>(command, async ({ context, words: [directory = "", pattern], options }) => {
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
      throw new Failure(`there is no folder ${directory}`);
    const args = ["-m", "pack_test", "--python", options.python];
    if (!options.virtualenv) args.push("--no-virtualenv");
    if (options.verbose) args.push("--verbose");
    args.push("--", directory);
    if (pattern !== undefined) args.push(pattern);
    context.exitStatus = await runPython(options.python, args, context.env);
  });
}

/** Its exit status; output goes where ours goes, as it comes. */
async function runPython(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const path = [PYTHON_LIBRARY, env.PYTHONPATH].filter(Boolean).join(delimiter);
  const child = spawn(file, args, {
    stdio: "inherit",
    env: { ...env, PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: "1" },
  });
  // Ctrl-C reaches the child by itself, which then says how far the tests came; SIGTERM is handed on.
  const interrupted = (): void => undefined;
  const terminated = (): boolean => child.kill("SIGTERM");
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", terminated);
  try {
    const [status, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    if (status !== null) return status;
    if (signal === "SIGINT") return EXIT.interrupted;
    throw new Failure(`the tests were ended by ${String(signal)}`);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT")
      throw new Failure(
        `there is no Python called ${file}`,
        "install Python 3.9 or newer, or name one: --python /usr/bin/python3.12",
      );
    throw thrown;
  } finally {
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", terminated);
  }
}
