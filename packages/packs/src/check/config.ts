import {
  compileSchema,
  isObject,
  type JsonObject,
  messageOf,
  parametersToDraft4,
  type Parameters,
  pythonText,
} from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { resolveConfig } from "../resolve-config.ts";
import { checkParameters } from "./parameters.ts";
import { checkInstances, ownValues } from "../sensor-instances.ts";
import { error, type Problem } from "./problem.ts";

/** Everything wrong with `config.schema.yaml` (model reference 2.2): a map of parameter schemas that is not empty. */
export function checkConfigSchema(attributes: unknown): Problem[] {
  if (!isObject(attributes)) {
    const found = attributes === null || attributes === undefined ? "nothing" : pythonText(attributes);
    return [
      error(
        [],
        `the config schema is empty or no mapping: expected attribute names with their schemas, found ${found}`,
      ),
    ];
  }
  if (Object.keys(attributes).length === 0)
    return [error([], "the config schema is empty; describe an attribute or remove the file")];
  return checkParameters(attributes, []);
}

/**
 * Everything wrong with a pack's configuration by its schema. Unknown attributes are allowed, defaults are filled in
 * first. A value that is Jinja (it is rendered when used) is not checked for its type. What instances of sensors get is
 * checked like the pack's own values. `pack` and `file` name the two in messages.
 */
export function checkConfig(
  values: unknown,
  schema: Parameters | undefined,
  pack: string,
  file = `${pack}.yaml`,
): Problem[] {
  if (!isObject(values)) return [error([], `expected a mapping of attributes to values, found ${pythonText(values)}`)];
  const check = (merged: JsonObject, by: Parameters | undefined) => checkValues(merged, by, pack, file);
  return [...check(ownValues(values), schema), ...checkInstances(values, schema, check)];
}

function checkValues(values: JsonObject, schema: Parameters | undefined, pack: string, file: string): Problem[] {
  if (!schema) return [];
  const failed = (path: Path, message: string) =>
    error(path, `Failed validating attribute "${path.join(".")}" in config for pack "${pack}" (${file}): ${message}`);
  let violations: readonly { readonly path: string; readonly message: string }[];
  const complete = resolveConfig(schema, values);
  try {
    violations = compileSchema({ ...parametersToDraft4(schema, true), type: "object" })(complete);
  } catch (thrown) {
    return [error([], `the config schema of pack "${pack}" cannot be used: ${messageOf(thrown)}`)];
  }
  return [
    ...violations
      .map(({ path, message }) => ({ path: path === "" ? [] : path.split("."), message }))
      .filter(({ path }) => !isDynamic(valueAt(complete, path)))
      .map(({ path, message }) => failed(path, message)),
    ...decryptedTwice(schema, values, []).map((path) =>
      failed(path, "values of secret attributes are decrypted by themselves; remove decrypt_kv"),
    ),
  ];
}

function isDynamic(value: unknown): boolean {
  return typeof value === "string" && (value.includes("{{") || value.includes("{%"));
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const segment of path) {
    if (Array.isArray(value)) value = value[Number(segment)];
    else value = isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
  }
  return value;
}

/** Paths of secret attributes whose value asks for decryption as well. */
function decryptedTwice(schemas: Parameters, values: JsonObject, path: Path): Path[] {
  return Object.entries(schemas).flatMap(([name, schema]) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const here = [...path, name];
    if (schema.secret === true && typeof value === "string" && value.includes("decrypt_kv")) return [here];
    return isObject(value) && schema.properties ? decryptedTwice(schema.properties, value, here) : [];
  });
}
