import { boundedPattern, isObject, type JsonObject, type Parameters, type ParameterSchema } from "@squall/model";
import type { Vault } from "../vault.ts";

/** What stands in for a secret in everything that leaves. */
export const MASK = "********";

/** Values as they may be shown: whatever a schema calls secret is masked, at any depth. */
export function maskParameters(values: JsonObject, schemas: Parameters): JsonObject {
  const out: JsonObject = {};
  for (const name in values) out[name] = maskValue(values[name], schemas[name]);
  return out;
}

export function maskValue(value: unknown, schema: ParameterSchema | undefined): unknown {
  if (schema === undefined || value === undefined) return value;
  if (schema.secret) return MASK;
  if (isSealed(value)) return MASK;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (Array.isArray(items)) {
      return value.map((one, index) =>
        maskValue(one, (items[index] ?? schema.additionalItems) as ParameterSchema | undefined),
      );
    }
    return isObject(items) ? value.map((one) => maskValue(one, items)) : value;
  }
  if (!isObject(value)) return value;
  const { properties, patternProperties, additionalProperties } = schema;
  if (!properties && !patternProperties && !isObject(additionalProperties)) return value;
  const out: JsonObject = {};
  for (const [key, one] of Object.entries(value)) {
    const pattern = Object.keys(patternProperties ?? {}).find((text) => boundedPattern(text)?.(key) === true);
    const found = properties?.[key] ?? (pattern === undefined ? undefined : patternProperties?.[pattern]);
    out[key] = maskValue(one, found ?? (isObject(additionalProperties) ? additionalProperties : undefined));
  }
  return out;
}

/** Encrypts the named values for the store. */
export function sealParameters(values: JsonObject, names: readonly string[], vault: Vault): JsonObject {
  if (names.length === 0) return values;
  const out = { ...values };
  for (const name of names) {
    if (out[name] !== undefined && out[name] !== null)
      out[name] = { $sealed: vault.seal(JSON.stringify(out[name]), "parameter") };
  }
  return out;
}

/** The opposite of `sealParameters`, of the same names: a caller's look-alike under another name stays what it is. */
export function openParameters(values: JsonObject, names: readonly string[], vault: Vault): JsonObject {
  if (names.length === 0) return values;
  const out = { ...values };
  for (const name of names) {
    const value = out[name];
    if (isSealed(value)) out[name] = JSON.parse(vault.open(value.$sealed, "parameter"));
  }
  return out;
}

function isSealed(value: unknown): value is { readonly $sealed: string } {
  return isObject(value) && typeof value.$sealed === "string" && Object.keys(value).length === 1;
}
