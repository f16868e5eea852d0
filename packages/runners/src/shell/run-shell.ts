import { isObject, type JsonObject } from "@squall/model";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Outcome } from "../port.ts";
import { type Command, commandLine } from "@squall/processes";
import { pythonStr } from "../python-text.ts";
import { shellOutcome } from "./shell-outcome.ts";

/** Runs a command with the parameters that both local shell runners share, and shapes its result. */
export async function runShell(settings: RunnerSettings, job: Job, io: JobIO, command: Command): Promise<Outcome> {
  const parameters = job.runnerParameters;
  const timeoutSeconds = secondsOf(parameters, 60);
  const environment = actionEnvironment(settings, job);
  const asRoot = parameters.sudo === true;
  const password = typeof parameters.sudo_password === "string" ? parameters.sudo_password : undefined;
  const line = commandLine(
    command,
    settings.shells,
    { asRoot, password, user: settings.systemUser },
    environment,
    job.limits.memoryBytes,
  );
  const end = await settings.runProcess({
    ...line,
    cwd: typeof parameters.cwd === "string" && parameters.cwd !== "" ? parameters.cwd : undefined,
    environment,
    mark: job.execution,
    timeoutMs: timeoutSeconds * 1000,
    outputBytes: job.limits.outputBytes,
    signal: io.signal,
    onOutput: io.output,
  });
  return shellOutcome(end, { timeoutSeconds, usesSudoPassword: line.stdin !== undefined, signal: io.signal });
}

/** The `timeout` parameter in seconds. */
export function secondsOf(parameters: JsonObject, byDefault: number): number {
  return typeof parameters.timeout === "number" && parameters.timeout >= 0 ? parameters.timeout : byDefault;
}

/** What the service passes on, then the action's `env`, then Squall's own variables, which always win. */
export function actionEnvironment(
  settings: RunnerSettings,
  job: Pick<Job, "runnerParameters" | "environment">,
): Record<string, string> {
  const environment: Record<string, string> = { ...settings.environment };
  if (isObject(job.runnerParameters.env))
    for (const [name, value] of Object.entries(job.runnerParameters.env)) environment[name] = pythonStr(value);
  return Object.assign(environment, job.environment);
}
