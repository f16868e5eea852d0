import { compilePattern, isObject, PARAMETER_KEYWORDS, pythonText } from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { checkValue, type Field } from "./fields.ts";
import { didYouMean, error, type Problem, warning } from "./problem.ts";

/** The types that values have in JSON Schema. */
export const JSON_TYPES: readonly string[] = ["array", "boolean", "integer", "null", "number", "object", "string"];
const COUNT: Field = { type: "integer", minimum: 0 };

/** Keywords whose value says all by its type. */
export const KEYWORDS: Readonly<Record<string, Field>> = {
  id: { type: "string" },
  $schema: { type: "string" },
  title: { type: "string" },
  description: { type: "string" },
  multipleOf: { type: "number" },
  maximum: { type: "number" },
  minimum: { type: "number" },
  exclusiveMaximum: { type: "boolean" },
  exclusiveMinimum: { type: "boolean" },
  maxLength: COUNT,
  minLength: COUNT,
  pattern: { type: "string", check: checkPattern },
  maxItems: COUNT,
  minItems: COUNT,
  uniqueItems: { type: "boolean" },
  maxProperties: COUNT,
  minProperties: COUNT,
  required: { type: "boolean" },
  secret: { type: "boolean" },
  immutable: { type: "boolean" },
  position: { type: "number", minimum: 0 },
  enum: { type: "array", uniqueItems: true },
  dependencies: { type: "object" },
  format: { type: "string" },
};

export interface ParameterRules {
  /** Trigger and inquiry schemas may say `format`; action parameters may not. */
  readonly format?: boolean;
}

/** Checks a map of parameter schemas (model reference 4.2): names, keywords, their values, at every depth. */
export function checkParameters(parameters: unknown, path: Path, rules: ParameterRules = {}): Problem[] {
  if (!isObject(parameters)) return [error(path, `${pythonText(parameters)} is not of type 'object'`)];
  return Object.entries(parameters).flatMap(([name, schema]) => [
    ...(/^\w+$/.test(name)
      ? []
      : [error([...path, name], `the parameter name '${name}' may only hold letters, digits and '_'`)]),
    ...checkParameter(schema, [...path, name], rules),
  ]);
}

/** Checks one parameter schema. */
export function checkParameter(schema: unknown, path: Path, rules: ParameterRules = {}): Problem[] {
  if (!isObject(schema)) {
    return [
      error(path, `${pythonText(schema)} is not of type 'object'; a parameter is a mapping such as {type: string}`),
    ];
  }
  return Object.entries(schema).flatMap(([keyword, value]) => checkKeyword(keyword, value, [...path, keyword], rules));
}

function checkKeyword(keyword: string, value: unknown, path: Path, rules: ParameterRules): Problem[] {
  if (keyword === "format" && !rules.format) return [unknownKeyword(keyword, path, rules)];
  const field = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
  if (field) return checkValue(value, field, path);
  switch (keyword) {
    case "default":
      return [];
    case "type":
      return checkType(value, path);
    case "properties":
    case "patternProperties":
    case "definitions":
      if (!isObject(value)) return [error(path, `${pythonText(value)} is not of type 'object'`)];
      return Object.entries(value).flatMap(([name, schema]) => [
        ...(keyword === "patternProperties" ? checkPattern(name, [...path, name]) : []),
        ...checkParameter(schema, [...path, name], rules),
      ]);
    case "items":
      return Array.isArray(value)
        ? value.flatMap((schema, index) => checkParameter(schema, [...path, index], rules))
        : checkParameter(value, path, rules);
    case "additionalProperties":
    case "additionalItems":
      return typeof value === "boolean" ? [] : checkParameter(value, path, rules);
    case "not":
      return checkParameter(value, path, rules);
    case "allOf":
    case "anyOf":
    case "oneOf":
      if (!Array.isArray(value) || value.length === 0) return [error(path, `${keyword} must be a list of schemas`)];
      return value.flatMap((schema, index) => checkParameter(schema, [...path, index], rules));
    default:
      return [unknownKeyword(keyword, path, rules)];
  }
}

function unknownKeyword(keyword: string, path: Path, rules: ParameterRules): Problem {
  const known = rules.format ? [...PARAMETER_KEYWORDS, "format"] : PARAMETER_KEYWORDS;
  return error(
    path,
    `Additional properties are not allowed ('${keyword}' was unexpected)${didYouMean(keyword, known) || "; it is no keyword of a parameter schema"}`,
  );
}

function checkType(value: unknown, path: Path): Problem[] {
  if (Array.isArray(value)) {
    return [
      error(path, `${pythonText(value)} is not of type 'string'; a parameter has one type, use anyOf for several`),
    ];
  }
  if (typeof value !== "string") {
    const hint = value === null ? "; put the word null in quotes" : "";
    return [error(path, `${pythonText(value)} is not of type 'string'${hint}`)];
  }
  if (JSON_TYPES.includes(value)) return [];
  return [error(path, `'${value}' is not one of ${pythonText(JSON_TYPES)}${didYouMean(value, JSON_TYPES)}`)];
}

function checkPattern(pattern: string, path: Path): Problem[] {
  if (compilePattern(pattern)) return [];
  // StackStorm may well know it (Python's verbose mode): the pack is right, only this check cannot be made.
  return [warning(path, `'${pattern}' is no regular expression of JavaScript; values will not be checked against it`)];
}
