/** Everything that goes over a collection, most of it only as far as it is looked at. */
import type { Context } from "../context.ts";
import { hashKey, isSet } from "../containers.ts";
import { equals, isTruthy } from "../equality.ts";
import { drain, each, isIterable, iterate, pullArray, pullFrom, take, toArray } from "../iteration.ts";
import { END, Iter, Memorized, mutableList, type Ordering } from "../values.ts";
import { typeError, valueError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import type { FunctionDefinition } from "../signature.ts";
import { toList } from "./collections.ts";
import { both, fn, method } from "./define.ts";
import { groupBy } from "./grouping.ts";
import { orderBy } from "./ordering.ts";

const lazy = (items: Iterator<unknown>): Iter => new Iter(pullFrom(items));

function where({ run }: Context, collection: unknown, predicate: Lambda): Iter {
  const pull = iterate(collection, run);
  return new Iter(() => {
    for (;;) {
      const item = pull();
      if (item === END || isTruthy(predicate.call1(item))) return item;
    }
  }, "filter");
}

function select({ run }: Context, collection: unknown, selector: Lambda): Iter {
  const pull = iterate(collection, run);
  return new Iter(() => {
    const item = pull();
    return item === END ? END : selector.call1(item);
  }, "map");
}

function skip({ run }: Context, collection: unknown, count: unknown): Iter {
  if (Number(count) < 0) throw valueError("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
  const pull = iterate(collection, run);
  let left = Number(count);
  return new Iter(() => {
    for (; left > 0; left--) if (pull() === END) return END;
    return pull();
  }, "islice");
}

function limit({ run }: Context, collection: unknown, count: unknown): Iter {
  refuseNegative(Number(count));
  return new Iter(take(iterate(collection, run), Number(count)), "islice");
}

/** Python words -1 differently, which is its mark for errors inside. */
function refuseNegative(stop: number): void {
  if (stop >= 0) return;
  const what = stop === -1 ? "Stop argument" : "Indices";
  throw valueError(`${what} for islice() must be None or an integer: 0 <= x <= sys.maxsize.`);
}

function* chain({ run }: Context, collections: readonly unknown[]): Generator {
  for (const collection of collections) yield* each(collection, run);
}

/** Elements whose key has not come up before. */
export function distinct({ run }: Context, collection: unknown, key: Lambda | null): Iter {
  const seen = new Set<unknown>();
  const pull = iterate(collection, run);
  return new Iter(() => {
    for (;;) {
      const item = pull();
      if (item === END) return END;
      const hash = hashKey(key === null ? item : key.call1(item), run);
      if (seen.has(hash)) continue;
      run.allocate(32);
      seen.add(hash);
      return item;
    }
  });
}

function enumerate({ run }: Context, collection: unknown, start: unknown): Iter {
  if (start === null) throw typeError("'NoneType' object cannot be interpreted as an integer");
  const pull = iterate(collection, run);
  let index = Number(start);
  return new Iter(() => {
    const item = pull();
    return item === END ? END : mutableList([index++, item]);
  });
}

function* accumulate({ run }: Context, collection: unknown, selector: Lambda, seed: unknown): Generator {
  const pull = iterate(collection, run);
  let total = seed === undefined ? pull() : seed;
  if (total === END) throw typeError("accumulate() of empty sequence with no initial value");
  yield total;
  for (let item = pull(); item !== END; item = pull()) yield (total = selector.call2(total, item));
}

function* selectMany({ run }: Context, collection: unknown, selector: Lambda): Generator {
  for (const item of each(collection, run)) {
    const inner = selector.call1(item);
    if (isIterable(inner)) yield* each(inner, run);
    else yield inner;
  }
}

function* zip({ run }: Context, collections: readonly unknown[]): Generator {
  const pulls = collections.map((collection) => iterate(collection, run));
  for (;;) {
    const row: unknown[] = [];
    for (const pull of pulls) {
      const item = pull();
      if (item === END) return;
      row.push(item);
    }
    yield row;
  }
}

function* zipLongest({ run }: Context, collections: readonly unknown[], filler: unknown): Generator {
  const pulls = collections.map((collection) => iterate(collection, run));
  for (;;) {
    const row = pulls.map((pull) => pull());
    if (row.every((item) => item === END)) return;
    yield row.map((item) => (item === END ? filler : item));
  }
}

function* join(context: Context, left: unknown, right: unknown, predicate: Lambda, selector: Lambda): Generator {
  const { run } = context;
  const others = right instanceof Iter ? new Memorized(iterate(right, run)) : right;
  for (const own of each(left, run)) {
    for (const other of each(others, run)) {
      if (isTruthy(predicate.call2(own, other))) yield selector.call2(own, other);
    }
  }
}

function* takeWhile({ run }: Context, collection: unknown, predicate: Lambda): Generator {
  for (const item of each(collection, run)) {
    if (!isTruthy(predicate.call1(item))) return;
    yield item;
  }
}

function* skipWhile({ run }: Context, collection: unknown, predicate: Lambda): Generator {
  let isSkipping = true;
  for (const item of each(collection, run)) {
    if (isSkipping && isTruthy(predicate.call1(item))) continue;
    isSkipping = false;
    yield item;
  }
}

function* slice({ run }: Context, collection: unknown, length: number): Generator {
  refuseNegative(length);
  const pull = iterate(collection, run);
  for (;;) {
    const chunk = drain(take(pull, length), run);
    if (chunk.length === 0) return;
    yield chunk;
  }
}

function* splitWhere({ run }: Context, collection: unknown, predicate: Lambda): Generator {
  const list = toList(run, collection);
  let start = 0;
  for (const [i, item] of list.entries()) {
    if (!isTruthy(predicate.call1(item))) continue;
    yield list.slice(start, i);
    start = i + 1;
  }
  if (start < list.length) yield list.slice(start);
}

function* sliceWhere({ run }: Context, collection: unknown, predicate: Lambda): Generator {
  const list = toList(run, collection);
  let start = 0;
  let before: unknown;
  for (const [i, item] of list.entries()) {
    const now = predicate.call1(item);
    if (i > 0 && !equals(now, before, run)) {
      yield list.slice(start, i);
      start = i;
    }
    before = now;
  }
  if (start < list.length) yield list.slice(start);
}

function splitAt({ run }: Context, collection: unknown, index: unknown): unknown {
  const list = toList(run, collection);
  return mutableList([list.slice(0, Number(index)), list.slice(Number(index))]);
}

/** A collection that can be gone over again. */
function memorize({ run }: Context, collection: unknown): unknown {
  return Array.isArray(collection) || isSet(collection) ? collection : new Memorized(iterate(collection, run));
}

function defaultIfEmpty({ run }: Context, collection: unknown, preset: unknown): unknown {
  if (Array.isArray(collection)) return collection.length === 0 ? preset : collection;
  if (isSet(collection)) return collection.size === 0 ? preset : collection;
  const known = new Memorized(iterate(collection, run));
  return known.fresh()() === END ? preset : known;
}

function reverse({ run }: Context, collection: unknown): Iter {
  return new Iter(pullArray(toArray(collection, run).toReversed(), run), "reversed");
}

export const QUERIES: readonly FunctionDefinition[] = [
  ...["where", "filter"].map((name) => method(`${name}(collection: iterable, predicate: lambda)`, where)),
  ...["select", "map"].map((name) => method(`${name}(collection: iterable, selector: lambda)`, select)),
  method("skip(collection: iterable, count: int)", skip),
  ...["limit", "take"].map((name) => method(`${name}(collection: iterable, count: int)`, limit)),
  both("append(collection: iterable, *args: any)", (context, collection, args) =>
    lazy(chain(context, [collection, args])),
  ),
  both("concat(*collections: iterable)", (context, collections) => lazy(chain(context, collections))),
  both("distinct(collection: iterable, keySelector: lambda = null)", distinct),
  both("enumerate(collection: iterable, start: int? = 0)", enumerate),
  method("memorize(collection: iterable)", memorize),
  method("selectMany(collection: iterable, selector: lambda)", (context, c, selector) =>
    lazy(selectMany(context, c, selector)),
  ),
  method("orderBy(collection: iterable, selector: lambda)", (context, collection, key) =>
    orderBy(context, collection, [{ key, ascending: true }]),
  ),
  method("orderByDescending(collection: iterable, selector: lambda)", (context, collection, key) =>
    orderBy(context, collection, [{ key, ascending: false }]),
  ),
  method("thenBy(collection: ordering, selector: lambda)", (_context, order: Ordering, key) => order.then(key, true)),
  method("thenByDescending(collection: ordering, selector: lambda)", (_context, order: Ordering, key) =>
    order.then(key, false),
  ),
  method(
    "groupBy(collection: iterable, keySelector: lambda, valueSelector: lambda = null, aggregator: lambda = null)",
    groupBy,
  ),
  method("zip(*collections: iterable)", (context, collections) => lazy(zip(context, collections))),
  method("zipLongest(*collections: iterable, **named: any)", (context, collections, named) =>
    lazy(zipLongest(context, collections, named.get("default") ?? null)),
  ),
  method(
    "join(collection1: iterable, collection2: iterable, predicate: lambda, selector: lambda)",
    (context, left, right, predicate, selector) => lazy(join(context, left, right, predicate, selector)),
  ),
  method("takeWhile(collection: iterable, predicate: lambda)", (context, c, predicate) =>
    lazy(takeWhile(context, c, predicate)),
  ),
  method("skipWhile(collection: iterable, predicate: lambda)", (context, c, predicate) =>
    lazy(skipWhile(context, c, predicate)),
  ),
  method("slice(collection: iterable, length: int)", (context, collection, length) =>
    lazy(slice(context, collection, Number(length))),
  ),
  method("splitWhere(collection: iterable, predicate: lambda)", (context, c, predicate) =>
    lazy(splitWhere(context, c, predicate)),
  ),
  method("sliceWhere(collection: iterable, predicate: lambda)", (context, c, predicate) =>
    lazy(sliceWhere(context, c, predicate)),
  ),
  method("splitAt(collection: iterable, index: int)", splitAt),
  method(
    "accumulate(collection: iterable, selector: lambda, seed: any = omitted)",
    (context, collection, selector, seed) => lazy(accumulate(context, collection, selector, seed)),
  ),
  method("reverse(collection: iterable)", reverse),
  fn("isIterable(value: any)", (_context, value) => isIterable(value)),
  method("defaultIfEmpty(collection: iterable, default: iterable)", defaultIfEmpty),
];
