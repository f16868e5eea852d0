import { type BuildHooks, findInterpreter, type Interpreter } from "@squall/processes";
import type { RunnerSettings } from "../options.ts";
import type { Job, JobIO, Outcome } from "../port.ts";
import { abortOutcome } from "../stopped.ts";

/**
 * Runs `body` with the Python of the job's pack, whose virtualenv is built first when it is missing or stale. What the
 * installer says streams as output of type `output`: it is neither in the action's stdout nor in its stderr, and the time
 * it takes does not count against the action's timeout.
 */
export async function withInterpreter(
  settings: RunnerSettings,
  job: Job,
  io: JobIO,
  packPath: string,
  body: (interpreter: Interpreter) => Promise<Outcome>,
): Promise<Outcome> {
  let interpreter: Interpreter;
  try {
    interpreter = await findInterpreter(settings, job.action.pack, packPath, buildHooks(job, io));
  } catch (thrown) {
    if (io.signal.aborted) return abortOutcome(io.signal);
    throw thrown;
  }
  return body(interpreter);
}

/** Ties a build to the execution that needs it. */
export function buildHooks(job: Job, io: JobIO): BuildHooks {
  return {
    signal: io.signal,
    mark: job.execution,
    onProgress: (line) => io.output("output", `${line}\n`),
  };
}
