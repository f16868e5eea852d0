import type { JsonObject } from "@squall/model";
import type { Outcome } from "../port.ts";
import { parseOutput } from "../parse-output.ts";
import { abortMessage, abortStatus, timeoutMessage } from "../stopped.ts";
import type { ProcessEnd } from "@squall/processes";

/** What sudo says on stderr when the password on its stdin was wrong. */
export const WRONG_PASSWORD =
  /^(?:sudo: )?(?:\d+ incorrect password attempts?|no password was provided)|^Sorry, try again\./m;

export const WRONG_PASSWORD_MESSAGE = "Invalid sudo password provided or sudo is not configured";

/** The result of the local shell runners, and which status follows from how the process ended (stackstorm-model 5.2). */
export function shellOutcome(
  end: ProcessEnd,
  request: { readonly timeoutSeconds: number; readonly usesSudoPassword: boolean; readonly signal: AbortSignal },
): Outcome {
  const shape = (status: Outcome["status"], code: number, error?: string): Outcome => {
    const succeeded = status === "succeeded";
    const result: JsonObject = {
      succeeded,
      failed: !succeeded,
      return_code: code,
      stdout: parseOutput(end.stdout),
      stderr: parseOutput(end.stderr),
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
      if (end.error !== undefined) return shape("failed", end.code, end.error);
      if (end.code === 0) return shape("succeeded", 0);
      if (request.usesSudoPassword && WRONG_PASSWORD.test(end.stderr))
        return shape("failed", -1, `${WRONG_PASSWORD_MESSAGE} for the service's user`);
      // Ended by somebody's SIGTERM: StackStorm takes that for a worker that went down.
      return shape(end.code === -15 ? "abandoned" : "failed", end.code);
    default:
      return end.kind satisfies never;
  }
}
