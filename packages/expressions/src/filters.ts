import {
  filter,
  hostValue,
  Undefined,
  text,
  truth,
  tupleOf,
  typeName,
  dumpJson,
  parseJson,
  Markup,
} from "@squall/jinja";
import type { Filter, Runtime } from "@squall/jinja";
import { Invalid } from "@squall/model";
import { DECRYPT } from "./context.ts";
import type { Decrypt } from "./context.ts";
import { fault } from "./fault.ts";
import { humanTime } from "./human-time.ts";
import { jsonpath } from "./jsonpath.ts";
import { keyOf } from "./key-lookup.ts";
import { compilePattern } from "./regex.ts";
import type { Pattern } from "./regex.ts";
import { compareVersions, matchVersion, parseVersion } from "./semver.ts";
import { PyFloat, toNative } from "@squall/jinja";
import { dumpYaml, parseYaml } from "./yaml.ts";

/** What `use_none` puts in place of null; casting parameters turns it back. */
export const NONE_MARKER = "%*****__%NONE%__*****%";

const string = (value: unknown, what: string): string => {
  const plain = hostValue(value);
  if (plain instanceof Undefined) throw plain.error();
  if (plain instanceof Markup) return plain.text;
  if (typeof plain !== "string") throw fault(`${what} must be a string, not ${typeName(plain)}`, "TypeError");
  return plain;
};
const flag = (rt: Runtime, value: unknown): boolean => value !== undefined && truth(rt, value);
const version = (rt: Runtime, value: unknown): string => text(rt, value);

function pattern(rt: Runtime, source: unknown, ignoreCase: unknown, anchored = false): Pattern {
  return compilePattern(rt, string(source, "the pattern"), {
    ignoreCase: ignoreCase !== undefined && ignoreCase !== false && ignoreCase !== null && ignoreCase !== 0,
    anchored,
  });
}

/** `\1`, `\g<1>`, `\g<name>` and escapes of a replacement, as Python's `re.sub` reads them. */
function expand(replacement: string, match: RegExpExecArray): string {
  return replacement.replace(
    /\\(?:(\d{1,2})|g<(\w+)>|([^]))/g,
    (all, digits?: string, name?: string, other?: string) => {
      if (digits !== undefined || name !== undefined) {
        const key = (digits ?? name) as string;
        const group = /^\d+$/.test(key) ? match[Number(key)] : match.groups?.[key];
        if (/^\d+$/.test(key) ? Number(key) >= match.length : !Object.hasOwn(match.groups ?? {}, key)) {
          throw fault(`invalid group reference ${key}`, "error");
        }
        return group ?? "";
      }
      const escapes: Readonly<Record<string, string>> = {
        n: "\n",
        t: "\t",
        r: "\r",
        "\\": "\\",
        a: "\x07",
        b: "\b",
        f: "\f",
        v: "\v",
      };
      return escapes[other as string] ?? all;
    },
  );
}

const versionTest = (holds: (by: number) => boolean): Filter =>
  filter("pattern", (rt, value, other) => holds(compareVersions(version(rt, value), version(rt, other))));

const bump = (next: (parts: { major: number; minor: number; patch: number }) => string): Filter =>
  filter("", (rt, value) => next(parseVersion(version(rt, value))));

