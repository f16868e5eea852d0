/** Collections that come from nothing, or never end. */
import type { Context } from "../context.ts";
import { hashKey } from "../containers.ts";
import { isTruthy } from "../equality.ts";
import { each, pullFrom, take, toArray } from "../iteration.ts";
import { END, Iter } from "../values.ts";
import { valueError } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import type { FunctionDefinition } from "../signature.ts";
import { fn, method } from "./define.ts";

const lazy = (items: Iterator<unknown>): Iter => new Iter(pullFrom(items));

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

function* cycle({ run }: Context, collection: unknown): Generator {
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

function* generate(
  { run }: Context,
  initial: unknown,
  predicate: Lambda,
  producer: Lambda,
  selector: Lambda | null,
  decycle: boolean,
): Generator {
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
): Generator {
  const past = decycle ? new Set<unknown>() : undefined;
  // Taken from its end, which is cheap: breadth first fills another queue behind it.
  let queue: unknown[] = [initial];
  let behind: unknown[] = [];
  for (;;) {
    if (queue.length === 0) {
      if (behind.length === 0) return;
      queue = behind.toReversed();
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

export const GENERATORS: readonly FunctionDefinition[] = [
  fn("range(stop: int)", (context, stop) => range(context, 0, stop, 1)),
  fn("range(start: int, stop: int, step: int = 1)", range),
  fn("sequence(start: int = 0, step: int = 1)", (context, start, step) => {
    let next = Number(start) - Number(step);
    return endless(context, () => (next += Number(step)), "count");
  }),
  method("repeat(value: any, times: int = -1)", repeat),
  method("cycle(collection: iterable)", (context, collection) => lazy(cycle(context, collection))),
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
];
