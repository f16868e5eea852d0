import type { Runner } from "../port.ts";
import type { RunnerSettings } from "../options.ts";
import { runShell } from "../shell/run-shell.ts";
import { PARAMETERS } from "./parameters.ts";

/** Runs a command text in a shell on this machine. Action parameters reach it through Jinja in `cmd` alone. */
export function createLocalShellCmd(settings: RunnerSettings): Runner {
  return {
    name: "local-shell-cmd",
    description: "A runner to execute local actions as a fixed user.",
    module: "local_runner.local_shell_command_runner",
    lane: "process",
    parameters: PARAMETERS,
    run: (job, io) => runShell(settings, job, io, { shellText: String(job.runnerParameters.cmd ?? "") }),
  };
}
