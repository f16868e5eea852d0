import { isObject } from "@squall/model";
import type { Languages } from "./languages.ts";

/** Finds the first value under a criterion's key; undefined when nothing is there. May throw what JSONPath throws. */
export type Lookup = (root: Readonly<Record<string, unknown>>) => unknown;

/**
 * Compiles a criterion's key. A suffix `#...` lets two criteria test the same field and is cut off. Nearly all keys
 * are plain paths, which are walked directly; the rest goes to JSONPath, compiled at first use, so that a key that is
 * no JSONPath fails the criterion rather than the rule's loading.
 */
export function compileKey(key: string, languages: Languages): Lookup {
  const query = withoutSuffix(key);
  const path = plainPath(query);
  if (path) return (root) => walk(root, path);
  let find: ((value: unknown) => readonly unknown[]) | undefined;
  return (root) => {
    find ??= languages.jsonpath(query);
    return find(root)[0];
  };
}

/** The part of a key before `#`; a `#` inside quotes belongs to the name. */
export function withoutSuffix(key: string): string {
  if (!key.includes("#")) return key;
  let quote = "";
  for (let at = 0; at < key.length; at++) {
    const char = key.charAt(at);
    if (quote) {
      if (char === "\\") at++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "#") return key.slice(0, at);
  }
  return key;
}

const SEGMENT =
  /\.?(?:(?<=\.)(?<name>[A-Za-z_@][\w@-]*)|(?<=\.)(?<dotted>"[^"\\]*"|'[^'\\]*')|(?<!\.)\[(?:(?<quoted>"[^"\\]*"|'[^'\\]*')|(?<index>\d{1,9}))\])/y;
const ROOT = /(?:\$\.)?([A-Za-z_@][\w@-]*)/y;

/** Names and indexes of `trigger.body.items[0].name`, `trigger.headers['X-A']`, `a."b c"`; undefined if it is more. */
export function plainPath(query: string): readonly (string | number)[] | undefined {
  ROOT.lastIndex = 0;
  const root = ROOT.exec(query)?.[1];
  if (root === undefined) return undefined;
  const path: (string | number)[] = [root];
  SEGMENT.lastIndex = ROOT.lastIndex;
  while (SEGMENT.lastIndex < query.length) {
    const groups = SEGMENT.exec(query)?.groups;
    if (!groups) return undefined;
    const quoted = groups.dotted ?? groups.quoted;
    path.push(quoted?.slice(1, -1) ?? groups.name ?? Number(groups.index));
  }
  return path;
}

/** Undefined where the path leads nowhere. */
export function walk(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof step === "number") {
      if (!Array.isArray(value)) return undefined;
      value = value[step];
    } else {
      if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
      value = value[step];
    }
  }
  return value;
}
