import { chmod, stat } from "node:fs/promises";
import { Invalid, messageOf, NotFound } from "@squall/model";
import { withPackContent } from "../content-version/worktree.ts";
import { entryFile } from "../entry-file.ts";
import type { RunnerSettings } from "../options.ts";
import type { Job, Runner } from "../port.ts";
import { runShell } from "../shell/run-shell.ts";
import { scriptArguments } from "./arguments.ts";
import { PARAMETERS } from "./parameters.ts";

const OWN = new Set(Object.keys(PARAMETERS));

/** Runs a script of the pack on this machine, with the action's parameters as its arguments. */
export function createLocalShellScript(settings: RunnerSettings): Runner {
  return {
    name: "local-shell-script",
    description: "A runner to execute local actions as a fixed user.",
    module: "local_runner.local_shell_script_runner",
    lane: "process",
    parameters: PARAMETERS,
    run: (job, io) =>
      withPackContent(settings, job, io, async (packPath) => {
        const file = await executableScript(job, packPath);
        const operator = job.runnerParameters.kwarg_op;
        const args = scriptArguments(
          job.actionParameters,
          job.schema,
          OWN,
          typeof operator === "string" ? operator : "--",
        );
        return runShell(settings, job, io, { file, args });
      }),
  };
}

async function executableScript(job: Job, packPath: string): Promise<string> {
  const file = await entryFile(job, packPath);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile())
    throw new NotFound("runner.script-missing", {
      message: `the script ${file} of action ${job.action.ref} does not exist; correct entry_point or register the pack again`,
    });
  // Archives and some checkouts lose the bit; StackStorm sets it before every run too.
  if ((found.mode & 0o111) !== 0o111) {
    await chmod(file, found.mode | 0o111).catch((thrown: unknown) => {
      if ((found.mode & 0o111) === 0)
        throw new Invalid("runner.script-not-executable", {
          message: `the script ${file} of action ${job.action.ref} is not executable and cannot be made so: ${messageOf(thrown)}`,
          cause: thrown,
        });
    });
  }
  return file;
}
