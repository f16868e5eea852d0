import { join } from "node:path";
import { withPackContent } from "../content-version/worktree.ts";
import { entryFile } from "../entry-file.ts";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Runner } from "../port.ts";
import { commandLine, interpreterEnvironment } from "@squall/processes";
import type { Interpreter, ProcessEnd } from "@squall/processes";
import { actionEnvironment, secondsOf } from "../shell/run-shell.ts";
import { withInterpreter } from "../virtualenv/with-interpreter.ts";
import { pythonOutcome } from "./outcome.ts";
import { PARAMETERS } from "./parameters.ts";

/**
 * Runs a pack's Python action in an interpreter of its own (stackstorm-model 5.4). The job, which may hold secrets, goes
 * in through stdin; the answer comes back on descriptor 3, so that nothing the action prints can be taken for it.
 */
export function createPythonScript(settings: RunnerSettings): Runner {
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
          const end = await runAction(settings, job, io, packPath, interpreter, timeoutSeconds);
          return pythonOutcome(end, { timeoutSeconds, signal: io.signal, outputBytes: job.limits.outputBytes });
        }),
      ),
  };
}

async function runAction(
  settings: RunnerSettings,
  job: Job,
  io: JobIO,
  packPath: string,
  interpreter: Interpreter,
  timeoutSeconds: number,
): Promise<ProcessEnd> {
  const environment = pythonEnvironment(settings, job);
  Object.assign(environment, interpreterEnvironment(settings, interpreter, packPath, environment.PATH));
  const wrapper = join(settings.pythonPath, "python_runner", "python_action_wrapper.py");
  const line = commandLine(
    { file: interpreter.file, args: ["-u", wrapper] },
    settings.shells,
    { asRoot: false },
    environment,
    job.limits.memoryBytes,
  );
  return settings.runProcess({
    ...line,
    environment,
    mark: job.execution,
    stdin: JSON.stringify(await wrapperInput(settings, job, packPath)),
    timeoutMs: timeoutSeconds * 1000,
    outputBytes: job.limits.outputBytes,
    answers: true,
    signal: io.signal,
    onOutput: io.output,
  });
}

function pythonEnvironment(settings: RunnerSettings, job: Job): Record<string, string> {
  const environment = actionEnvironment(settings, job);
  // Output is read as UTF-8 here, whatever the service's locale says.
  environment.PYTHONIOENCODING ??= "utf-8";
  const { ST2_ACTION_API_URL: url, ST2_ACTION_AUTH_TOKEN: token } = job.environment;
  if (url !== undefined) environment.ST2_API_URL = job.environment.ST2_API_URL ?? url;
  if (token !== undefined) environment.ST2_AUTH_TOKEN = job.environment.ST2_AUTH_TOKEN ?? token;
  return environment;
}

async function wrapperInput(settings: RunnerSettings, job: Job, packPath: string): Promise<Record<string, unknown>> {
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
