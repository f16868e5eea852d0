/** StackStorm's Jinja environment and JSONPath: templates in rules, actions and aliases are rendered here. See README.md. */
export { DECRYPT } from "./context.ts";
export type { Context, Decrypt } from "./context.ts";
export { filters as stackStormFilters, NONE_MARKER } from "./filters.ts";
export { jsonpath } from "./jsonpath.ts";
export type { JsonPath } from "./jsonpath.ts";
export { keyLookup } from "./key-lookup.ts";
export type { KeyLookup } from "./key-lookup.ts";
export { renderParameters } from "./parameters.ts";
export { compareVersions } from "./semver.ts";
export { isTemplate, renderForgiving, renderNative, renderText, templateNames } from "./template.ts";
export * from "./orquesta/index.ts";
