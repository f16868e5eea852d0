import type { Status } from "../status.ts";

/*
 * How a task's status follows from what its action, its items and the workflow do (orquesta-and-expressions 5.2). What a
 * table does not name changes nothing.
 */

const to = (...statuses: Status[]): Partial<Record<Status, Status>> => Object.fromEntries(statuses.map((s) => [s, s]));
const LOST: Partial<Record<Status, Status>> = { timeout: "failed", abandoned: "failed" };
const NEW = to(
  "scheduled",
  "delayed",
  "running",
  "pending",
  "pausing",
  "paused",
  "canceling",
  "canceled",
  "failed",
  "timeout",
  "abandoned",
);

const AFTER_ACTION: Partial<Record<Status | "new", Partial<Record<Status, Status>>>> = {
  new: to("requested", "scheduled", "delayed", "running", "pending"),
  requested: NEW,
  scheduled: NEW,
  delayed: NEW,
  running: {
    ...to("running", "pending", "pausing", "paused", "canceling", "canceled", "failed", "succeeded"),
    ...LOST,
  },
  pending: { ...to("canceled", "failed", "succeeded"), ...LOST },
  pausing: { ...to("paused", "resuming", "canceling", "canceled", "failed"), ...LOST },
  paused: to("running", "resuming", "canceling", "canceled"),
  resuming: to("running", "canceling", "canceled"),
  retrying: to("running", "canceling", "canceled"),
  canceling: { canceled: "canceled", paused: "canceled", failed: "failed", ...LOST },
};

export const afterAction = (from: Status | null, status: Status): Status | undefined =>
  AFTER_ACTION[from ?? "new"]?.[status];

/** What the items beside the one that reports are doing. */
export type Others = "active" | "paused" | "canceled" | "abended" | "incomplete" | "completed";

/** What follows for the task when an item has come to rest. */
export function afterItem(from: Status | null, status: Status, others: Others): Status | undefined {
  const rests = status === "pending" || status === "paused";
  const abended = status === "failed" || status === "timeout" || status === "abandoned";
  if (from !== "running" && from !== "pausing" && from !== "canceling") return undefined;
  if (others === "active") {
    if (from !== "running") return undefined;
    if (rests) return "pausing";
    if (status === "canceled") return "canceling";
    return status === "succeeded" ? "running" : undefined;
  }
  if (from === "canceling") return status === "succeeded" && others === "completed" ? "succeeded" : "canceled";
  if (status === "canceled") return "canceled";
  if (others === "canceled") return "canceled";
  if (others === "abended") return "failed";
  if (abended) return "failed";
  if (others === "paused" || rests) return "paused";
  if (others === "completed") return "succeeded";
  return from === "pausing" ? "paused" : "running";
}

/** What a request to the workflow means to a with-items task of it that has items left. */
export function afterWorkflowRequest(from: Status | null, request: Status, itemsActive: boolean): Status | undefined {
  if (request === "pausing" || request === "paused") {
    return from === "running" ? (itemsActive ? "pausing" : "paused") : undefined;
  }
  if (request === "canceling" || request === "canceled") {
    return from === "running" || from === "pausing" ? (itemsActive ? "canceling" : "canceled") : undefined;
  }
  return undefined;
}
