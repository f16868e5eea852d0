import { walk } from "./key-path.ts";
import type { Languages } from "./languages.ts";

/**
 * Just enough of the expression languages for the tests of this folder: `{{ a.b }}` keeps its type, `x[*].y` is the one
 * JSONPath beyond plain paths. A name that is not there throws, as strict rendering does.
 */
export const standInLanguages: Languages = {
  isTemplate: (text) => text.includes("{{"),
  renderNative(template, context) {
    const path = /^\{\{ ([\w.]+) \}\}$/.exec(template)?.[1]?.split(".") ?? [];
    const value = walk(context, path);
    if (value === undefined) throw new Error(`'${path.join(".")}' is undefined`);
    return value;
  },
  jsonpath(query) {
    const [list, rest] = query.split("[*].");
    if (list === undefined || rest === undefined) throw new Error(`Parse error in ${query}`);
    return (value) => {
      const items = walk(value, list.split("."));
      return Array.isArray(items)
        ? items.map((item) => walk(item, rest.split("."))).filter((found) => found !== undefined)
        : [];
    };
  },
};
