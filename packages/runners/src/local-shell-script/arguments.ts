import type { JsonObject, Parameters } from "@squall/model";
import { pythonStr } from "../python-text.ts";

/**
 * A script's arguments, as StackStorm serialises action parameters (stackstorm-model 5.3): named ones first, then those
 * with a `position` in its order, each always there. `skip` names the runner's own parameters, which are not passed.
 */
export function scriptArguments(
  values: JsonObject,
  schema: Parameters,
  skip: ReadonlySet<string>,
  keywordOperator: string,
): string[] {
  const positions = Object.entries(schema)
    .filter(([name, one]) => typeof one.position === "number" && !skip.has(name))
    .sort(([, a], [, b]) => (a.position ?? 0) - (b.position ?? 0));
  const positional = new Set(positions.map(([name]) => name));
  const named = Object.entries(values)
    .filter(([name]) => !positional.has(name) && !skip.has(name))
    .flatMap(([name, value]) => namedArgument(`${keywordOperator}${name}`, value));
  return [...named, ...positions.map(([name, one]) => positionalArgument(values[name], one.type))];
}

function namedArgument(name: string, value: unknown): string[] {
  if (value === true) return [name];
  if (value === false || value === null || value === undefined || value === "") return [];
  return [`${name}=${pythonStr(value)}`];
}

function positionalArgument(value: unknown, type: string | undefined): string {
  if (value === null || value === undefined || type === "null") return "";
  switch (type) {
    case "string":
    case "number":
      return pythonStr(value);
    case "boolean":
      return isTrue(value) ? "1" : "0";
    case "array":
      return Array.isArray(value) ? value.map(pythonStr).join(",") : pythonStr(value);
    case "object":
      return JSON.stringify(value);
    default:
      // Quirk kept: an integer 0 becomes an empty argument.
      return isTrue(value) ? pythonStr(value) : "";
  }
}

/** Python's truth: empty texts, lists and objects are false. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
