import type { JsonObject } from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { checkDraft, checkFields, COMPUTED_FIELDS, type Fields, TAGS_FIELD } from "./fields.ts";
import { checkJsonSchema } from "./json-schema.ts";
import type { Problem } from "./problem.ts";

export const TRIGGER_TYPE_FIELDS: Fields = {
  ...COMPUTED_FIELDS,
  name: { type: "string", required: true, minLength: 1, maxLength: 1024 },
  pack: { type: "string" },
  description: { type: "string" },
  payload_schema: { type: "object", check: checkSchema },
  parameters_schema: { type: "object", check: checkSchema },
  tags: TAGS_FIELD,
};

/** Everything wrong with a trigger type (model reference 9). */
export function checkTriggerType(draft: unknown): Problem[] {
  return checkDraft(draft, (type) => checkFields(type, TRIGGER_TYPE_FIELDS));
}

/** A trigger's schemas are whole JSON schemas: what is legal there and not in a parameter is legal here. */
function checkSchema(schema: JsonObject, path: Path): Problem[] {
  return checkJsonSchema(schema, path);
}
