import { messageOf, NotFound } from "@squall/model";
import type { RunnerSettings } from "../options.ts";
import { entryFile } from "../entry-file.ts";
import { scriptArguments } from "../local-shell-script/arguments.ts";
import type { Runner } from "../port.ts";
import type { SshPool } from "../ssh/pool.ts";
import { withinAfter } from "../ssh/patience.ts";
import { quote } from "../ssh/remote-command.ts";
import { runOnHosts } from "../ssh/run-on-hosts.ts";
import { scriptFiles } from "../ssh/script-files.ts";
import { removeFolder, uploadFolder } from "../ssh/upload.ts";
import { abortOutcome } from "../stopped.ts";
import { PARAMETERS } from "./parameters.ts";

const OWN = new Set(Object.keys(PARAMETERS));

/** A copy that is stopped gets this long to put away what it has copied. */
const ABORTED_COPY_MS = 15_000;

/** Copies a script of the pack, with the folder `lib` beside it, to other machines and runs it there. */
export function createRemoteShellScript(settings: RunnerSettings, pool: SshPool): Runner {
  return {
    name: "remote-shell-script",
    description: "A remote execution runner that executes actions as a fixed system user.",
    module: "remote_runner.remote_script_runner",
    lane: "inline",
    parameters: PARAMETERS,
    async run(job, io) {
      if (io.signal.aborted) return abortOutcome(io.signal);
      if (job.packPath === undefined)
        throw new NotFound("runner.pack-missing", {
          message: `the pack ${job.action.pack} has no folder on this machine; register it again from where it is`,
        });
      const { dir, kwarg_op: operator } = job.runnerParameters;
      const files = await scriptFiles(await entryFile(job, job.packPath), job.packPath);
      const args = scriptArguments(
        job.actionParameters,
        job.schema,
        OWN,
        typeof operator === "string" ? operator : "--",
      );
      const to = { parent: typeof dir === "string" && dir !== "" ? dir : "/tmp", name: job.execution };
      return runOnHosts({ settings, pool }, job, io, async (connection, run) => {
        const stop = AbortSignal.any([run.signal, run.deadline]);
        let folder: string;
        try {
          folder = await withinAfter(stop, ABORTED_COPY_MS, uploadFolder(connection, files, to, stop));
        } catch (thrown) {
          if (!stop.aborted) throw thrown;
          return { kind: run.signal.aborted ? "aborted" : "timeout", code: -9, stdout: "", stderr: "" };
        }
        const end = await run.shell(connection, [`${folder}/${files.name}`, ...args].map(quote).join(" "));
        const left = await removeFolder(connection, folder, run.around.sudo).then(
          () => undefined,
          (thrown: unknown) => `${folder} is left on the host: ${messageOf(thrown)}`,
        );
        const notes = [end.note, left].filter((one) => one !== undefined);
        return notes.length === 0 ? end : { ...end, note: notes.join("; ") };
      });
    },
  };
}
