import type { Method } from "./attributes.ts";
import { JinjaRuntimeError, typeError } from "./errors.ts";
import { bind } from "./filter.ts";
import { iterate } from "./sequence.ts";
import type { Runtime } from "./runtime.ts";
import { repr } from "./text.ts";
import { DictView, dictDelete, dictEntries, dictGet, dictKeys, dictSet, dictSize, isDict, tuple } from "./values.ts";
import type { Dict, KeywordArguments } from "./values.ts";

function method(
  signature: string,
  required: number,
  run: (rt: Runtime, dict: Dict, ...args: unknown[]) => unknown,
): Method {
  const names = signature.split(" ").filter(Boolean);
  return (rt, self, args, keywords) => run(rt, self as Dict, ...bind("dict method", names, required, args, keywords));
}

/** What `dict(...)` and `d.update(...)` take: a dict or pairs, and keyword arguments. */
export function fillDict(rt: Runtime, dict: Dict, args: readonly unknown[], keywords: KeywordArguments): void {
  if (args.length > 1) throw typeError(`dict expected at most 1 argument, got ${args.length}`);
  const source = args[0];
  if (isDict(source)) {
    for (const [key, value] of dictEntries(source)) dictSet(dict, key, value);
    rt.spend(dictSize(source));
  } else if (source !== undefined) {
    for (const pair of iterate(rt, source)) {
      rt.spend(1);
      const [key, value, ...rest] = iterate(rt, pair);
      if (value === undefined || rest.length > 0) {
        throw new JinjaRuntimeError("dictionary update sequence elements must have length 2", "ValueError");
      }
      dictSet(dict, key, value);
    }
  }
  for (const [key, value] of keywords) dictSet(dict, key, value);
}

export const dictMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["keys", method("", 0, (_, dict) => new DictView("keys", dict))],
  ["values", method("", 0, (_, dict) => new DictView("values", dict))],
  ["items", method("", 0, (_, dict) => new DictView("items", dict))],
  [
    "get",
    method("key default", 1, (_, dict, key, otherwise) => {
      const value = dictGet(dict, key);
      return value === undefined ? (otherwise ?? null) : value;
    }),
  ],
  [
    "copy",
    method("", 0, (rt, dict) => {
      rt.spend(dictSize(dict));
      return new Map(dictEntries(dict));
    }),
  ],
  [
    "update",
    (rt, self, args, keywords) => {
      fillDict(rt, self as Dict, args, keywords);
      return null;
    },
  ],
  [
    "setdefault",
    method("key default", 1, (_, dict, key, otherwise) => {
      const value = dictGet(dict, key);
      if (value !== undefined) return value;
      dictSet(dict, key, otherwise ?? null);
      return otherwise ?? null;
    }),
  ],
  [
    "pop",
    method("key default", 1, (rt, dict, key, otherwise) => {
      const value = dictGet(dict, key);
      if (value === undefined) {
        if (otherwise !== undefined) return otherwise;
        throw new JinjaRuntimeError(repr(rt, key), "KeyError");
      }
      dictDelete(dict, key);
      return value;
    }),
  ],
  [
    "popitem",
    method("", 0, (_, dict) => {
      const last = dictEntries(dict).at(-1);
      if (last === undefined) throw new JinjaRuntimeError("'popitem(): dictionary is empty'", "KeyError");
      dictDelete(dict, last[0]);
      return tuple(last[0], last[1]);
    }),
  ],
  [
    "clear",
    method("", 0, (_, dict) => {
      for (const key of dictKeys(dict)) dictDelete(dict, key);
      return null;
    }),
  ],
  [
    "fromkeys",
    method("keys value", 1, (rt, _, keys, value) => {
      const made = new Map<unknown, unknown>();
      for (const key of iterate(rt, keys)) dictSet(made, key, value ?? null);
      return made;
    }),
  ],
]);
