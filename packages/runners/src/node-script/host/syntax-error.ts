import { execFileSync } from "node:child_process";

const CHECK_MS = 5_000;

/**
 * Where a file of JavaScript cannot be parsed, as Node shows it for a main program: `file:line`, the line, the error.
 * Undefined when it is another error. Node's own stack of a failed import names neither file nor line, and its parser
 * tells them to nobody but the terminal.
 */
export function syntaxErrorIn(error: unknown, files: readonly string[]): string | undefined {
  if (!(error instanceof SyntaxError) || !/^SyntaxError: .*\n\s+at compileSourceTextModule /.test(error.stack ?? ""))
    return undefined;
  // The one that could not be parsed is among the last that were read.
  for (const file of files.toReversed()) {
    if (!/\.[cm]?js$/.test(file)) continue;
    try {
      execFileSync(process.execPath, ["--check", file], { stdio: ["ignore", "ignore", "pipe"], timeout: CHECK_MS });
    } catch (failed) {
      const said = failed instanceof Error && "stderr" in failed ? String(failed.stderr) : "";
      const [shown = ""] = said.split(/\n\s+at /);
      if (shown.startsWith(file)) return shown;
    }
  }
  return undefined;
}
