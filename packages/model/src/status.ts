/** StackStorm's execution statuses. */
export const EXECUTION_STATUSES = [
  "requested",
  "scheduled",
  "delayed",
  "running",
  "succeeded",
  "failed",
  "timeout",
  "abandoned",
  "canceling",
  "canceled",
  "pending",
  "pausing",
  "paused",
  "resuming",
] as const;
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

/** Statuses that never change again. */
export const COMPLETED_STATUSES = ["succeeded", "failed", "timeout", "abandoned", "canceled"] as const;
export type CompletedStatus = (typeof COMPLETED_STATUSES)[number];
export const FAILED_STATUSES: readonly ExecutionStatus[] = ["failed", "timeout", "abandoned"];
/** StackStorm's, and `pending`: a question that nobody is to answer any more can be taken back. */
export const CANCELABLE_STATUSES: readonly ExecutionStatus[] = [
  "requested",
  "scheduled",
  "delayed",
  "running",
  "pending",
  "pausing",
  "paused",
  "resuming",
];

const completed: ReadonlySet<string> = new Set(COMPLETED_STATUSES);

export function isCompleted(status: string): status is CompletedStatus {
  return completed.has(status);
}

/** StackStorm's trigger instance statuses. */
export const EVENT_STATUSES = ["pending", "processing", "processed", "processing_failed"] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];
