import { compileSchema, Invalid, isObject, type JsonObject } from "@squall/model";
import type { TObject } from "typebox";

const TRUE = new Set(["true", "1", "yes", "y"]);
const FALSE = new Set(["false", "0", "no", "n"]);
/** StackStorm's bound on the items of one list parameter. */
const MAX_ITEMS = 100;

/**
 * Reads query strings by a schema of strings, booleans, integers, numbers and lists of strings (comma-separated).
 * Names that the schema does not have are ignored and an empty value is none, as StackStorm does.
 */
export function queryParser(schema: TObject): (search: URLSearchParams) => JsonObject {
  const json = JSON.parse(JSON.stringify(schema)) as JsonObject;
  const properties = Object.entries(isObject(json.properties) ? json.properties : {}) as [string, JsonObject][];
  const validate = compileSchema({ ...json, required: [] }, "2020-12");
  return (search) => {
    const query: JsonObject = {};
    for (const [name, property] of properties) {
      const values = search.getAll(name).filter((value) => value !== "");
      if (values.length > 0) query[name] = coerce(name, values, property.type);
    }
    const [violation] = validate(query);
    if (violation) {
      throw new Invalid("http.query.invalid", {
        message: `Parameter "${violation.path}": ${violation.message}`,
        at: { field: violation.path },
      });
    }
    return query;
  };
}

function coerce(name: string, values: readonly string[], type: unknown): unknown {
  const last = values.at(-1) ?? "";
  switch (type) {
    case "boolean": {
      const word = last.toLowerCase();
      if (TRUE.has(word)) return true;
      if (FALSE.has(word)) return false;
      throw wrongType(name, "boolean");
    }
    case "integer":
      if (!/^[+-]?\d{1,15}$/.test(last)) throw wrongType(name, "integer");
      return Number(last);
    case "array": {
      const items = values.flatMap((value) => value.split(",")).map((item) => item.trim());
      if (items.length > MAX_ITEMS) {
        throw new Invalid("http.query.too-many", {
          message: `Parameter "${name}" has ${items.length} items; ${MAX_ITEMS} is the most.`,
          at: { field: name },
        });
      }
      return items.filter((item) => item !== "");
    }
    default:
      return last;
  }
}

function wrongType(name: string, type: string): Invalid {
  return new Invalid("http.query.wrong-type", {
    message: `Parameter "${name}" is not of type ${type}`,
    at: { field: name },
  });
}
