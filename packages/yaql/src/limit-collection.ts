import { YaqlLimitError } from "./errors.ts";
import type { Run } from "./run.ts";
import { dictSize, DictView, isDict, isSet } from "./containers.ts";
import { iterate } from "./iteration.ts";
import { END, Iter } from "./values.ts";

/** The collection itself when its length is known and allowed; otherwise one that fails when it turns out too long. */
export function limitCollection(value: unknown, run: Run): unknown {
  const { limitIterators: limit } = run;
  if (limit < 0 || value === null || value === undefined) return value;
  const size = Array.isArray(value)
    ? value.length
    : isSet(value)
      ? value.size
      : isDict(value)
        ? dictSize(value)
        : undefined;
  if (size !== undefined) {
    if (size > limit) throw tooLarge(limit);
    return value;
  }
  const pull = iterate(value, run);
  let count = 0;
  const limited = () => {
    const item = pull();
    if (item !== END && ++count > limit) throw tooLarge(limit);
    return item;
  };
  return new Iter(limited, value instanceof DictView ? "generator" : undefined);
}

export function tooLarge(limit: number): YaqlLimitError {
  return new YaqlLimitError("collection_too_large", `Collection length exceeds ${limit} elements`);
}
