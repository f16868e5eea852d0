import { checkDraft, checkFields, checkValue, COMPUTED_FIELDS, type Field, type Fields } from "./fields.ts";
import type { Problem } from "./problem.ts";

const FORMAT: Field = {
  type: "object",
  fields: {
    display: { type: "string" },
    representation: { type: "any", check: (value: unknown, path) => checkRepresentation(value, path) },
    match_multiple: { type: "boolean" },
  },
};

const FIELDS: Fields = {
  ...COMPUTED_FIELDS,
  name: { type: "string", required: true, minLength: 1, maxLength: 1024 },
  pack: { type: "string" },
  description: { type: "string" },
  enabled: { type: "boolean" },
  action_ref: { type: "string", required: true, minLength: 1 },
  formats: {
    type: "array",
    items: {
      type: "any",
      check: (value: unknown, path) => (typeof value === "string" ? [] : checkValue(value, FORMAT, path)),
    },
  },
  ack: {
    type: "object",
    fields: {
      enabled: { type: "boolean" },
      format: { type: "string" },
      extra: { type: "object" },
      append_url: { type: "boolean" },
    },
  },
  result: {
    type: "object",
    fields: { enabled: { type: "boolean" }, format: { type: "string" }, extra: { type: "object" } },
  },
  extra: { type: "object" },
  immutable_parameters: { type: "object" },
};

function checkRepresentation(value: unknown, path: Parameters<typeof checkValue>[2]): Problem[] {
  // A single text stands for a list of one.
  return typeof value === "string" ? [] : checkValue(value, { type: "array", items: { type: "string" } }, path);
}

/** Everything wrong with a chat alias (model reference 20). Its action need not exist. */
export function checkAlias(draft: unknown): Problem[] {
  return checkDraft(draft, (alias) => checkFields(alias, FIELDS));
}
