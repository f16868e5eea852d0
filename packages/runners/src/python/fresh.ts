import { join } from "node:path";
import { commandLine, type Environment, type Interpreter, type ProcessEnd, type Supervision } from "@squall/processes";
import type { RunnerSettings } from "../options.ts";

/**
 * Runs an action in an interpreter of its own (stackstorm-model 5.4). The job, which may hold secrets, goes in through
 * stdin; the answer comes back on descriptor 3, so that nothing the action prints can be taken for it.
 */
export function runFresh(
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
  return settings.runProcess({
    ...run.supervision,
    ...line,
    environment: run.environment,
    stdin: run.input,
    answers: true,
  });
}
