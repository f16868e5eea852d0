import type { Outcome } from "./port.ts";

export function timeoutMessage(seconds: number): string {
  return `Action failed to complete in ${seconds} seconds`;
}

/** `canceled` when somebody asked for it, `abandoned` when the service goes down. */
export function abortStatus(signal: AbortSignal): "canceled" | "abandoned" {
  return signal.reason === "shutdown" ? "abandoned" : "canceled";
}

/** What a run that was stopped before or while it did anything ends with. */
export function abortOutcome(signal: AbortSignal): Outcome {
  return { status: abortStatus(signal), result: { error: abortMessage(signal) } };
}

export function abortMessage(signal: AbortSignal): string {
  return signal.reason === "shutdown" ? "stopped because the service shuts down" : "canceled on request";
}
