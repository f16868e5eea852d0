/** What runs actions: the port `Runner` and one folder per runner. */
import { createActionChain } from "./action-chain/runner.ts";
import { createAnnouncement } from "./announcement/runner.ts";
import { createHttpRequest } from "./http-request/runner.ts";
import { createInquirer } from "./inquirer/runner.ts";
import { createLocalShellCmd } from "./local-shell-cmd/runner.ts";
import { createLocalShellScript } from "./local-shell-script/runner.ts";
import { createNodeScript } from "./node-script/runner.ts";
import { createNoop } from "./noop/runner.ts";
import { createOrquesta } from "./orquesta/runner.ts";
import { type RunnerOptions, settle } from "./options.ts";
import { createPythonScript } from "./python/runner.ts";
import type { Runner } from "./port.ts";
import { createPythonVirtualenv } from "./virtualenv/runner.ts";
import { createRemoteShellCmd } from "./remote-shell-cmd/runner.ts";
import { createRemoteShellScript } from "./remote-shell-script/runner.ts";
import { createSshPool } from "./ssh/pool.ts";
import { createWinrmCmd, createWinrmPsCmd, createWinrmPsScript } from "./winrm/runner.ts";
import { createProcessTable, endLeftovers as endMarked } from "@squall/processes";

export type { RunnerOptions } from "./options.ts";
export { HOST_KEY_MODES, type HostKeyMode, type SshOptions } from "./ssh/settings.ts";
export type { Job, JobIO, Outcome, Runner } from "./port.ts";

/**
 * Every runner of this room, ready to run jobs. Warm processes that they keep end with this one at the latest; idle SSH connections do
 * not keep it alive.
 */
export function createRunners(options: RunnerOptions = {}): readonly Runner[] {
  const settings = settle(options);
  const pool = createSshPool(settings.ssh);
  return [
    createNoop(),
    createAnnouncement(),
    createLocalShellCmd(settings),
    createLocalShellScript(settings),
    createPythonScript(settings),
    createPythonVirtualenv(settings),
    createNodeScript(settings),
    createHttpRequest(settings),
    createRemoteShellCmd(settings, pool),
    createRemoteShellScript(settings, pool),
    createWinrmCmd(),
    createWinrmPsCmd(),
    createWinrmPsScript(),
    createOrquesta(),
    createActionChain(),
    createInquirer(),
  ];
}

/** Long enough to put things away; a server that starts waits for it. */
const LEFTOVER_GRACE_MS = 1_000;

/**
 * Ends the processes on this machine that executions of a dead server left running; how many there were. Call it with
 * executions that nobody runs any more.
 */
export function endLeftovers(executions: readonly string[]): Promise<number> {
  return endMarked(executions, { table: createProcessTable(), graceMs: LEFTOVER_GRACE_MS });
}