/** StackStorm's filters, beside Jinja's own. */
export const filters: Readonly<Record<string, Filter>> = {
  decrypt_kv: filter("", (rt, value) => {
    const ciphertext = text(rt, value);
    if (ciphertext === "") {
      throw fault(
        `Referenced datastore item "${keyOf(value) ?? ""}" doesn't exist or it contains an empty string`,
        "ValueError",
      );
    }
    const decrypt = (rt.context as { readonly [DECRYPT]?: Decrypt })[DECRYPT];
    if (decrypt === undefined) throw fault("secrets cannot be decrypted here: the context has no key", "ValueError");
    return decrypt(ciphertext);
  }),
  from_json_string: filter("", (_, value) => parseJson(string(value, "the JSON text"))),
  from_yaml_string: filter("", (rt, value) => parseYaml(rt, string(value, "the YAML text"))),
  to_json_string: filter("indent? sort_keys? separators?", (rt, value, indent, sortKeys, separators) => {
    const [between = ",", colon = ": "] = Array.isArray(separators)
      ? separators.map((one) => string(one, "a separator"))
      : [];
    return dumpJson(rt, value, {
      indent: indentation(rt, indent),
      sortKeys: flag(rt, sortKeys),
      separators: [between, colon],
    });
  }),
  to_yaml_string: filter("indent? allow_unicode?", (rt, value, indent, allowUnicode) => {
    const width = indentation(rt, indent);
    return dumpYaml(rt, value, {
      indent: typeof width === "number" ? width : undefined,
      escapeUnicode: allowUnicode !== undefined && !truth(rt, allowUnicode),
    });
  }),
  json_escape: filter("", (rt, value) => dumpJson(rt, value).replace(/^"+|"+$/g, "")),
  jsonpath_query: filter("query", (rt, value, query) => {
    if (value instanceof Undefined) throw value.error();
    try {
      const found = jsonpath(string(query, "the query"))(toNative(rt, value));
      return found.length === 0 ? null : found;
    } catch (error) {
      // So that it gets its place in the template.
      throw error instanceof Invalid ? fault(error.message, "JsonPathLexerError") : error;
    }
  }),
  to_complex: filter("", (rt, value) => dumpJson(rt, value)),
  use_none: filter("", (_, value) => {
    if (value instanceof Undefined) throw value.error();
    return value === null ? NONE_MARKER : value;
  }),
  regex_match: filter(
    "pattern ignorecase?",
    (rt, value, source, ignoreCase) => pattern(rt, source, ignoreCase, true).first(text(rt, value)) !== null,
  ),
  regex_search: filter(
    "pattern ignorecase?",
    (rt, value, source, ignoreCase) => pattern(rt, source, ignoreCase).first(text(rt, value)) !== null,
  ),
  regex_replace: filter("pattern replacement ignorecase?", (rt, value, source, replacement, ignoreCase) => {
    const subject = text(rt, value);
    const by = string(replacement, "the replacement");
    let out = "";
    let at = 0;
    for (const match of pattern(rt, source, ignoreCase).all(subject)) {
      rt.spend(1);
      out += subject.slice(at, match.index) + expand(by, match);
      at = match.index + match[0].length;
      rt.allowText(out.length);
    }
    return out + subject.slice(at);
  }),
  regex_substring: filter("pattern result_index? ignorecase?", (rt, value, source, index, ignoreCase) => {
    const matches = pattern(rt, source, ignoreCase).all(text(rt, value));
    rt.spend(matches.length);
    const match = matches.at(index === undefined ? 0 : Number(text(rt, index)));
    if (match === undefined) throw fault("list index out of range", "IndexError");
    const groups = match.slice(1).map((group) => group ?? "");
    return groups.length === 0 ? match[0] : groups.length === 1 ? groups[0] : tupleOf(groups);
  }),
  to_human_time_from_seconds: filter("", (_, value) => {
    const plain = hostValue(value);
    const seconds = plain instanceof PyFloat ? plain.value : plain;
    if (plain instanceof Undefined) throw plain.error();
    if (typeof seconds !== "number") throw fault(`seconds must be a number, not ${typeName(plain)}`, "AssertionError");
    return humanTime(seconds);
  }),
  version_compare: filter("pattern", (rt, value, other) => compareVersions(version(rt, value), version(rt, other))),
  version_more_than: versionTest((by) => by > 0),
  version_less_than: versionTest((by) => by < 0),
  version_equal: versionTest((by) => by === 0),
  version_match: filter("pattern", (rt, value, expression) =>
    matchVersion(version(rt, value), version(rt, expression)),
  ),
  version_bump_major: bump(({ major }) => `${major + 1}.0.0`),
  version_bump_minor: bump(({ major, minor }) => `${major}.${minor + 1}.0`),
  version_bump_patch: bump(({ major, minor, patch }) => `${major}.${minor}.${patch + 1}`),
  version_strip_patch: bump(({ major, minor }) => `${major}.${minor}`),
  basename: filter("", (_, value) => string(value, "the path").replace(/^[^]*\//, "")),
  dirname: filter("", (_, value) => {
    const path = string(value, "the path");
    const head = path.slice(0, path.lastIndexOf("/") + 1);
    return /^\/*$/.test(head) ? head : trimSlashes(head);
  }),
};

function trimSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

function indentation(rt: Runtime, value: unknown): number | string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  const width = Number(text(rt, value));
  rt.allowText(width);
  return Number.isNaN(width) ? undefined : width;
}
