import { EXIT, Interrupted } from "./failure.ts";
import { createOutput } from "./output/output.ts";
import { buildProgram, chosenCommand, statusOfCommander } from "./program.ts";

/** Runs one command line and sets the exit status of the process. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  // Whoever reads our output may stop early (`squall execution list | head -1`).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    throw error;
  });
  const chosen = chosenCommand(argv);
  const words = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
  try {
    const program = await buildProgram((name) => name === chosen);
    await program.parseAsync(words, { from: "user" });
  } catch (thrown) {
    process.exitCode = await statusOf(thrown, argv);
  }
}

async function statusOf(thrown: unknown, argv: readonly string[]): Promise<number> {
  const usage = statusOfCommander(thrown);
  if (usage !== undefined) return usage;
  if (thrown instanceof Interrupted) return EXIT.interrupted;
  const colors = argv.includes("--no-color") ? false : undefined;
  return createOutput({ format: "table", colors, timeZone: "UTC", env: process.env }).fail(thrown);
}
