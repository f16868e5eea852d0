/** Going over collections. */
import { DictView, isDict, YaqlSet } from "./containers.ts";
import { typeName } from "./type-name.ts";
import { adopt, END, Iter, Memorized, Ordering, type Pull } from "./values.ts";
import { typeError } from "./errors.ts";
import type { Run } from "./run.ts";

export function isIterable(value: unknown): boolean {
  return (
    Array.isArray(value) ||
    value instanceof Iter ||
    value instanceof YaqlSet ||
    value instanceof DictView ||
    value instanceof Ordering
  );
}

export function pullFrom(items: Iterator<unknown>): Pull {
  return () => {
    const next = items.next();
    return next.done === true ? END : next.value;
  };
}

export function pullArray(items: readonly unknown[], run: Run): Pull {
  let at = 0;
  return () => {
    if (at >= items.length) return END;
    run.step();
    return adopt(items[at++]);
  };
}

/** Begins a pass over anything iterable. Strings give their characters and maps their keys, as in Python. */
export function iterate(value: unknown, run: Run): Pull {
  if (Array.isArray(value)) return pullArray(value, run);
  if (value instanceof Memorized) return value.fresh();
  if (value instanceof Iter) return value.pull;
  if (value instanceof YaqlSet || value instanceof DictView) return pullFrom(value.values());
  if (value instanceof Ordering) return pullArray(value.sorted(), run);
  if (typeof value === "string") return pullArray([...value], run);
  if (isDict(value)) return pullFrom(new DictView("keys", value).values());
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** The same as a JavaScript iterator, for loops. */
export function* each(value: unknown, run: Run): Generator {
  const pull = iterate(value, run);
  for (let item = pull(); item !== END; item = pull()) yield item;
}

/** All elements of a pass as an array. */
export function drain(pull: Pull, run: Run): unknown[] {
  const items: unknown[] = [];
  for (let item = pull(); item !== END; item = pull()) {
    run.allocate(8);
    items.push(item);
  }
  return items;
}

/** All elements, without a copy when they are in an array already. */
export function toArray(value: unknown, run: Run): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Ordering) return value.sorted();
  return drain(iterate(value, run), run);
}

/** No more than so many elements. */
export function take(pull: Pull, count: number): Pull {
  let left = count;
  return () => (left > 0 ? (left--, pull()) : END);
}
