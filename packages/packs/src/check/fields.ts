import { isObject, type JsonObject, pythonText } from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { didYouMean, error, type Problem } from "./problem.ts";

export type FieldType = "string" | "boolean" | "number" | "integer" | "object" | "array" | "any";

/** What one member of an object may be. An optional member may also be null, which says the same as leaving it out. */
export interface Field {
  readonly type: FieldType;
  readonly required?: boolean;
  /** In place of `'x' is a required property`. */
  readonly missing?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  /** What the items of an array are. */
  readonly items?: Field;
  readonly uniqueItems?: boolean;
  /** Members of an object; others are refused unless `open`. */
  readonly fields?: Fields;
  readonly open?: boolean;
  /** Looks further, once the type is right. */
  readonly check?: (value: never, path: Path) => readonly Problem[];
}

export type Fields = Readonly<Record<string, Field>>;

/** Checks the members of an object, in StackStorm's words with the fix added. */
export function checkFields(
  draft: JsonObject,
  fields: Fields,
  options: { open?: boolean; path?: Path } = {},
): Problem[] {
  const path = options.path ?? [];
  const problems: Problem[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(draft, name) ? draft[name] : undefined;
    if (value === undefined) {
      if (field.required) problems.push(error(path, field.missing ?? `'${name}' is a required property`));
    } else if (value !== null || field.required) {
      problems.push(...checkValue(value, field, [...path, name]));
    }
  }
  if (!options.open) {
    for (const key of Object.keys(draft)) {
      if (Object.hasOwn(fields, key)) continue;
      const guess = didYouMean(key, Object.keys(fields));
      problems.push(
        error(
          [...path, key],
          `Additional properties are not allowed ('${key}' was unexpected)${guess || `; expected: ${Object.keys(fields).join(", ")}`}`,
        ),
      );
    }
  }
  return problems;
}

/** Checks that a whole draft is an object first, which hostile files and requests need not be. */
export function checkDraft(draft: unknown, check: (draft: JsonObject) => Problem[]): Problem[] {
  if (isObject(draft)) return check(draft);
  const found = draft === null || draft === undefined ? "nothing" : pythonText(draft);
  return [error([], `expected a mapping of fields, found ${found}`)];
}

export function checkValue(value: unknown, field: Field, path: Path): Problem[] {
  if (!isOfType(value, field.type)) return [error(path, `${pythonText(value)} is not of type '${field.type}'`)];
  const problems: Problem[] = [];
  if (typeof value === "string") {
    if (value.length < (field.minLength ?? 0)) problems.push(error(path, `${pythonText(value)} is too short`));
    if (value.length > (field.maxLength ?? Number.POSITIVE_INFINITY)) {
      problems.push(error(path, `${pythonText(value)} is too long; at most ${field.maxLength} characters`));
    }
    if (field.enum && !field.enum.includes(value)) {
      problems.push(
        error(path, `${pythonText(value)} is not one of ${pythonText(field.enum)}${didYouMean(value, field.enum)}`),
      );
    }
  } else if (typeof value === "number") {
    if (field.minimum !== undefined && value < field.minimum) {
      problems.push(error(path, `${value} is less than the minimum of ${field.minimum}`));
    }
    if (field.maximum !== undefined && value > field.maximum) {
      problems.push(error(path, `${value} is greater than the maximum of ${field.maximum}`));
    }
  } else if (Array.isArray(value)) {
    const { items } = field;
    if (items) problems.push(...value.flatMap((item, index) => checkValue(item, items, [...path, index])));
    if (field.uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size !== value.length) {
      problems.push(error(path, `${pythonText(value)} has non-unique elements`));
    }
  } else if (isObject(value) && field.fields) {
    problems.push(...checkFields(value, field.fields, { open: field.open === true, path }));
  }
  // The cast: `check` is written for the type that was just made sure of.
  if (field.check) problems.push(...field.check(value as never, path));
  return problems;
}

function isOfType(value: unknown, type: FieldType): boolean {
  switch (type) {
    case "any":
      return true;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "string":
    case "boolean":
      return typeof value === type;
    default:
      return type satisfies never;
  }
}

/** Labels, as actions, rules and trigger types carry them. */
export const TAGS_FIELD: Field = {
  type: "array",
  items: {
    type: "object",
    fields: {
      name: { type: "string", required: true, maxLength: 1024 },
      value: { type: "string", required: true, maxLength: 1024 },
    },
  },
};

/** Set at registration; accepted in drafts since clients send back what they were shown. */
export const COMPUTED_FIELDS: Fields = {
  id: { type: "string" },
  ref: { type: "string" },
  uid: { type: "string" },
  metadata_file: { type: "string" },
};
