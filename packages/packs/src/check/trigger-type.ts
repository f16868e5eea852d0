import {
  compileSchema,
  isObject,
  type JsonObject,
  messageOf,
  type ParameterSchema,
  pythonText,
  toDraft4,
} from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { checkDraft, checkFields, COMPUTED_FIELDS, type Fields, TAGS_FIELD } from "./fields.ts";
import { error, type Problem } from "./problem.ts";

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

/** A trigger's schemas are whole JSON schemas (with `required` as a boolean too), and `format` is allowed in them. */
function checkSchema(schema: JsonObject, path: Path): Problem[] {
  if (isObject(schema.properties)) {
    const wrong = Object.entries(schema.properties).filter(([, one]) => !isObject(one));
    if (wrong.length > 0) {
      return wrong.map(([name, one]) =>
        error(
          [...path, "properties", name],
          `${pythonText(one)} is not of type 'object'; a property is a schema such as {type: string}`,
        ),
      );
    }
  }
  try {
    // The cast: what is no schema makes the compiler throw, which is the answer wanted.
    compileSchema(toDraft4(schema as ParameterSchema));
    return [];
  } catch (thrown) {
    return [error(path, `not a JSON schema: ${messageOf(thrown)}`)];
  }
}
