import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Invalid, NotFound, type Parameters, messageOf, Unavailable } from "@squall/model";
import { entryFile } from "../entry-file.ts";
import type { Job, JobIO, Outcome, Runner } from "../port.ts";
import { abortOutcome } from "../stopped.ts";
import { COMMAND_PARAMETERS, POWERSHELL_PARAMETERS, SCRIPT_PARAMETERS } from "./parameters.ts";
import { callScript, LONGEST_COMMAND, powershellArguments, powershellCommand } from "./powershell.ts";
import { type CommandEnd, runOnWindows, type WindowsRun } from "./run-on-windows.ts";

/** Runs a command of the command prompt on a Windows host. */
export function createWinrmCmd(): Runner {
  return aRunner(
    "winrm-cmd",
    "A remote execution runner that executes Command Prompt commands via WinRM on a remote host",
    {
      module: "winrm_runner.winrm_command_runner",
      parameters: COMMAND_PARAMETERS,
      run: (job, io) => {
        const cmd = commandOf(job);
        return runOnWindows(job, io, (run) => run.command(cmd, false));
      },
    },
  );
}

/** Runs PowerShell text on a Windows host. */
export function createWinrmPsCmd(): Runner {
  return aRunner(
    "winrm-ps-cmd",
    "A remote execution runner that executes PowerShell commands via WinRM on a remote host",
    {
      module: "winrm_runner.winrm_ps_command_runner",
      parameters: POWERSHELL_PARAMETERS,
      run: (job, io) => {
        const cmd = commandOf(job);
        return runOnWindows(job, io, (run) => runPowershell(run, cmd));
      },
    },
  );
}

const OWN = new Set(Object.keys(SCRIPT_PARAMETERS));

/** Runs a PowerShell script of the pack on a Windows host, with the action's parameters as its arguments. */
export function createWinrmPsScript(): Runner {
  return aRunner(
    "winrm-ps-script",
    "A remote execution runner that executes PowerShell script via WinRM on a remote host",
    {
      module: "winrm_runner.winrm_ps_script_runner",
      parameters: SCRIPT_PARAMETERS,
      run: async (job, io) => {
        if (job.packPath === undefined)
          throw new NotFound("runner.pack-missing", {
            message: `the pack ${job.action.pack} has no folder on this machine; register it again from where it is`,
          });
        const script = await readFile(await entryFile(job, job.packPath), "utf8");
        const operator = job.runnerParameters.kwarg_op;
        const args = powershellArguments(
          job.actionParameters,
          job.schema,
          OWN,
          typeof operator === "string" ? operator : "-",
        );
        // A mark at the beginning of the file would be taken for a command.
        const text = callScript(script.replace(/^\ufeff/, ""), args);
        return runOnWindows(job, io, (run) => runPowershell(run, text));
      },
    },
  );
}

function aRunner(
  name: string,
  description: string,
  rest: { readonly module: string; readonly parameters: Parameters; run(job: Job, io: JobIO): Promise<Outcome> },
): Runner {
  return {
    name,
    description,
    lane: "inline",
    ...rest,
    run: async (job, io) => (io.signal.aborted ? abortOutcome(io.signal) : rest.run(job, io)),
  };
}

function commandOf(job: Job): string {
  const { cmd } = job.runnerParameters;
  if (typeof cmd !== "string" || cmd === "")
    throw new Invalid("runner.winrm.parameters", {
      message: `${job.action.ref} has no command; give the parameter cmd`,
    });
  return cmd;
}

/** So many bytes fit into a command line together with what writes them to a file. */
const CHUNK_BYTES = 1_500;

/** Runs the text as an argument where it fits into a command line, else from a file in the host's temporary folder. */
async function runPowershell(run: WindowsRun, script: string): Promise<CommandEnd> {
  const command = powershellCommand(script);
  if (command.length <= LONGEST_COMMAND) return run.command(command, true);
  const name = `squall-${randomUUID()}.ps1`;
  const path = `$p = Join-Path ([IO.Path]::GetTempPath()) '${name}'`;
  try {
    const bytes = Buffer.from(script, "utf8");
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES).toString("base64");
      await quietly(
        run,
        `${path}; $b = [Convert]::FromBase64String('${chunk}'); $f = [IO.File]::Open($p, 'Append'); $f.Write($b, 0, $b.Length); $f.Close()`,
      );
    }
    // Read instead of called: whether script files may be called is for the host's execution policy to say.
    return await run.command(powershellCommand(`${path}; & ([ScriptBlock]::Create([IO.File]::ReadAllText($p)))`), true);
  } finally {
    await run
      .quietly(powershellCommand(`${path}; Remove-Item -Force -ErrorAction SilentlyContinue -Path $p`), "last")
      .catch(() => {});
  }
}

async function quietly(run: WindowsRun, script: string): Promise<void> {
  try {
    await run.quietly(powershellCommand(script));
  } catch (thrown) {
    if (thrown instanceof Unavailable) throw thrown;
    throw new Unavailable("runner.winrm.copy", {
      message: `the script could not be copied to the host: ${messageOf(thrown)}`,
      cause: thrown,
    });
  }
}
