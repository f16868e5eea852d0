/** Lists, maps and sets: making them, looking into them, changing copies of them. */
import { member } from "../compile.ts";
import type { Context } from "../context.ts";
import {
  type AnyDict,
  type AnySet,
  Dict,
  dictEntries,
  dictFrom,
  dictGet,
  dictHas,
  dictSize,
  DictView,
  isDict,
  isSet,
  YaqlSet,
} from "../containers.ts";
import { asSet, equals } from "../equality.ts";
import { each, isIterable, iterate, pullFrom, toArray } from "../iteration.ts";
import { typeName } from "../type-name.ts";
import { END, Iter, mutableList, MutableList } from "../values.ts";
import { YaqlError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import type { EvaluatedPair } from "../parameter-types.ts";
import { limitCollection } from "../limit-collection.ts";
import type { Run } from "../run.ts";
import type { FunctionDefinition } from "../signature.ts";
import { both, fn, method, withPairs } from "./define.ts";

const lazy = (items: Iterator<unknown>): Iter => new Iter(pullFrom(items));

/** The immutable list of all elements. */
export function toList(run: Run, collection: unknown): readonly unknown[] {
  if (Array.isArray(collection) && !(collection instanceof MutableList)) return collection;
  const items = toArray(collection, run);
  run.allocateItems(items.length);
  return Array.from(items);
}

/** Iterators give their elements, and those that are iterators theirs. Lists and sets stay whole. */
function* spliced(values: Iterable<unknown>, run: Run): Generator {
  for (const value of values) {
    if (value instanceof Iter) yield* spliced(each(value, run), run);
    else yield value;
  }
}

function* flattened(collection: unknown, run: Run): Generator {
  for (const value of each(collection, run)) {
    if (isIterable(value)) yield* flattened(value, run);
    else yield value;
  }
}

const pairsOf = (pairs: readonly EvaluatedPair[]) => pairs.map(({ key, value }) => [key, value] as const);

function dictOfItems(context: Context, items: unknown): Dict {
  const { run } = context;
  const dict = new Dict();
  for (const item of each(items, run)) {
    const pull = iterate(item, run);
    const key = pull();
    const value = key === END ? END : pull();
    if (value === END) throw new YaqlError("stop_iteration", "");
    run.allocate(64);
    dict.set(key, value, run);
  }
  return dict;
}

function toDict({ run }: Context, collection: unknown, key: Lambda, value: Lambda | null): Dict {
  const dict = new Dict(false);
  for (const item of each(collection, run)) {
    run.allocate(64);
    dict.set(key.call1(item), value === null ? item : value.call1(item), run);
  }
  return dict;
}

function withEntries(run: Run, dict: AnyDict, more: Iterable<readonly [unknown, unknown]>): Dict {
  const copy = dictFrom(dictEntries(dict), run);
  for (const [key, value] of more) copy.set(key, value, run);
  return copy;
}

function without(run: Run, dict: AnyDict, keys: Iterable<unknown>): Dict {
  const copy = dictFrom(dictEntries(dict), run, false);
  for (const key of keys) copy.delete(key, run);
  return copy;
}

/** Whether the collection has the value. */
function contains({ run }: Context, collection: unknown, value: unknown): boolean {
  if (collection instanceof YaqlSet) return collection.has(value, run);
  if (collection instanceof DictView && collection.kind === "keys") return dictHas(collection.of, value, run);
  const pull = iterate(collection, run);
  for (let item = pull(); item !== END; item = pull()) if (equals(item, value, run)) return true;
  return false;
}

function* chained(run: Run, ...collections: unknown[]): Generator {
  for (const collection of collections) yield* each(collection, run);
}

function combine({ run }: Context, left: unknown, right: unknown): unknown {
  const isList = (value: unknown) => Array.isArray(value) && !(value instanceof MutableList);
  if (isList(left) && isList(right)) {
    const [a, b] = [left as unknown[], right as unknown[]];
    run.allocateItems(a.length + b.length);
    return [...a, ...b];
  }
  if (left instanceof YaqlSet && right instanceof YaqlSet) return YaqlSet.from(chained(run, left, right), run);
  return lazy(chained(run, left, right));
}

function repeatList(run: Run, list: readonly unknown[], times: unknown): unknown {
  const count = Math.max(0, Number(times));
  run.allocateItems(list.length * count);
  run.step(list.length * count);
  const items = Array.from({ length: list.length * count }, (_, i) => list[i % list.length]);
  return list instanceof MutableList ? mutableList(items) : items;
}

function at(_context: Context, list: readonly unknown[], index: unknown): unknown {
  const position = Number(index);
  const value = list.at(position);
  if (value === undefined && !(position < list.length && position >= -list.length)) {
    throw new YaqlError("index", `${list instanceof MutableList ? "list" : "tuple"} index out of range`);
  }
  return value ?? null;
}

/** Elements for which `isIn` holds are replaced, all together, by the values. */
function* replaced(run: Run, collection: unknown, isIn: (i: number) => boolean, values: unknown): Generator {
  let done = false;
  let i = 0;
  for (const item of each(collection, run)) {
    if (!isIn(i++)) yield item;
    else if (!done) {
      done = true;
      yield* each(values, run);
    }
  }
}

function range(position: unknown, count: unknown): (i: number) => boolean {
  const [start, length] = [Number(position), Number(count)];
  return length < 0 ? (i) => i >= start : (i) => i >= start && i < start + length;
}

/** A negative position stands before everything for many values, and nowhere for one. */
function* inserted(run: Run, collection: unknown, position: number, values: unknown): Generator {
  let last = -1;
  for (const item of each(collection, run)) {
    last++;
    if (last === position) yield* each(values, run);
    yield item;
  }
  if (position > last) yield* each(values, run);
}

function insertIntoList({ run }: Context, list: readonly unknown[], position: unknown, value: unknown): MutableList {
  run.allocateItems(list.length);
  return mutableList(list.toSpliced(Number(position), 0, value));
}

/** A view of a map's keys has no such methods, although it is a set. */
function frozen(set: AnySet, method: string): YaqlSet {
  if (set instanceof YaqlSet) return set;
  throw new YaqlError("attribute", `'${typeName(set)}' object has no attribute '${method}'`);
}

const union = ({ run }: Context, left: AnySet, right: AnySet) =>
  YaqlSet.from([...frozen(left, "union").values(), ...right.values()], run);

/** Of equal members, those of the smaller set stay; of sets of one size, the right one's. */
function intersect({ run }: Context, left: AnySet, right: AnySet): YaqlSet {
  const own = frozen(left, "intersection");
  const other = asSet(right, run);
  const [few, many] = other.size > own.size ? [own, other] : [other, own];
  return YaqlSet.from(
    Array.from(few.values()).filter((member) => many.has(member, run)),
    run,
  );
}

function difference({ run }: Context, left: AnySet, right: AnySet): YaqlSet {
  const other = asSet(right, run);
  return YaqlSet.from(
    Array.from(frozen(left, "difference").values()).filter((member) => !other.has(member, run)),
    run,
  );
}

function symmetricDifference(context: Context, left: AnySet, right: AnySet): YaqlSet {
  const a = frozen(left, "symmetric_difference");
  const b = asSet(right, context.run);
  return union(context, difference(context, a, b), difference(context, b, a));
}

export const COLLECTIONS: readonly FunctionDefinition[] = [
  fn("#list(*args: any)", ({ run }, args: unknown[]) => (run.allocateItems(args.length), args)),
  fn("list(*args: any)", ({ run }, args) => toArray(limitCollection(lazy(spliced(args, run)), run), run)),
  method("toList(collection: iterable)", ({ run }, collection) => toList(run, collection)),
  method("flatten(collection: iterable)", ({ run }, collection) => lazy(flattened(collection, run))),
  fn("#indexer(list: sequence, index: int)", at),
  ...["#map", "dict"].map((name) =>
    withPairs(fn(`${name}(*args: pair)`, ({ run }, pairs) => dictFrom(pairsOf(pairs), run))),
  ),
  withPairs(fn("dict(items: iterable)", dictOfItems)),
  method("toDict(collection: iterable, keySelector: lambda, valueSelector: lambda = null)", toDict),
  fn("#indexer(dict: map, key: any)", (context, dict: AnyDict, key) => member(dict, key, context)),
  fn("#indexer(dict: map, key: any, default: any)", ({ run }, dict: AnyDict, key, preset) => {
    const value = dictGet(dict, key, run);
    return value === undefined ? preset : value;
  }),
  method("get(dict: map, key: any, default: any = null)", ({ run }, dict: AnyDict, key, preset) => {
    const value = dictGet(dict, key, run);
    return value === undefined ? preset : value;
  }),
  withPairs(
    method("set(dict: map, key: any, value: any)", ({ run }, dict, key, value) =>
      withEntries(run, dict, [[key, value]]),
    ),
  ),
  withPairs(
    method("set(dict: map, replacements: map)", ({ run }, dict, more) => withEntries(run, dict, dictEntries(more))),
  ),
  withPairs(method("set(dict: map, *args: pair)", ({ run }, dict, pairs) => withEntries(run, dict, pairsOf(pairs)))),
  method("keys(dict: map)", (_context, dict) => new DictView("keys", dict)),
  method("values(dict: map)", (_context, dict) => new DictView("values", dict)),
  method("items(dict: map)", (_context, dict) => new DictView("items", dict)),
  fn("#operator_in(value: any, collection: iterable)", (context, value, collection) =>
    contains(context, collection, value),
  ),
  method("contains(collection: iterable, value: any)", contains),
  method("containsKey(dict: map, key: any)", ({ run }, dict, key) => dictHas(dict, key, run)),
  method("containsValue(dict: map, value: any)", (context, dict, value) =>
    contains(context, new DictView("values", dict), value),
  ),
  fn("#operator_+(left: iterable, right: iterable)", combine),
  fn("#operator_+(left: map, right: map)", ({ run }, left, right) => withEntries(run, left, dictEntries(right))),
  fn("#operator_*(left: sequence, right: int)", ({ run }, left, right) => repeatList(run, left, right)),
  fn("#operator_*(left: int, right: sequence)", ({ run }, left, right) => repeatList(run, right, left)),
  fn("isList(arg: any)", (_context, arg) => Array.isArray(arg)),
  fn("isDict(arg: any)", (_context, arg) => isDict(arg)),
  both("len(dict: map)", (_context, dict) => dictSize(dict)),
  both("len(sequence: sequence)", (_context, sequence) => sequence.length),
  method("delete(collection: iterable, position: int, count: int = 1)", ({ run }, collection, position, count) =>
    lazy(replaced(run, collection, range(position, count), [])),
  ),
  method("delete(dict: map, *keys: any)", ({ run }, dict, keys) => without(run, dict, keys)),
  method("deleteAll(dict: map, keys: iterable)", ({ run }, dict, keys) => without(run, dict, each(keys, run))),
  method("insert(collection: nonSet, position: int, value: any)", ({ run }, collection, position, value) =>
    lazy(inserted(run, collection, Number(position), [value])),
  ),
  method("insert(collection: sequence, position: int, value: any)", insertIntoList),
  method("insertMany(collection: iterable, position: int, values: iterable)", ({ run }, collection, position, values) =>
    lazy(Number(position) < 0 ? chained(run, values, collection) : inserted(run, collection, Number(position), values)),
  ),
  method(
    "replace(collection: iterable, position: int, value: any, count: int = 1)",
    ({ run }, c, position, value, count) => lazy(replaced(run, c, range(position, count), [value])),
  ),
  method(
    "replaceMany(collection: iterable, position: int, values: iterable, count: int = 1)",
    ({ run }, collection, position, values, count) => lazy(replaced(run, collection, range(position, count), values)),
  ),
  fn("isSet(arg: any)", (_context, arg) => isSet(arg)),
  fn("set(*args: any)", ({ run }, args) =>
    YaqlSet.from(each(limitCollection(lazy(spliced(args, run)), run), run), run),
  ),
  method("toSet(collection: iterable)", ({ run }, collection) => YaqlSet.from(each(collection, run), run)),
  both("len(set: set)", (_context, set) => set.size),
  method("add(set: set, *values: any)", (context, set, values) =>
    union(context, set, YaqlSet.from(values, context.run)),
  ),
  method("remove(set: set, *values: any)", (context, set, values) =>
    difference(context, set, YaqlSet.from(values, context.run)),
  ),
  method("union(left: set, right: set)", union),
  method("intersect(left: set, right: set)", intersect),
  method("difference(left: set, right: set)", difference),
  fn("#operator_-(left: set, right: set)", difference),
  method("symmetricDifference(left: set, right: set)", symmetricDifference),
];
