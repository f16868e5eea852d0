/** What makes one value of a whole collection. */
import { callFunction } from "../dispatch.ts";
import type { Context } from "../context.ts";
import { equals, isTruthy } from "../equality.ts";
import { each, iterate } from "../iteration.ts";
import { END } from "../values.ts";
import { stopIteration, typeError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import type { FunctionDefinition } from "../signature.ts";
import { both, method } from "./define.ts";
import { operate } from "./operate.ts";

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

function fold(
  { run }: Context,
  collection: unknown,
  combine: (a: unknown, b: unknown) => unknown,
  seed: unknown,
): unknown {
  const pull = iterate(collection, run);
  let total = seed === undefined ? pull() : seed;
  if (total === END) throw typeError("reduce() of empty iterable with no initial value");
  for (let item = pull(); item !== END; item = pull()) total = combine(total, item);
  return total;
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

function count({ run }: Context, collection: unknown): number {
  if (Array.isArray(collection)) return collection.length;
  const pull = iterate(collection, run);
  let total = 0;
  while (pull() !== END) total++;
  return total;
}

export const REDUCTIONS: readonly FunctionDefinition[] = [
  both(
    "any(collection: iterable, predicate: lambda = null)",
    (context, collection, predicate: Lambda | null) =>
      indexWhere(context, collection, (item) => predicate === null || isTruthy(predicate.call1(item)), false) >= 0,
  ),
  both(
    "all(collection: iterable, predicate: lambda = null)",
    (context, collection, predicate: Lambda | null) =>
      indexWhere(context, collection, (item) => !isTruthy(predicate === null ? item : predicate.call1(item)), false) <
      0,
  ),
  both("len(collection: iterator)", count),
  method("count(collection: iterable)", count),
  method("sum(collection: iterable, initial: any = omitted)", (context, collection, initial) =>
    fold(context, collection, (a, b) => operate(context, "+", a, b), initial),
  ),
  ...["max", "min"].map((name) =>
    method(`${name}(collection: iterable, initial: any = omitted)`, (context, collection, initial) =>
      fold(context, collection, (a, b) => callFunction(context, name, [a, b]), initial),
    ),
  ),
  method("first(collection: iterable, default: any = omitted)", first),
  method("last(collection: iterable, default: any = omitted)", last),
  method("single(collection: iterable)", single),
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
  ...["aggregate", "reduce"].map((name) =>
    method(
      `${name}(collection: iterable, selector: lambda, seed: any = omitted)`,
      (context, collection, selector: Lambda, seed) => fold(context, collection, (a, b) => selector.call2(a, b), seed),
    ),
  ),
];
