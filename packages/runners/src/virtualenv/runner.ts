import { ensureVirtualenv } from "@squall/processes";
import { isObject, messageOf } from "@squall/model";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Outcome, Runner } from "../port.ts";
import { secondsOf } from "../shell/run-shell.ts";
import { abortOutcome, timeoutMessage } from "../stopped.ts";
import { PARAMETERS } from "./parameters.ts";
import { buildHooks } from "./with-interpreter.ts";

/**
 * Makes the virtualenvs of the registered packs that the action parameter `packs` names: what `packs.setup_virtualenv` runs.
 * Ours alone: in StackStorm that is a Python action, which the server here does not trust with its own folders.
 */
export function createPythonVirtualenv(settings: RunnerSettings): Runner {
  return {
    name: "python-virtualenv",
    description: "A runner that makes the Python virtualenvs of packs.",
    module: "python_virtualenv_runner",
    lane: "process",
    parameters: PARAMETERS,
    outputKey: "result",
    run: (job, io) => makeAll(settings, job, io),
  };
}

async function makeAll(settings: RunnerSettings, job: Job, io: JobIO): Promise<Outcome> {
  if (io.signal.aborted) return abortOutcome(io.signal);
  const given = job.actionParameters.packs;
  const packs = Array.isArray(given) ? given.map(String) : [];
  const seconds = secondsOf(job.runnerParameters, 3600);
  const timer = AbortSignal.timeout(seconds * 1000);
  const signal = AbortSignal.any([io.signal, timer]);
  const hooks = { ...buildHooks(job, io), signal };
  const made: Record<string, string> = {};
  const errors: string[] = [];
  for (const pack of packs) {
    try {
      const packPath = await folderOf(job, pack, signal);
      const interpreter = await ensureVirtualenv(settings, { ...hooks, pack, packPath, rebuild: true });
      if (interpreter?.virtualenv === undefined) io.output("output", `pack "${pack}" requires no packages\n`);
      made[pack] = interpreter?.virtualenv ?? "";
    } catch (thrown) {
      if (io.signal.aborted) return abortOutcome(io.signal);
      if (timer.aborted) return { status: "timeout", result: { error: timeoutMessage(seconds), virtualenvs: made } };
      // The others are made all the same; this one is told of at the end.
      errors.push(messageOf(thrown));
    }
  }
  if (errors.length > 0) return { status: "failed", result: { error: errors.join("\n\n"), virtualenvs: made } };
  const result = `Successfully set up virtualenv for the following packs: ${packs.join(", ")}`;
  return { status: "succeeded", result: { result, virtualenvs: made } };
}

/** Where a registered pack lies, as the API tells this execution. A failure of the pack's own is an Error with that text. */
async function folderOf(job: Job, pack: string, signal: AbortSignal): Promise<string> {
  const { ST2_ACTION_API_URL: url, ST2_ACTION_AUTH_TOKEN: token } = job.environment;
  const response = await fetch(`${url}/packs/${encodeURIComponent(pack)}`, {
    headers: { "X-Auth-Token": token ?? "" },
    signal,
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && isObject(body) && typeof body.path === "string") return body.path;
  const why = isObject(body) && typeof body.faultstring === "string" ? body.faultstring : `HTTP ${response.status}`;
  throw new Error(`pack "${pack}": ${why}; register it first (squall pack register DIR)`);
}
