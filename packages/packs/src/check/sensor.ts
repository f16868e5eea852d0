import { checkEntryPoint } from "./action.ts";
import { checkDraft, checkFields, COMPUTED_FIELDS, type Fields } from "./fields.ts";
import type { Problem } from "./problem.ts";
import { checkTriggerType } from "./trigger-type.ts";

const FIELDS: Fields = {
  ...COMPUTED_FIELDS,
  class_name: {
    type: "string",
    required: true,
    minLength: 1,
    maxLength: 1024,
    missing: "Sensor definition missing class_name",
  },
  entry_point: {
    type: "string",
    required: true,
    minLength: 1,
    missing: "Sensor definition missing entry_point",
    check: checkEntryPoint,
  },
  pack: { type: "string" },
  description: { type: "string" },
  enabled: { type: "boolean" },
  // Below four seconds StackStorm does not let a sensor poll.
  poll_interval: { type: "number", minimum: 4 },
  trigger_types: {
    type: "array",
    items: {
      type: "any",
      check: (value: unknown, path) =>
        checkTriggerType(value).map((problem) => ({ ...problem, path: [...path, ...problem.path] })),
    },
  },
};

/** Everything wrong with a sensor's metadata (model reference 9.2), its trigger types included. */
export function checkSensor(draft: unknown): Problem[] {
  return checkDraft(draft, (sensor) => checkFields(sensor, FIELDS));
}
