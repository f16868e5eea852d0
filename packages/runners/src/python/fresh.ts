import { join } from "node:path";
import {
  commandLine,
  type Environment,
  type Interpreter,
  type ProcessEnd,
  type Supervision,
  withPythonCure,
} from "@squall/processes";
import type { RunnerSettings } from "../options.ts";

/**
 * Runs an action in an interpreter of its own (stackstorm-model 5.4). The job, which may hold secrets, goes in through
 * stdin; the answer comes back on descriptor 3, so that nothing the action prints can be taken for it.
 */
export async function runFresh(
  settings: RunnerSettings,
  interpreter: Interpreter,
  run: {
    readonly environment: Environment;
    readonly input: string;
    readonly memoryBytes: number | undefined;
    readonly supervision: Supervision;
  },
): Promise<ProcessEnd> {
  const wrapper = join(settings.pythonPath, "python_runner", "python_action_wrapper.py");
  const line = commandLine(
    { file: interpreter.file, args: ["-u", wrapper] },
    settings.shells,
    { asRoot: false },
    run.environment,
    run.memoryBytes,
  );
  const end = await settings.runProcess({
    ...run.supervision,
    ...line,
    environment: run.environment,
    stdin: run.input,
    answers: true,
  });
  const why = await whyUnusable(settings, interpreter, run.environment, run.supervision, end);
  return why === undefined ? end : { ...end, error: withPythonCure(why, interpreter) };
}

/** A Python takes a fraction of a second to do nothing. */
const PROBE_MS = 10_000;

/**
 * Whether it was the interpreter that failed: one that could not be started, or one of a virtualenv that ends before it runs
 * anything, as it does when the Python that it was made from is gone. Its words alone would not say where to look.
 */
async function whyUnusable(
  settings: RunnerSettings,
  { file, virtualenv }: Interpreter,
  environment: Environment,
  { mark, signal }: Supervision,
  end: ProcessEnd,
): Promise<string | undefined> {
  if (end.kind === "not-started") return end.error;
  if (virtualenv === undefined || end.kind !== "exited" || end.code <= 0 || end.answer.length > 0) return undefined;
  const probe = await settings.runProcess({
    file,
    args: ["-c", ""],
    environment,
    mark,
    signal,
    timeoutMs: PROBE_MS,
    outputBytes: 10_000,
    onOutput: () => undefined,
  });
  if (probe.kind !== "exited" || probe.code === 0) return undefined;
  const said = probe.stderr.trim().split("\n").at(-1) ?? "";
  return `the Python of the virtualenv does not run: ${file} ends with ${probe.code}${said === "" ? "" : ` and says "${said}"`}`;
}
