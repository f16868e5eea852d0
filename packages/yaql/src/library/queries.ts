/** Everything that goes over a collection, most of it only as far as it is looked at. */
import type { Context } from "../context.ts";
import { equals, hashKey, isTruthy } from "../equality.ts";
import { stopIteration, typeError, valueError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import type { FunctionDefinition } from "../signature.ts";
import {
  drain,
  each,
  END,
  isIterable,
  isSet,
  Iter,
  iterate,
  Memorized,
  mutableList,
  type Ordering,
  type Pull,
  pullArray,
  pullFrom,
  toArray,
} from "../values.ts";
import { toList } from "./collections.ts";
import { both, fn, method } from "./define.ts";
import { groupBy } from "./grouping.ts";
import { mergeDicts } from "./merging.ts";
import { operate } from "./operate.ts";
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

function take(pull: Pull, count: number): Pull {
  let left = count;
  return () => (left > 0 ? (left--, pull()) : END);
}

function* chain({ run }: Context, collections: readonly unknown[]): Generator<unknown> {
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

function indexWhere({ run }: Context, collection: unknown, holds: (item: unknown) => boolean, last: boolean): number {
  const pull = iterate(collection, run);
  let found = -1;
  for (let i = 0; ; i++) {
    const item = pull();
    if (item === END) return found;
    if (!holds(item)) continue;
    found = i;
    if (!last) return found;
  }
}

function fold({ run }: Context, collection: unknown, combine: (a: unknown, b: unknown) => unknown, seed: unknown): unknown {
  const pull = iterate(collection, run);
  let total = seed === undefined ? pull() : seed;
  if (total === END) throw typeError("reduce() of empty iterable with no initial value");
  for (let item = pull(); item !== END; item = pull()) total = combine(total, item);
  return total;
}

function* accumulate({ run }: Context, collection: unknown, selector: Lambda, seed: unknown): Generator<unknown> {
  const pull = iterate(collection, run);
  let total = seed === undefined ? pull() : seed;
  if (total === END) throw typeError("accumulate() of empty sequence with no initial value");
  yield total;
  for (let item = pull(); item !== END; item = pull()) yield (total = selector.call2(total, item));
}

function first({ run }: Context, collection: unknown, preset: unknown): unknown {
  const item = iterate(collection, run)();
  if (item !== END) return item;
  if (preset === undefined) throw stopIteration();
  return preset;
}

function last({ run }: Context, collection: unknown, preset: unknown): unknown {
  let found = preset;
  if (Array.isArray(collection)) found = collection.length === 0 ? preset : (collection.at(-1) ?? null);
  else for (const item of each(collection, run)) found = item;
  if (found === undefined) throw stopIteration();
  return found;
}

function single({ run }: Context, collection: unknown): unknown {
  const pull = iterate(collection, run);
  const item = pull();
  if (item === END) throw stopIteration();
  if (pull() !== END) throw stopIteration("Collection contains more than one item");
  return item;
}

function* selectMany({ run }: Context, collection: unknown, selector: Lambda): Generator<unknown> {
  for (const item of each(collection, run)) {
    const inner = selector.call1(item);
    if (isIterable(inner)) yield* each(inner, run);
    else yield inner;
  }
}

function range({ run }: Context, start: unknown, stop: unknown, step: unknown): Iter {
  const [from, to, by] = [Number(start), Number(stop), Number(step)];
  if (by === 0) throw valueError("range() arg 3 must not be zero");
  let next = from;
  return new Iter(() => {
    if (by > 0 ? next >= to : next <= to) return END;
    run.step();
    const value = next;
    next += by;
    return value;
  }, "range_iterator");
}

function endless({ run }: Context, next: () => unknown, what: string): Iter {
  return new Iter(() => {
    run.step();
    return next();
  }, what);
}

function repeat(context: Context, value: unknown, times: unknown): Iter {
  const forever = endless(context, () => value, "repeat");
  return Number(times) < 0 ? forever : new Iter(take(forever.pull, Number(times)), "repeat");
}

function* cycle({ run }: Context, collection: unknown): Generator<unknown> {
  const seen: unknown[] = [];
  for (const item of each(collection, run)) {
    run.allocate(8);
    seen.push(item);
    yield item;
  }
  while (seen.length > 0) {
    for (const item of seen) {
      run.step();
      yield item;
    }
  }
}

function* zip({ run }: Context, collections: readonly unknown[]): Generator<unknown> {
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

function* zipLongest({ run }: Context, collections: readonly unknown[], filler: unknown): Generator<unknown> {
  const pulls = collections.map((collection) => iterate(collection, run));
  for (;;) {
    const row = pulls.map((pull) => pull());
    if (row.every((item) => item === END)) return;
    yield row.map((item) => (item === END ? filler : item));
  }
}

function* join(context: Context, left: unknown, right: unknown, predicate: Lambda, selector: Lambda): Generator<unknown> {
  const { run } = context;
  const others = right instanceof Iter ? new Memorized(iterate(right, run)) : right;
  for (const own of each(left, run)) {
    for (const other of each(others, run)) {
      if (isTruthy(predicate.call2(own, other))) yield selector.call2(own, other);
    }
  }
}

function* takeWhile({ run }: Context, collection: unknown, predicate: Lambda): Generator<unknown> {
  for (const item of each(collection, run)) {
    if (!isTruthy(predicate.call1(item))) return;
    yield item;
  }
}

function* skipWhile({ run }: Context, collection: unknown, predicate: Lambda): Generator<unknown> {
  let isSkipping = true;
  for (const item of each(collection, run)) {
    if (isSkipping && isTruthy(predicate.call1(item))) continue;
    isSkipping = false;
    yield item;
  }
}

function* slice({ run }: Context, collection: unknown, length: number): Generator<unknown> {
  refuseNegative(length);
  const pull = iterate(collection, run);
  for (;;) {
    const chunk = drain(take(pull, length), run);
    if (chunk.length === 0) return;
    yield chunk;
  }
}

function* splitWhere({ run }: Context, collection: unknown, predicate: Lambda): Generator<unknown> {
  const list = toList(run, collection);
  let start = 0;
  for (const [i, item] of list.entries()) {
    if (!isTruthy(predicate.call1(item))) continue;
    yield list.slice(start, i);
    start = i + 1;
  }
  if (start < list.length) yield list.slice(start);
}

function* sliceWhere({ run }: Context, collection: unknown, predicate: Lambda): Generator<unknown> {
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

function* generate(
  { run }: Context,
  initial: unknown,
  predicate: Lambda,
  producer: Lambda,
  selector: Lambda | null,
  decycle: boolean,
): Generator<unknown> {
  const past = decycle ? new Set<unknown>() : undefined;
  for (let item = initial; isTruthy(predicate.call1(item)); item = producer.call1(item)) {
    if (past && !isNew(past, hashKey(item, run))) return;
    run.allocate(32);
    yield selector === null ? item : selector.call1(item);
  }
}

function isNew(past: Set<unknown>, hash: unknown): boolean {
  if (past.has(hash)) return false;
  past.add(hash);
  return true;
}

function* generateMany(
  { run }: Context,
  initial: unknown,
  producer: Lambda,
  selector: Lambda | null,
  decycle: boolean,
  depthFirst: boolean,
): Generator<unknown> {
  const past = decycle ? new Set<unknown>() : undefined;
  // Taken from its end, which is cheap: breadth first fills another queue behind it.
  let queue: unknown[] = [initial];
  let behind: unknown[] = [];
  for (;;) {
    if (queue.length === 0) {
      if (behind.length === 0) return;
      queue = behind.reverse();
      behind = [];
    }
    const item = queue.pop();
    if (past && !isNew(past, hashKey(item, run))) continue;
    yield selector === null ? item : selector.call1(item);
    const produced = toArray(producer.call1(item), run);
    run.allocateItems(produced.length);
    if (depthFirst) for (let i = produced.length - 1; i >= 0; i--) queue.push(produced[i]);
    else for (const child of produced) behind.push(child);
  }
}

function defaultIfEmpty({ run }: Context, collection: unknown, preset: unknown): unknown {
  if (Array.isArray(collection)) return collection.length === 0 ? preset : collection;
  if (isSet(collection)) return collection.size === 0 ? preset : collection;
  const known = new Memorized(iterate(collection, run));
  return known.fresh()() === END ? preset : known;
}

function count({ run }: Context, collection: unknown): number {
  if (Array.isArray(collection)) return collection.length;
  const pull = iterate(collection, run);
  let total = 0;
  while (pull() !== END) total++;
  return total;
}

function reverse({ run }: Context, collection: unknown): Iter {
  return new Iter(pullArray(toArray(collection, run).toReversed(), run), "reversed");
}

const LAMBDA_PAIR = "selector: lambda, seed: any = omitted";

export const QUERIES: readonly FunctionDefinition[] = [
  ...["where", "filter"].map((name) => method(`${name}(collection: iterable, predicate: lambda)`, where)),
  ...["select", "map"].map((name) => method(`${name}(collection: iterable, selector: lambda)`, select)),
  method("skip(collection: iterable, count: int)", skip),
  ...["limit", "take"].map((name) => method(`${name}(collection: iterable, count: int)`, limit)),
  both("append(collection: iterable, *args: any)", (context, collection, args) => lazy(chain(context, [collection, args]))),
  both("concat(*collections: iterable)", (context, collections) => lazy(chain(context, collections))),
  both("distinct(collection: iterable, keySelector: lambda = null)", distinct),
  both("enumerate(collection: iterable, start: int? = 0)", enumerate),
  both("any(collection: iterable, predicate: lambda = null)", (context, collection, predicate: Lambda | null) =>
    indexWhere(context, collection, (item) => predicate === null || isTruthy(predicate.call1(item)), false) >= 0,
  ),
  both("all(collection: iterable, predicate: lambda = null)", (context, collection, predicate: Lambda | null) =>
    indexWhere(context, collection, (item) => !isTruthy(predicate === null ? item : predicate.call1(item)), false) < 0,
  ),
  both("len(collection: iterator)", count),
  method("count(collection: iterable)", count),
  method("memorize(collection: iterable)", memorize),
  method("sum(collection: iterable, initial: any = omitted)", (context, collection, initial) =>
    fold(context, collection, (a, b) => operate(context, "+", a, b), initial),
  ),
  ...["max", "min"].map((name) =>
    method(`${name}(collection: iterable, initial: any = omitted)`, (context, collection, initial) =>
      fold(context, collection, (a, b) => context.call(name, [a, b]), initial),
    ),
  ),
  method("first(collection: iterable, default: any = omitted)", first),
  method("last(collection: iterable, default: any = omitted)", last),
  method("single(collection: iterable)", single),
  method("selectMany(collection: iterable, selector: lambda)", (context, c, selector) => lazy(selectMany(context, c, selector))),
  fn("range(stop: int)", (context, stop) => range(context, 0, stop, 1)),
  fn("range(start: int, stop: int, step: int = 1)", range),
  fn("sequence(start: int = 0, step: int = 1)", (context, start, step) => {
    let next = Number(start) - Number(step);
    return endless(context, () => (next += Number(step)), "count");
  }),
  method("orderBy(collection: iterable, selector: lambda)", (context, collection, key) =>
    orderBy(context, collection, [{ key, ascending: true }]),
  ),
  method("orderByDescending(collection: iterable, selector: lambda)", (context, collection, key) =>
    orderBy(context, collection, [{ key, ascending: false }]),
  ),
  method("thenBy(collection: ordering, selector: lambda)", (_context, order: Ordering, key) => order.then(key, true)),
  method("thenByDescending(collection: ordering, selector: lambda)", (_context, order: Ordering, key) => order.then(key, false)),
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
  method("repeat(value: any, times: int = -1)", repeat),
  method("cycle(collection: iterable)", (context, collection) => lazy(cycle(context, collection))),
  method("takeWhile(collection: iterable, predicate: lambda)", (context, c, predicate) => lazy(takeWhile(context, c, predicate))),
  method("skipWhile(collection: iterable, predicate: lambda)", (context, c, predicate) => lazy(skipWhile(context, c, predicate))),
  method("indexOf(collection: iterable, item: any)", (context, collection, wanted) =>
    indexWhere(context, collection, (item) => equals(item, wanted, context.run), false),
  ),
  method("lastIndexOf(collection: iterable, item: any)", (context, collection, wanted) =>
    indexWhere(context, collection, (item) => equals(item, wanted, context.run), true),
  ),
  method("indexWhere(collection: iterable, predicate: lambda)", (context, collection, predicate: Lambda) =>
    indexWhere(context, collection, (item) => isTruthy(predicate.call1(item)), false),
  ),
  method("lastIndexWhere(collection: iterable, predicate: lambda)", (context, collection, predicate: Lambda) =>
    indexWhere(context, collection, (item) => isTruthy(predicate.call1(item)), true),
  ),
  method("slice(collection: iterable, length: int)", (context, collection, length) => lazy(slice(context, collection, Number(length)))),
  method("splitWhere(collection: iterable, predicate: lambda)", (context, c, predicate) => lazy(splitWhere(context, c, predicate))),
  method("sliceWhere(collection: iterable, predicate: lambda)", (context, c, predicate) => lazy(sliceWhere(context, c, predicate))),
  method("splitAt(collection: iterable, index: int)", splitAt),
  ...["aggregate", "reduce"].map((name) =>
    method(`${name}(collection: iterable, ${LAMBDA_PAIR})`, (context, collection, selector: Lambda, seed) =>
      fold(context, collection, (a, b) => selector.call2(a, b), seed),
    ),
  ),
  method(`accumulate(collection: iterable, ${LAMBDA_PAIR})`, (context, collection, selector, seed) =>
    lazy(accumulate(context, collection, selector, seed)),
  ),
  method("reverse(collection: iterable)", reverse),
  method(
    "mergeWith(dict: map, another: map, listMerger: lambda = null, itemMerger: lambda = null, maxLevels: int = 0)",
    (context, dict, another, listMerger, itemMerger, levels) =>
      mergeDicts(context, dict, another, listMerger, itemMerger, Number(levels)),
  ),
  fn("isIterable(value: any)", (_context, value) => isIterable(value)),
  fn(
    "generate(initial: any, predicate: lambda, producer: lambda, selector: lambda = null, decycle: bool = false)",
    (context, initial, predicate, producer, selector, decycle) =>
      lazy(generate(context, initial, predicate, producer, selector, decycle)),
  ),
  fn(
    "generateMany(initial: any, producer: lambda, selector: lambda = null, decycle: bool = false, depthFirst: bool = false)",
    (context, initial, producer, selector, decycle, depthFirst) =>
      lazy(generateMany(context, initial, producer, selector, decycle, depthFirst)),
  ),
  method("defaultIfEmpty(collection: iterable, default: iterable)", defaultIfEmpty),
];
