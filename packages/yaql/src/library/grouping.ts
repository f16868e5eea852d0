import type { Context } from "../context.ts";
import { Dict, dictSize, isDict, isSet } from "../containers.ts";
import { equals } from "../equality.ts";
import { iterate, pullFrom } from "../iteration.ts";
import { END, Iter, MutableList } from "../values.ts";
import { YaqlError, YaqlLimitError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";

/** `[key, values]` by key, in the order in which keys first came up; with an aggregator `[key, aggregator(values)]`. */
export function groupBy(
  context: Context,
  collection: unknown,
  key: Lambda,
  value: Lambda | null,
  aggregator: Lambda | null,
): Iter {
  const { run } = context;
  const groups = new Dict(false);
  const pull = iterate(collection, run);
  for (let item = pull(); item !== END; item = pull()) {
    const member = value === null ? item : value.call1(item);
    const group = key.call1(item);
    const known = groups.entry(group, run);
    run.allocate(16);
    if (known) (known[1] as MutableList).push(member);
    else groups.set(group, MutableList.of(member), run);
  }
  const items = pullFrom(groups.entries());
  if (aggregator === null) return new Iter(items, "map");
  const aggregate = aggregation(context, aggregator);
  return new Iter(() => {
    const item = items();
    return item === END ? END : aggregate(item as readonly [unknown, unknown[]]);
  }, "map");
}

const RETRIED: ReadonlySet<string> = new Set(["no_matching_method", "no_matching_function", "index"]);

/**
 * Before YAQL 1.1.1 aggregators got `[key, values]` and returned such a pair. One that fails on the values of the
 * first group because it expects that is called in the old way, for this and all other groups.
 */
function aggregation(context: Context, aggregator: Lambda): (item: readonly [unknown, unknown[]]) => unknown {
  const { run } = context;
  let failure: YaqlError | undefined;
  let mayBeOld = true;
  return (item) => {
    const [key, values] = item;
    const depth = run.depth;
    if (failure === undefined) {
      try {
        const result = aggregator.call1(values);
        const looksOld =
          values.length === 2 && Array.isArray(result) && result.length === 2 && equals(result[0], values[0], run);
        if (!looksOld) mayBeOld = false;
        return [key, result];
      } catch (error) {
        if (!(error instanceof YaqlError) || !RETRIED.has(error.class)) throw error;
        run.restoreDepth(depth);
        failure = error;
      }
    }
    if (mayBeOld) {
      try {
        const result = aggregator.call1(item);
        if (lengthOf(result) === 2) return result;
      } catch (error) {
        // Whatever else went wrong in the old way, the error of the new one is what people expect.
        if (error instanceof YaqlLimitError || !(error instanceof YaqlError)) throw error;
        run.restoreDepth(depth);
      }
    }
    throw failure;
  };
}

function lengthOf(value: unknown): number | undefined {
  if (Array.isArray(value) || typeof value === "string") return value.length;
  if (isSet(value)) return value.size;
  return isDict(value) ? dictSize(value) : undefined;
}
