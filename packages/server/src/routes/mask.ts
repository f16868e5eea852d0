import { INSTANCES_KEY } from "@squall/packs";
import { boundedPattern, isObject, type JsonObject, type Parameters, type ParameterSchema } from "@squall/model";

/** What StackStorm shows instead of a secret. */
export const MASK = "********";

/** The same values with those that the schemas call secret masked, at any depth. */
export function maskSecrets(values: JsonObject, parameters: Parameters): JsonObject {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const schema = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
      return [name, schema === undefined ? value : maskValue(value, schema)];
    }),
  );
}

/** A pack's configuration, with what its sensors' instances have in place of it. */
export function maskConfig(values: JsonObject, attributes: Parameters): JsonObject {
  const masked = maskSecrets(values, attributes);
  const sensors = values[INSTANCES_KEY];
  if (!isObject(sensors)) return masked;
  const maskInstance = (instance: unknown): unknown =>
    isObject(instance) && isObject(instance.config)
      ? { ...instance, config: maskSecrets(instance.config, attributes) }
      : instance;
  return { ...masked, [INSTANCES_KEY]: mapped(sensors, (one) => (isObject(one) ? mapped(one, maskInstance) : one)) };
}

function mapped(object: JsonObject, change: (value: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

function maskValue(value: unknown, schema: ParameterSchema): unknown {
  // An empty value shows that nothing was set; it gives nothing away.
  if (schema.secret) return value === undefined || value === null || value === "" ? value : MASK;
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        const inner = memberSchema(schema, name);
        return [name, inner === undefined ? member : maskValue(member, inner)];
      }),
    );
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => {
      const inner = itemSchema(schema, index);
      return inner === undefined ? item : maskValue(item, inner);
    });
  }
  return value;
}

/** StackStorm's order: `properties`, then `patternProperties`, then `additionalProperties`. */
function memberSchema(schema: ParameterSchema, name: string): ParameterSchema | undefined {
  if (schema.properties && Object.hasOwn(schema.properties, name)) return schema.properties[name];
  for (const [pattern, inner] of Object.entries(schema.patternProperties ?? {})) {
    if (boundedPattern(pattern)?.(name)) return inner;
  }
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

function itemSchema(schema: ParameterSchema, index: number): ParameterSchema | undefined {
  const { items } = schema;
  if (Array.isArray(items)) {
    return (
      (items as readonly ParameterSchema[])[index] ??
      (typeof schema.additionalItems === "object" ? schema.additionalItems : undefined)
    );
  }
  return items as ParameterSchema | undefined;
}
