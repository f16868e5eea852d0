import { renderText } from "@squall/expressions";
import { Invalid, isObject, type JsonObject, messageOf, type Parameters, type ParameterSchema } from "@squall/model";
import { ownValues, resolveConfig, schemaOfMember } from "@squall/packs";
import type { KeyContext } from "../keys/lookup.ts";
import { holdsTemplate } from "../parameters/templates.ts";
import type { Vault } from "../vault.ts";
import type { Shelves } from "./shelves.ts";

/**
 * A pack's configuration as its actions get it: defaults filled in, dynamic values rendered with the datastore, secret
 * ones decrypted (reference, section 2.2). `{}` for a pack without configuration. `over` takes the place of the pack's own
 * values, by attribute.
 */
export function configOf(
  deps: { readonly shelves: Shelves; readonly vault: Vault },
  project: string,
  pack: string,
  user: string,
  keys: KeyContext,
  over: JsonObject = {},
): JsonObject {
  const stored = { ...ownValues(deps.shelves.get(project, "config", pack)?.body.values ?? {}), ...over };
  const attributes = deps.shelves.get(project, "config_schema", pack)?.body.attributes;
  const resolved = resolveConfig(attributes ?? {}, stored);
  if (!holdsTemplate(resolved)) return resolved;
  const context = keys(user);
  const render = (value: unknown, schema: ParameterSchema | undefined, path: string): unknown => {
    if (typeof value === "string") {
      return holdsTemplate(value) ? renderOne(value, schema, path) : value;
    }
    if (Array.isArray(value)) {
      const items = schema?.items;
      return value.map((one, index) =>
        render(one, (Array.isArray(items) ? items[index] : items) as ParameterSchema | undefined, `${path}[${index}]`),
      );
    }
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [
        key,
        render(one, schema && schemaOfMember(schema, key), path ? `${path}.${key}` : key),
      ]),
    );
  };
  const renderOne = (text: string, schema: ParameterSchema | undefined, path: string): unknown => {
    try {
      const rendered = renderText(text, context);
      if (rendered === "") return null;
      return schema?.secret ? deps.vault.open(rendered, "key") : rendered;
    } catch (thrown) {
      if (isObject(thrown) && "needsKey" in thrown) throw thrown;
      throw new Invalid("config.render", {
        message: `Failed to render dynamic configuration value for key "${path}" with value "${text}" for pack "${pack}" config: ${messageOf(thrown)}`,
        cause: thrown,
      });
    }
  };
  return render(resolved, { properties: attributes as Parameters }, "") as JsonObject;
}
