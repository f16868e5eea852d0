import { type JsonObject, MISFIRE_POLICIES } from "@squall/model";

const timezone = { type: "string", description: "IANA name, such as Europe/Berlin." };
const misfire = {
  type: "string",
  enum: MISFIRE_POLICIES,
  default: "once",
  description: "What to do about times that passed while nothing could fire: forget them, fire once, fire each.",
};
const cronField = { type: ["string", "integer"] };

/** StackStorm's timer trigger types (pack `core`), with the parameter `misfire` added. */
export const TIMER_PARAMETERS = {
  "core.st2.IntervalTimer": {
    type: "object",
    properties: {
      timezone,
      unit: { type: "string", enum: ["weeks", "days", "hours", "minutes", "seconds"] },
      delta: { type: "integer", minimum: 1 },
      misfire,
    },
    required: ["unit", "delta"],
    additionalProperties: false,
  },
  "core.st2.DateTimer": {
    type: "object",
    properties: { timezone, date: { type: "string", format: "date-time" }, misfire },
    required: ["date"],
    additionalProperties: false,
  },
  "core.st2.CronTimer": {
    type: "object",
    properties: {
      timezone,
      year: cronField,
      month: cronField,
      day: cronField,
      week: cronField,
      day_of_week: cronField,
      hour: cronField,
      minute: cronField,
      second: cronField,
      misfire,
    },
    additionalProperties: false,
  },
} as const satisfies Record<string, JsonObject>;

export type TimerType = keyof typeof TIMER_PARAMETERS;

export function isTimerType(type: string): type is TimerType {
  return Object.hasOwn(TIMER_PARAMETERS, type);
}

/** What a timer's event carries; the same for all of them. */
export const TIMER_PAYLOAD: JsonObject = {
  type: "object",
  properties: {
    executed_at: { type: "string" },
    schedule: { type: ["object", "null"], default: null },
  },
};
