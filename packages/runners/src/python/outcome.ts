import { Invalid, isObject, type JsonObject } from "@squall/model";
import type { Outcome } from "../port.ts";
import { parseJson } from "../parse-output.ts";
import type { ProcessEnd } from "@squall/processes";
import { abortMessage, abortStatus, timeoutMessage } from "../stopped.ts";

/** The wrapper's exit status for `return (something that is no bool, result)`. */
const INVALID_STATUS_EXIT = 220;

/**
 * The result of a Python action and the status that follows (stackstorm-model 5.4). An action that never answered
 * (it crashed, exited, was stopped) has the *text* "None" as its result, as in StackStorm.
 */
export function pythonOutcome(
  end: ProcessEnd,
  request: { readonly timeoutSeconds: number; readonly signal: AbortSignal; readonly outputBytes: number },
): Outcome {
  const answer = end.isAnswerCut ? undefined : readAnswer(end.answer);
  const shape = (status: Outcome["status"], code: number, error?: string): Outcome => {
    const result: JsonObject = {
      result: answer ? answer.result : "None",
      stdout: end.stdout,
      stderr: end.stderr,
      exit_code: code,
    };
    if (error !== undefined) result.error = error;
    return { status, result };
  };
  switch (end.kind) {
    case "not-started":
      return shape("failed", -1, end.error);
    case "aborted":
      return shape(abortStatus(request.signal), end.code, end.error ?? abortMessage(request.signal));
    case "timeout": {
      const error = timeoutMessage(request.timeoutSeconds);
      return shape("timeout", -9, end.error === undefined ? error : `${error}; ${end.error}`);
    }
    case "exited":
      if (end.code === INVALID_STATUS_EXIT) throw new Invalid("runner.python.status", { message: end.stderr.trim() });
      if (end.error !== undefined) return shape("failed", end.code, end.error);
      if (end.isAnswerCut)
        return shape(
          "failed",
          end.code,
          `the action returned more than ${request.outputBytes} bytes; return less, or a reference to where it is`,
        );
      return shape(end.code === 0 && answer?.status !== false ? "succeeded" : "failed", end.code);
    default:
      return end.kind satisfies never;
  }
}

function readAnswer(bytes: Buffer): { readonly result: unknown; readonly status: unknown } | undefined {
  const parsed = parseJson(bytes.toString("utf8"));
  return isObject(parsed) && "result" in parsed ? { result: parsed.result, status: parsed.status } : undefined;
}
