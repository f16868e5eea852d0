import type { Status } from "../status.ts";

/**
 * How a workflow's status follows from requests and from what its tasks do (orquesta-and-expressions 5.1). What a table
 * does not name changes nothing.
 */

/** What the machine must know of the tasks. */
export interface Facts {
  readonly active: boolean;
  /** Nothing is active, staged, paused or pending. */
  readonly finished: boolean;
}

/** `undefined` when the request changes nothing. */
export function afterRequest(from: Status | null, request: Status, facts: Facts): Status | undefined {
  const pause = facts.active ? "pausing" : "paused";
  const cancel = facts.active ? "canceling" : "canceled";
  const isPause = request === "pausing" || request === "paused";
  const isCancel = request === "canceling" || request === "canceled";
  switch (from) {
    case null:
      return ["requested", "scheduled", "delayed", "running", "failed"].includes(request) ? request : undefined;
    case "requested":
    case "scheduled":
    case "delayed":
      if (isPause) return facts.active ? undefined : "paused";
      if (isCancel) return facts.active ? undefined : "canceled";
      return ["scheduled", "delayed", "running", "failed"].includes(request) ? request : undefined;
    case "running":
      if (isPause) return pause;
      if (isCancel) return cancel;
      return request === "failed" || request === "succeeded" ? request : undefined;
    case "pausing":
      if (isPause) return pause;
      if (isCancel) return cancel;
      return request === "running" || request === "resuming" || request === "failed" ? request : undefined;
    case "paused":
      if (isCancel) return facts.active ? undefined : "canceled";
      if (request === "running" || request === "resuming") return facts.finished ? "succeeded" : request;
      return request === "failed" ? "failed" : undefined;
    case "resuming":
      if (isPause) return pause;
      if (isCancel) return cancel;
      return request === "running" || request === "failed" ? request : undefined;
    case "canceling":
      if (isCancel) return cancel;
      return request === "failed" ? "failed" : undefined;
    case "succeeded":
      return request === "failed" ? "failed" : undefined;
    default:
      return undefined;
  }
}

/** What a task's change means to its workflow. `remediated`: it failed, and a transition cares for that. */
export type Outcome =
  | { readonly kind: "running" | "resuming" | "canceling" }
  | { readonly kind: "pending" | "paused" | "failed" | "canceled" | "retrying" }
  | {
      readonly kind: "succeeded" | "remediated";
      readonly rest: "canceled" | "paused" | "incomplete" | "completed";
    };

export function afterTask(from: Status | null, outcome: Outcome, active: boolean): Status | undefined {
  const pause = active ? "pausing" : "paused";
  const cancel = active ? "canceling" : "canceled";
  const { kind } = outcome;
  const rest = "rest" in outcome ? outcome.rest : undefined;
  switch (from) {
    case "running":
      if (kind === "pending") return pause;
      if (kind === "paused") return active ? "running" : "paused";
      if (rest === "incomplete") return "running";
      if (rest === "completed") return active ? "running" : "succeeded";
      if (rest === "paused") return pause;
      if (rest === "canceled") return cancel;
      break;
    case "pausing":
      if (kind === "pending" || kind === "paused" || kind === "retrying") return pause;
      if (rest === "canceled") return active ? (kind === "succeeded" ? "pausing" : "canceling") : "canceled";
      if (rest !== undefined) return pause;
      break;
    case "paused":
      return kind === "running" || kind === "resuming" ? "running" : undefined;
    case "resuming":
      if (kind === "running") return "running";
      if (kind === "pending") return pause;
      if (rest === "incomplete") return "running";
      if (rest === "completed") return active ? "running" : "succeeded";
      if (rest === "paused") return active ? undefined : "paused";
      if (rest === "canceled") return active ? undefined : "canceled";
      break;
    case "canceling":
      return kind === "running" || kind === "resuming" || kind === "canceling" ? undefined : cancel;
    default:
      return undefined;
  }
  if (kind === "failed") return "failed";
  if (kind === "canceling") return "canceling";
  return kind === "canceled" ? cancel : undefined;
}
