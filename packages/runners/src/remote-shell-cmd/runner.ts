import { Invalid } from "@squall/model";
import type { RunnerSettings } from "../options.ts";
import type { Runner } from "../port.ts";
import type { SshPool } from "../ssh/pool.ts";
import { runOnHosts } from "../ssh/run-on-hosts.ts";
import { abortOutcome } from "../stopped.ts";
import { PARAMETERS } from "./parameters.ts";

/** Runs a command on other machines over SSH. */
export function createRemoteShellCmd(settings: RunnerSettings, pool: SshPool): Runner {
  return {
    name: "remote-shell-cmd",
    description: "A remote execution runner that executes actions as a fixed system user.",
    module: "remote_runner.remote_command_runner",
    lane: "inline",
    parameters: PARAMETERS,
    async run(job, io) {
      if (io.signal.aborted) return abortOutcome(io.signal);
      const { cmd } = job.runnerParameters;
      if (typeof cmd !== "string" || cmd === "")
        throw new Invalid("runner.ssh.cmd", { message: `${job.action.ref} has no command; give the parameter cmd` });
      return runOnHosts({ settings, pool }, job, io, (connection, run) => run.shell(connection, cmd));
    },
  };
}
