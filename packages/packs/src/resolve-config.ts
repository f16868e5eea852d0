import { compilePattern, isObject, type JsonObject, type Parameters, type ParameterSchema } from "@squall/model";

/**
 * A pack's configuration with the schema's defaults where the file says nothing, at every depth (model reference 2.2):
 * an object with properties and no value becomes `{}` (and is filled), an array with items and no value `[]`. Values
 * that are Jinja stay as they are: they are rendered when the configuration is used. The input is not changed.
 */
export function resolveConfig(attributes: Parameters, values: JsonObject): JsonObject {
  return fillAttributes(attributes, values, true);
}

/**
 * The same as it is validated: an optional object that is left out stays out, since the members that it requires are only
 * required of one that is there.
 */
export function configToCheck(attributes: Parameters, values: JsonObject): JsonObject {
  return fillAttributes(attributes, values, false);
}

function fillAttributes(attributes: Parameters, values: JsonObject, makesObjects: boolean): JsonObject {
  const schemaOf = (name: string) => schemaOfMember({ properties: attributes }, name);
  return fillMembers(schemaOf, Object.keys(attributes), values, makesObjects);
}

function fillMembers(
  schemaOf: (name: string) => ParameterSchema | undefined,
  declared: readonly string[],
  values: JsonObject,
  makesObjects: boolean,
): JsonObject {
  const filled: [string, unknown][] = [];
  for (const name of new Set([...Object.keys(values), ...declared])) {
    const given = Object.hasOwn(values, name) ? values[name] : undefined;
    const value = fill(schemaOf(name), given, makesObjects);
    if (value !== undefined) filled.push([name, value]);
  }
  return Object.fromEntries(filled);
}

function fill(schema: ParameterSchema | undefined, given: unknown, makesObjects: boolean): unknown {
  if (!isObject(schema)) return given;
  const value = given === undefined ? schema.default : given;
  const { properties, items } = schema;
  const isMade = value === undefined && schema.type === "object" && properties && (makesObjects || schema.required);
  if (isObject(value) || isMade) {
    const object = isObject(value) ? value : {};
    return fillMembers((name) => schemaOfMember(schema, name), Object.keys(properties ?? {}), object, makesObjects);
  }
  if (Array.isArray(value))
    return value.map((item: unknown, index) => fill(schemaOfItem(schema, index), item, makesObjects));
  if (value === undefined && schema.type === "array" && items) return [];
  return value;
}

/** The schema of a member: `properties`, else all `patternProperties` that match, merged, else `additionalProperties`. */
export function schemaOfMember(schema: ParameterSchema, name: string): ParameterSchema | undefined {
  const { properties, patternProperties, additionalProperties } = schema;
  if (properties && Object.hasOwn(properties, name)) return properties[name];
  const matching = Object.entries(patternProperties ?? {}).filter(([pattern]) => matches(pattern, name));
  if (matching.length > 0) return Object.assign({}, ...matching.map(([, one]) => one)) as ParameterSchema;
  return isObject(additionalProperties) ? additionalProperties : undefined;
}

/** The schema of an item: by position or for all of them, then `additionalItems`. */
export function schemaOfItem({ items, additionalItems }: ParameterSchema, index: number): ParameterSchema | undefined {
  if (isList(items)) return items[index] ?? (isObject(additionalItems) ? additionalItems : undefined);
  return items;
}

function isList(items: ParameterSchema["items"]): items is readonly ParameterSchema[] {
  return Array.isArray(items);
}

function matches(pattern: string, name: string): boolean {
  // What cannot be compiled, `checkConfigSchema` warned about; it selects nothing here.
  return compilePattern(pattern)?.test(name) ?? false;
}
