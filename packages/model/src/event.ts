import type { JsonObject } from "./json.ts";
import type { EventStatus } from "./status.ts";
import type { Micros } from "./time.ts";

/** Something that happened (StackStorm: trigger instance). */
export interface Event {
  readonly id: string;
  readonly project: string;
  /** ref of the trigger that it is an instance of */
  readonly trigger: string;
  /** ref of the trigger's type */
  readonly trigger_type: string;
  readonly payload: JsonObject;
  readonly occurrence_time: Micros;
  readonly status: EventStatus;
  readonly trace_tag?: string;
}

/** The record that a rule acted on an event, or failed to and why. */
export interface Enforcement {
  readonly id: string;
  readonly project: string;
  readonly rule: { readonly id: string; readonly ref: string; readonly uid: string };
  readonly trigger_instance: string;
  readonly execution?: string;
  readonly enforced_at: Micros;
  readonly status: "succeeded" | "failed";
  readonly failure_reason?: string;
}
