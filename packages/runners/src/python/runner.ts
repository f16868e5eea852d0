import { delimiter, join } from "node:path";
import {
  type Environment,
  type Interpreter,
  interpreterEnvironment,
  MARK,
  type ProcessEnd,
  type Supervision,
} from "@squall/processes";
import { withPackContent } from "../content-version/worktree.ts";
import { entryFile } from "../entry-file.ts";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Runner } from "../port.ts";
import { actionEnvironment, secondsOf } from "../shell/run-shell.ts";
import { withInterpreter } from "../virtualenv/with-interpreter.ts";
import { createForkServers, type ForkServers } from "./fork/fork-servers.ts";
import { whyNotForkable } from "./forkable.ts";
import { runFresh } from "./fresh.ts";
import { pythonOutcome } from "./outcome.ts";
import { PARAMETERS } from "./parameters.ts";

/**
 * Runs a pack's Python action in a fork of an interpreter that has imported its module already, and in an interpreter of
 * its own where that would not come to the same (docs/actions.md, Python).
 */
export function createPythonScript(settings: RunnerSettings): Runner & AsyncDisposable {
  const servers = settings.pythonForks && createForkServers(settings.pythonForks);
  return {
    name: "python-script",
    description: "A runner for launching python actions.",
    module: "python_runner.python_runner",
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
    run: (job, io) =>
      withPackContent(settings, job, io, (packPath) =>
        withInterpreter(settings, job, io, packPath, async (interpreter) => {
          const timeoutSeconds = secondsOf(job.runnerParameters, 600);
          const end = await runAction(settings, servers, job, io, packPath, interpreter, timeoutSeconds);
          return pythonOutcome(end, { timeoutSeconds, signal: io.signal, outputBytes: job.limits.outputBytes });
        }),
      ),
    async [Symbol.asyncDispose]() {
      await servers?.[Symbol.asyncDispose]();
    },
  };
}

async function runAction(
  settings: RunnerSettings,
  servers: ForkServers | undefined,
  job: Job,
  io: JobIO,
  packPath: string,
  interpreter: Interpreter,
  timeoutSeconds: number,
): Promise<ProcessEnd> {
  const startedAt = performance.now();
  const forInterpreter = (environment: Record<string, string>) =>
    Object.assign(environment, interpreterEnvironment(settings, interpreter, packPath, environment.PATH));
  const own = job.environment; // once: its token is made when it is asked for
  const environment = forInterpreter(pythonEnvironment(settings, job.runnerParameters, own));
  const input = await wrapperInput(settings, job, packPath);
  const supervision: Supervision = {
    mark: job.execution,
    timeoutMs: timeoutSeconds * 1000,
    outputBytes: job.limits.outputBytes,
    signal: io.signal,
    onOutput: io.output,
  };

  if (servers) {
    const common = Object.fromEntries(Object.entries(own).filter(([name]) => COMMON.includes(name)));
    const forImport = forInterpreter(pythonEnvironment(settings, {}, common));
    const forStem = { ...forInterpreter(pythonEnvironment(settings, {}, {})), PYTHONPATH: settings.pythonPath };
    if (whyNotForkable(job, environment, forImport) === undefined) {
      const end = await servers.run(
        {
          interpreter: interpreter.file,
          stamp: interpreter.stamp,
          pythonPath: settings.pythonPath,
          file: input.file,
          path: (forImport.PYTHONPATH ?? "").split(delimiter).filter((folder) => folder !== settings.pythonPath),
          stemEnvironment: forStem,
          environment: forImport,
        },
        environment,
        { ...supervision, payload: () => forkPayload(input, job, environment) },
        settings.processLimits,
      );
      if (!("notForked" in end)) return end;
    }
  }
  const timeoutMs = Math.max(1, supervision.timeoutMs - (performance.now() - startedAt));
  return runFresh(settings, interpreter, {
    environment,
    input: JSON.stringify(input),
    memoryBytes: job.limits.memoryBytes,
    supervision: { ...supervision, timeoutMs },
  });
}

/** Of Squall's own variables those that are the same in all executions of an action; never the token. */
const COMMON: readonly string[] = ["ST2_ACTION_API_URL", "ST2_API_URL", "ST2_ACTION_PACK_NAME", "ST2_ACTION_DEBUG"];

/** What a fork needs to know; python_runner/forked.py reads it. */
function forkPayload(input: WrapperInput, job: Job, environment: Environment): string {
  return JSON.stringify({
    ...input,
    mark: job.execution,
    environment: { ...environment, [MARK]: job.execution },
    memory: job.limits.memoryBytes ?? null,
  });
}

function pythonEnvironment(
  settings: RunnerSettings,
  runnerParameters: Job["runnerParameters"],
  own: Environment,
): Record<string, string> {
  const environment = actionEnvironment(settings, { runnerParameters, environment: own });
  // Output is read as UTF-8 here, whatever the service's locale says.
  environment.PYTHONIOENCODING ??= "utf-8";
  const { ST2_ACTION_API_URL: url, ST2_ACTION_AUTH_TOKEN: token } = own;
  if (url !== undefined) environment.ST2_API_URL = own.ST2_API_URL ?? url;
  if (token !== undefined) environment.ST2_AUTH_TOKEN = own.ST2_AUTH_TOKEN ?? token;
  return environment;
}

interface WrapperInput {
  readonly pack: string;
  readonly file: string;
  readonly parameters: Job["actionParameters"];
  readonly config: Job["config"];
  readonly config_path: string;
  readonly user: string;
  readonly log_level: unknown;
}

async function wrapperInput(settings: RunnerSettings, job: Job, packPath: string): Promise<WrapperInput> {
  return {
    pack: job.action.pack,
    file: await entryFile(job, packPath),
    parameters: job.actionParameters,
    config: job.config,
    config_path: join(settings.configs, `${job.action.pack}.yaml`),
    user: job.user,
    log_level: job.runnerParameters.log_level ?? "DEBUG",
  };
}
