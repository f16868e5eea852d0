import { filters } from "../filters.ts";

/** StackStorm's functions without a context: both languages have them, under these names. */
export const ALIASES: Readonly<Record<string, string>> = {
  json_parse: "from_json_string",
  json_dump: "to_json_string",
  yaml_parse: "from_yaml_string",
  yaml_dump: "to_yaml_string",
};

/** Filters of StackStorm's own templates that workflows do not have. */
const NOT_IN_WORKFLOWS = new Set(["decrypt_kv", "to_complex"]);

/** Name to parameters after the value; those with `?` are optional. */
export const PURE: ReadonlyMap<string, readonly string[]> = new Map(
  [...Object.keys(filters), ...Object.keys(ALIASES)]
    .filter((name) => !NOT_IN_WORKFLOWS.has(name))
    .map((name) => {
      const target = filters[ALIASES[name] ?? name];
      if (target === undefined || target.parameters === "raw")
        throw new TypeError(`the filter '${name}' has no signature`);
      const { required } = target;
      return [name, target.parameters.map((parameter, i) => (i < required ? parameter : `${parameter}?`))] as const;
    }),
);

/** `zip(lists..., pad)`: rows to columns, as long as the longest list, with `pad` where a shorter one has ended. */
export function zip(lists: readonly (readonly unknown[])[], pad: unknown): unknown[][] {
  const length = lists.reduce((longest, list) => Math.max(longest, list.length), 0);
  return Array.from({ length }, (_, i) => lists.map((list) => (i < list.length ? list[i] : pad)));
}
