import { isObject } from "@squall/model";
import { LOG_LEVELS } from "@squall/sdk";
import { withPackContent } from "../content-version/worktree.ts";
import { entryFile } from "../entry-file.ts";
import type { RunnerSettings } from "../options.ts";
import type { Runner } from "../port.ts";
import { pythonOutcome } from "../python/outcome.ts";
import { actionEnvironment, secondsOf } from "../shell/run-shell.ts";
import { MARK } from "@squall/processes";
import { createModules } from "./modules.ts";
import { PARAMETERS } from "./parameters.ts";
import { createHostPool } from "./pool.ts";

/** Idle warm processes kept at most. */
const IDLE = 8;
const IDLE_MS = 5 * 60_000;

/**
 * Runs a pack's JavaScript or TypeScript action in a warm Node process. Its results have the shape of Python actions'.
 * Module state lives on between runs of the same pack, as in AWS Lambda, one run at a time in a process.
 */
export function createNodeScript(settings: RunnerSettings): Runner {
  const pool = createHostPool(settings.environment, { ...settings.stop, idle: IDLE, idleMs: IDLE_MS });
  const modules = createModules(settings);
  return {
    name: "node-script",
    description: "A runner for JavaScript and TypeScript actions.",
    module: "node_runner.node_runner",
    lane: "process",
    parameters: PARAMETERS,
    outputKey: "result",
    outputSchema: {
      result: {
        anyOf: ["array", "boolean", "integer", "null", "number", "object", "string"].map((type) => ({ type })),
      },
      stderr: { type: "string", required: true },
      stdout: { type: "string", required: true },
      exit_code: { type: "integer", required: true },
    },
    [Symbol.asyncDispose]: async () => pool[Symbol.asyncDispose](),
    run: (job, io) =>
      withPackContent(settings, job, io, async (packPath) => {
        const timeoutSeconds = secondsOf(job.runnerParameters, 600);
        const folder = await modules.ensure(job.action.pack, packPath, job.execution, io);
        const level = LOG_LEVELS.find((one) => one === job.runnerParameters.log_level) ?? "DEBUG";
        const { ref, name, pack } = job.action;
        const environment = { ...actionEnvironment(settings, job), [MARK]: job.execution };
        const message = {
          file: await entryFile(job, packPath),
          packPath,
          ...(folder !== undefined && { modules: folder }),
          name,
          parameters: job.actionParameters,
          config: job.config,
          logLevel: level,
          environment: withServerAddress(environment),
          execution: {
            id: job.execution,
            action: ref,
            pack,
            user: job.user,
            context: isObject(job.context) ? job.context : {},
          },
        };
        const run = {
          message,
          timeoutMs: timeoutSeconds * 1000,
          outputBytes: job.limits.outputBytes,
          signal: io.signal,
          onOutput: io.output,
        };
        const key = JSON.stringify([packPath, folder ?? "", job.packDigest ?? ""]);
        const end = await pool.run(key, run, job.runnerParameters.fresh_process === true);
        return pythonOutcome(end, { timeoutSeconds, signal: io.signal, outputBytes: job.limits.outputBytes });
      }),
  };
}

/** The names that `st2client` and the Python SDK read too. */
function withServerAddress(environment: Record<string, string>): Record<string, string> {
  const { ST2_ACTION_API_URL: url, ST2_ACTION_AUTH_TOKEN: token } = environment;
  return {
    ...environment,
    ...(url !== undefined && environment.ST2_API_URL === undefined && { ST2_API_URL: url }),
    ...(token !== undefined && environment.ST2_AUTH_TOKEN === undefined && { ST2_AUTH_TOKEN: token }),
  };
}
