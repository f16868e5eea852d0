import { compileSchema, isObject, type JsonObject, messageOf, pythonText, toDraft4 } from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { checkValue } from "./fields.ts";
import { JSON_TYPES, KEYWORDS } from "./parameters.ts";
import { didYouMean, error, type Problem } from "./problem.ts";

/** Keywords whose value is a schema, a list of schemas, and a map of schemas. */
const SCHEMA = new Set(["items", "additionalItems", "additionalProperties", "not"]);
const SCHEMAS = new Set(["items", "allOf", "anyOf", "oneOf"]);
const NAMED_SCHEMAS = new Set(["properties", "patternProperties", "definitions"]);
/** Keywords that cannot make a schema unusable, whatever the value. */
const FREE = new Set([
  "id",
  "$schema",
  "title",
  "description",
  "default",
  "enum",
  "format",
  "secret",
  "position",
  "immutable",
]);

/**
 * Everything wrong with a whole JSON schema of draft 4, in which `required` may also be a boolean (triggers' and
 * outputs' schemas). Plain ones are walked, so that each problem has its own place; the compiler, which takes some
 * milliseconds a schema, is asked only about keywords that the walk does not know.
 */
export function checkJsonSchema(schema: JsonObject, path: Path): Problem[] {
  let isPlain = true;
  const walk = (value: unknown, here: Path): Problem[] => {
    if (!isObject(value)) {
      return [
        error(here, `${pythonText(value)} is not of type 'object'; a property is a schema such as {type: string}`),
      ];
    }
    return Object.entries(value).flatMap(([keyword, one]) => {
      const at = [...here, keyword];
      if (FREE.has(keyword) || (keyword === "required" && typeof one === "boolean")) return [];
      if (keyword === "type") return (Array.isArray(one) ? one : [one]).flatMap((type: unknown) => checkType(type, at));
      if (SCHEMAS.has(keyword) && Array.isArray(one)) return one.flatMap((item, index) => walk(item, [...at, index]));
      if (SCHEMA.has(keyword)) return typeof one === "boolean" ? [] : walk(one, at);
      if (NAMED_SCHEMAS.has(keyword) && isObject(one)) {
        return Object.entries(one).flatMap(([name, item]) => walk(item, [...at, name]));
      }
      const field = Object.hasOwn(KEYWORDS, keyword) && keyword !== "required" ? KEYWORDS[keyword] : undefined;
      if (field) return checkValue(one, field, at);
      isPlain = false;
      return [];
    });
  };
  const problems = walk(schema, path);
  if (problems.length > 0 || isPlain) return problems;
  try {
    // The cast: what is no schema makes the compiler throw, which is the answer wanted.
    compileSchema(toDraft4(schema));
    return [];
  } catch (thrown) {
    return [error(path, `not a JSON schema: ${messageOf(thrown)}`)];
  }
}

function checkType(type: unknown, path: Path): Problem[] {
  if (typeof type === "string" && JSON_TYPES.includes(type)) return [];
  const guess = typeof type === "string" ? didYouMean(type, JSON_TYPES) : "";
  return [error(path, `${pythonText(type)} is not one of ${pythonText(JSON_TYPES)}${guess}`)];
}
