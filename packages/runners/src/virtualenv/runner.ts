import { access } from "node:fs/promises";
import { join } from "node:path";
import { isObject, messageOf, NotFound } from "@squall/model";
import { describeVirtualenv, ensureVirtualenv, type VirtualenvSummary } from "@squall/processes";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Outcome, Runner } from "../port.ts";
import { pythonStr } from "../python-text.ts";
import { secondsOf } from "../shell/run-shell.ts";
import { abortOutcome, timeoutMessage } from "../stopped.ts";
import { PARAMETERS } from "./parameters.ts";
import { buildHooks } from "./with-interpreter.ts";

/**
 * Makes the virtualenvs of the packs that the action parameter `packs` names: what `packs.setup_virtualenv` runs.
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
  const environment = isObject(job.runnerParameters.env)
    ? Object.fromEntries(Object.entries(job.runnerParameters.env).map(([name, value]) => [name, pythonStr(value)]))
    : undefined;
  const made: Record<string, VirtualenvSummary> = {};
  const errors: string[] = [];
  for (const pack of packs) {
    try {
      const packPath = await folderOf(settings, job, pack, signal);
      await ensureVirtualenv(settings, { ...hooks, pack, packPath, environment, rebuild: true });
      const summary = await describeVirtualenv(settings, pack, packPath);
      if (summary.status === "not-needed") io.output("output", `pack "${pack}" requires no packages\n`);
      made[pack] = summary;
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

/**
 * Where a pack lies: where this machine has it when the API lets this execution see it, or, for one that is about to be registered, in a folder of packs.
 * Throws `NotFound` for any other.
 */
async function folderOf(settings: RunnerSettings, job: Job, pack: string, signal: AbortSignal): Promise<string> {
  const { ST2_ACTION_API_URL: url, ST2_ACTION_AUTH_TOKEN: token } = job.environment;
  const response = await fetch(`${url}/packs/${encodeURIComponent(pack)}`, {
    headers: { "X-Auth-Token": token ?? "" },
    signal,
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && isObject(body) && typeof body.path === "string") {
    return (await settings.packFolder?.(pack)) ?? body.path;
  }
  const roots = response.status === 404 && /^[a-z0-9_]+$/.test(pack) ? settings.packRoots : [];
  for (const root of roots) if (await exists(join(root, pack, "pack.yaml"))) return join(root, pack);
  const why = isObject(body) && typeof body.faultstring === "string" ? body.faultstring : `HTTP ${response.status}`;
  throw new NotFound("virtualenv.unknown-pack", {
    message: `pack "${pack}": ${why}; register it first (squall pack register DIR)`,
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
