import { canonicalJson, isObject } from "@squall/model";
import type { Schema } from "./schema.ts";

export type Path = readonly (string | number)[];

export interface Violation {
  readonly message: string;
  readonly path: Path;
  /** Through the schema, to the keyword that is violated. */
  readonly schemaPath: Path;
  /** Names that would have been allowed where an unknown one stands. */
  readonly unknown?: { readonly names: readonly string[]; readonly allowed: readonly string[] };
}

/** Everything in which a value departs from a schema. Wrong alternatives are told once, at their `oneOf`. */
export function validate(value: unknown, schema: Schema, path: Path = [], schemaPath: Path = []): Violation[] {
  const found: Violation[] = [];
  const complain = (keyword: string, message: string, more: Partial<Violation> = {}): void => {
    found.push({ message, path, schemaPath: [...schemaPath, keyword], ...more });
  };
  const { type } = schema;
  if (type !== undefined && !hasType(value, type)) complain("type", `${shown(value)} is not of type '${type}'`);
  if (schema.enum?.every((one) => one !== value)) {
    complain(
      "enum",
      `${shown(value)} is not one of [${schema.enum.map((one) => (one === 1 ? "1.0" : shown(one))).join(", ")}]`,
    );
  }
  for (const keyword of ["oneOf", "anyOf"] as const) {
    if (schema[keyword]?.every((one) => validate(value, one).length > 0)) {
      complain(keyword, `${shown(value)} is not valid under any of the given schemas`);
    }
  }
  if (typeof value === "string") {
    if (schema.minLength !== undefined && value.length < schema.minLength)
      complain("minLength", `${shown(value)} should be non-empty`);
    if (schema.matches?.test(value) === false) {
      complain("pattern", `${shown(value)} does not match '${schema.pattern}'`);
    }
  } else if (typeof value === "number") {
    if (schema.minimum !== undefined && value < schema.minimum) {
      complain("minimum", `${value} is less than the minimum of ${schema.minimum}`);
    }
  } else if (Array.isArray(value)) validateList(value);
  else if (isObject(value)) validateMap(value);
  return found;

  function validateList(list: readonly unknown[]): void {
    if (schema.minItems !== undefined && list.length < schema.minItems)
      complain("minItems", `${shown(list)} should be non-empty`);
    if (schema.uniqueItems === true && new Set(list.map(canonicalJson)).size < list.length) {
      complain("uniqueItems", `${shown(list)} has non-unique elements`);
    }
    const { items } = schema;
    if (items === undefined) return;
    list.forEach((item, i) => found.push(...validate(item, items, [...path, i], [...schemaPath, "items"])));
  }

  function validateMap(map: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(map);
    if (schema.minProperties !== undefined && names.length < schema.minProperties) {
      complain("minProperties", `${shown(map)} should be non-empty`);
    }
    if (schema.maxProperties !== undefined && names.length > schema.maxProperties) {
      complain("maxProperties", `${shown(map)} has too many properties`);
    }
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(map, name)) complain("required", `'${name}' is a required property`);
    }
    for (const [name, one] of Object.entries(schema.properties ?? {})) {
      if (Object.hasOwn(map, name)) {
        found.push(...validate(map[name], one, [...path, name], [...schemaPath, "properties", name]));
      }
    }
    for (const [pattern, one] of Object.entries(schema.patternProperties ?? {})) {
      for (const name of names) {
        if (new RegExp(pattern, "u").test(name)) {
          found.push(...validate(map[name], one, [...path, name], [...schemaPath, "patternProperties", pattern]));
        }
      }
    }
    if (schema.additionalProperties === false) {
      const allowed = Object.keys(schema.properties ?? {});
      const unknown = names.filter((name) => !allowed.includes(name)).sort();
      if (unknown.length > 0) {
        const list = unknown.map((name) => `'${name}'`).join(", ");
        complain(
          "additionalProperties",
          `Additional properties are not allowed (${list} ${unknown.length === 1 ? "was" : "were"} unexpected)`,
          { unknown: { names: unknown, allowed } },
        );
      }
    }
  }
}

function hasType(value: unknown, type: NonNullable<Schema["type"]>): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    default:
      return type satisfies never;
  }
}

/** A value as StackStorm's messages show it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") {
    return value.includes("'") && !value.includes('"')
      ? `"${value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}"`
      : `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
  }
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (isObject(value)) {
    return `{${Object.entries(value)
      .map(([key, member]) => `${shown(key)}: ${shown(member)}`)
      .join(", ")}}`;
  }
  return String(value);
}
