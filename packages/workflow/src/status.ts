/** The statuses of workflows and of the tasks in them. */
export const STATUSES = [
  "requested",
  "scheduled",
  "delayed",
  "running",
  "pending",
  "pausing",
  "paused",
  "resuming",
  "succeeded",
  "failed",
  "timeout",
  "abandoned",
  "retrying",
  "canceling",
  "canceled",
] as const;
export type Status = (typeof STATUSES)[number];

const setOf = (...statuses: Status[]): ReadonlySet<string> => new Set(statuses);

export const ACTIVE = setOf("requested", "scheduled", "delayed", "running", "resuming", "pausing", "canceling");
export const COMPLETED = setOf("succeeded", "failed", "timeout", "abandoned", "canceled");
export const ABENDED = setOf("failed", "timeout", "abandoned");
/** Statuses a task can begin with. */
export const STARTING = setOf("requested", "scheduled", "delayed", "running", "pending");
/** Statuses of a workflow in which tasks are handed out. */
export const HANDING_OUT = setOf("requested", "scheduled", "delayed", "running", "resuming", "retrying");

export const isStatus = (text: string): text is Status => (STATUSES as readonly string[]).includes(text);
