import type { JsonObject } from "./json.ts";

/**
 * One parameter as StackStorm's metadata writes it: a JSON Schema draft-4 subset with `required` as a boolean on the
 * property (draft-3 style) and `secret`, `immutable` and `position` added.
 */
export interface ParameterSchema {
  readonly type?: "array" | "boolean" | "integer" | "null" | "number" | "object" | "string";
  readonly description?: string;
  readonly default?: unknown;
  readonly required?: boolean;
  readonly secret?: boolean;
  readonly immutable?: boolean;
  readonly position?: number;
  readonly enum?: readonly unknown[];
  readonly properties?: Parameters;
  readonly patternProperties?: Parameters;
  readonly additionalProperties?: boolean | ParameterSchema;
  readonly items?: ParameterSchema | readonly ParameterSchema[];
  readonly additionalItems?: boolean | ParameterSchema;
  readonly [keyword: string]: unknown;
}

/** Parameter schemas by name. */
export type Parameters = { readonly [name: string]: ParameterSchema };

/** The only keywords a parameter schema may use (StackStorm refuses others; `format` only in trigger schemas). */
export const PARAMETER_KEYWORDS: ReadonlySet<string> = new Set(
  (
    "id $schema title description default multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength " +
    "minLength pattern additionalItems items maxItems minItems uniqueItems maxProperties minProperties required secret " +
    "additionalProperties definitions properties patternProperties dependencies enum type position immutable allOf anyOf " +
    "oneOf not"
  ).split(" "),
);

/**
 * Turns one such schema into plain draft 4: booleans `required` become their parent's list, an optional property (or
 * one whose default is null) also takes null, our extra keywords go away. A default satisfies `required`.
 */
export function toDraft4(schema: ParameterSchema): JsonObject {
  const out: JsonObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (["required", "secret", "immutable", "position"].includes(keyword)) continue;
    if (keyword === "properties" && isMap(value)) {
      out.properties = mapValues(value as Parameters, (property) =>
        property.required && property.default !== null ? toDraft4(property) : orNull(toDraft4(property)),
      );
      const required = requiredNames(value as Parameters);
      if (required.length > 0) out.required = required;
    } else if (keyword === "patternProperties" && isMap(value)) {
      out.patternProperties = mapValues(value as Parameters, toDraft4);
    } else if (
      (keyword === "items" ||
        keyword === "additionalItems" ||
        keyword === "additionalProperties" ||
        keyword === "not") &&
      isMap(value)
    ) {
      out[keyword] = toDraft4(value);
    } else if (["items", "allOf", "anyOf", "oneOf"].includes(keyword) && Array.isArray(value)) {
      out[keyword] = value.map((one: ParameterSchema) => toDraft4(one));
    } else {
      out[keyword] = value;
    }
  }
  if (Array.isArray(schema.required)) out.required = schema.required;
  return out;
}

/** The draft-4 schema of a whole parameter map; unknown names are refused unless `open`. */
export function parametersToDraft4(parameters: Parameters, open = false): JsonObject {
  return toDraft4({ type: "object", properties: parameters, additionalProperties: open });
}

function requiredNames(parameters: Parameters): string[] {
  return Object.keys(parameters).filter((name) => {
    const one = parameters[name];
    return one?.required === true && one.default === undefined;
  });
}

function orNull(schema: JsonObject): JsonObject {
  if (schema.type === undefined || schema.type === "null") return schema;
  const types: readonly unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  const withNull: JsonObject = { ...schema, type: types.includes("null") ? types : [...types, "null"] };
  if (Array.isArray(schema.enum) && !schema.enum.includes(null))
    withNull.enum = [...(schema.enum as readonly unknown[]), null];
  return withNull;
}

function isMap(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapValues<A, B>(map: { readonly [key: string]: A }, change: (value: A) => B): { [key: string]: B } {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
