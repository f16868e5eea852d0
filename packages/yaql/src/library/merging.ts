import type { Context } from "../context.ts";
import type { FunctionDefinition } from "../signature.ts";
import { method } from "./define.ts";
import { typeError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import { type AnyDict, Dict, dictEntries, dictGet, dictHas, isDict } from "../containers.ts";
import { typeName } from "../type-name.ts";
import { MutableList } from "../values.ts";
import { distinct } from "./queries.ts";
import { toList } from "./collections.ts";

/** A map of both, deeply: maps merge, lists as `mergeLists` says, of anything else the other's value stays. */
function mergeDicts(
  context: Context,
  dict: AnyDict,
  other: AnyDict,
  listMerger: Lambda | null,
  itemMerger: Lambda | null,
  levels: number,
): Dict {
  const { run } = context;
  const result = new Dict(false);
  run.enter();
  for (const [key, value] of dictEntries(dict)) {
    run.allocate(64);
    const another = dictGet(other, key, run);
    if (another === undefined) result.set(key, value, run);
    else if (levels !== 1 && isDict(another)) {
      if (!isDict(value)) throw cannotMerge(value, another);
      const deeper = levels === 0 ? 0 : levels - 1;
      result.set(key, mergeDicts(context, value, another, listMerger, itemMerger, deeper), run);
    } else if (levels !== 1 && Array.isArray(another)) {
      if (!Array.isArray(value)) throw cannotMerge(value, another);
      result.set(key, listMerger?.call2(value, another) ?? mergeLists(context, value, another), run);
    } else result.set(key, itemMerger === null ? another : itemMerger.call2(value, another), run);
  }
  for (const [key, value] of dictEntries(other)) if (!dictHas(result, key, run)) result.set(key, value, run);
  run.leave();
  return result;
}

function mergeLists(context: Context, a: readonly unknown[], b: readonly unknown[]): unknown {
  if (a instanceof MutableList !== b instanceof MutableList) {
    throw typeError(`can only concatenate ${typeName(a)} (not "${typeName(b)}") to ${typeName(a)}`);
  }
  return toList(context.run, distinct(context, [...a, ...b], null));
}

function cannotMerge(a: unknown, b: unknown): Error {
  const name = (value: unknown) => {
    const own = typeName(value, true);
    return own === "FrozenDict" ? "yaql.language.utils.FrozenDict" : own;
  };
  return typeError(`Cannot merge <class '${name(a)}'> with <class '${name(b)}'>`);
}

export const MERGING: readonly FunctionDefinition[] = [
  method(
    "mergeWith(dict: map, another: map, listMerger: lambda = null, itemMerger: lambda = null, maxLevels: int = 0)",
    (context, dict, another, listMerger, itemMerger, levels) =>
      mergeDicts(context, dict, another, listMerger, itemMerger, Number(levels)),
  ),
];
