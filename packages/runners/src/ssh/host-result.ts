import { type JsonObject, messageOf } from "@squall/model";
import { parseOutput } from "../parse-output.ts";
import type { Outcome } from "../port.ts";
import { WRONG_PASSWORD, WRONG_PASSWORD_MESSAGE } from "../shell/shell-outcome.ts";
import { abortMessage, abortStatus, timeoutMessage } from "../stopped.ts";
import type { HostEnd } from "./run-on-host.ts";

/** How it went on one host. */
export interface HostResult {
  readonly label: string;
  readonly kind: "succeeded" | "failed" | "timeout" | "unreachable" | "aborted";
  readonly result: JsonObject;
}

/** StackStorm's code for hosts where the command did not come to run. */
const NOT_RUN = 255;

/** The result of a run that came to its end or was ended (stackstorm-model 5.2). */
export function ranResult(
  label: string,
  end: HostEnd,
  run: { readonly timeoutSeconds: number; readonly usesSudoPassword: boolean; readonly signal: AbortSignal },
): HostResult {
  const shape = (kind: HostResult["kind"], code: number, error?: string, more: JsonObject = {}): HostResult => {
    const errors = [error, end.note].filter((one) => one !== undefined).join("; ");
    const result = shaped(kind, code, parseOutput(end.stdout), parseOutput(end.stderr));
    return { label, kind, result: { ...result, ...(errors !== "" && { error: errors }), ...more } };
  };
  switch (end.kind) {
    case "aborted":
      return shape("aborted", end.code, abortMessage(run.signal));
    case "timeout":
      return shape("timeout", end.code, timeoutMessage(run.timeoutSeconds), { timeout: true });
    case "exited":
      if (end.code === 0) return shape("succeeded", 0);
      if (run.usesSudoPassword && WRONG_PASSWORD.test(end.stderr))
        return shape("failed", -1, `${WRONG_PASSWORD_MESSAGE} for this user on the host`);
      return shape("failed", end.code);
    default:
      return end.kind satisfies never;
  }
}

/** The result for a host where nothing ran, or the connection broke while it did. */
export function notRunResult(label: string, kind: "unreachable" | "failed", thrown: unknown): HostResult {
  const result = { ...shaped(kind, NOT_RUN, "", ""), error: messageOf(thrown), traceback: "" };
  return { label, kind, result };
}

/** The result for a host whose turn did not come. */
export function abortedResult(label: string, signal: AbortSignal): HostResult {
  return { label, kind: "aborted", result: { ...shaped("aborted", -9, "", ""), error: abortMessage(signal) } };
}

function shaped(kind: HostResult["kind"], code: number, stdout: unknown, stderr: unknown): JsonObject {
  const succeeded = kind === "succeeded";
  return { succeeded, failed: !succeeded, return_code: code, stdout, stderr };
}

/** So many hosts are named in the error of an execution that reached none. */
const NAMED_IN_ERROR = 20;

/** What the hosts' results come to together. */
export function hostsOutcome(
  results: readonly HostResult[],
  request: { readonly allowPartialFailure: boolean; readonly signal: AbortSignal },
): Outcome {
  const all = (kind: HostResult["kind"]) => results.every((one) => one.kind === kind);
  if (all("unreachable")) {
    const named = results.slice(0, NAMED_IN_ERROR).map(({ label, result }) => `${label}: ${String(result.error)}`);
    if (results.length > named.length) named.push(`and ${results.length - named.length} more`);
    const hosts = results.length === 1 ? "the host" : `any of the ${results.length} hosts`;
    return { status: "failed", result: { error: `Unable to connect to ${hosts}. ${named.join("; ")}`, traceback: "" } };
  }
  const result = Object.fromEntries(results.map((one) => [one.label, one.result]));
  if (results.some(({ kind }) => kind === "aborted")) return { status: abortStatus(request.signal), result };
  const succeeded = request.allowPartialFailure ? results.some(({ kind }) => kind === "succeeded") : all("succeeded");
  return { status: succeeded ? "succeeded" : all("timeout") ? "timeout" : "failed", result };
}
