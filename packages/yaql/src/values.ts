/**
 * How YAQL's values look here.
 *
 * | in YAQL            | here                                                                       |
 * |--------------------|----------------------------------------------------------------------------|
 * | null, boolean      | null, boolean                                                              |
 * | integer            | a number without fraction; a bigint beyond 2^53                            |
 * | float              | a number with a fraction (or NaN, infinity); `PyFloat` when it is integral |
 * | string             | string                                                                     |
 * | list               | Array; `MutableList` where Python's has a list and not a tuple             |
 * | map                | `Dict`; objects and Maps that came from outside stay what they are         |
 * | set                | `YaqlSet`, and the views of a map's keys and items                         |
 * | iterator           | `Iter`, good for one pass; `Memorized`, good for many                      |
 * | date, timespan     | `DateTime`, `Timespan`                                                     |
 * | regex              | `Regex`                                                                    |
 *
 * None is ever changed once made, so data is used as it comes, without a copy.
 */
import { DateTime } from "./time/date-time.ts";

/** A float whose value is integral, so that `4.0 / 2` prints as `2.0`. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  toJSON(): number {
    return this.value;
  }
}

export const float = (value: number): number | PyFloat => (Number.isInteger(value) ? new PyFloat(value) : value);

/** The smallest representation of an integer: a number where that is exact. */
export function int(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** What Python calls a list: it differs from the usual, immutable one in equality, as a key, and in print. */
export class MutableList extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

export function mutableList(items: Iterable<unknown>): MutableList {
  const list = new MutableList();
  for (const item of items) list.push(item);
  return list;
}

/** What a pull returns when there is no more. */
export const END = Symbol("end");

/** Returns the next element, or END, again and again. */
export type Pull = () => unknown;

/** A one-shot iterator: what is taken from it is gone. */
export class Iter {
  pull: Pull;
  readonly what: string;
  constructor(pull: Pull, what = "generator") {
    this.pull = pull;
    this.what = what;
  }
}

/** An iterator that keeps what it has seen, so that every pass sees everything. */
export class Memorized extends Iter {
  readonly #seen: unknown[] = [];
  readonly #source: Pull;
  constructor(source: Pull) {
    super(() => END, "RememberingIterator");
    this.#source = source;
    this.pull = this.fresh();
  }
  fresh(): Pull {
    let at = 0;
    return () => {
      if (at === this.#seen.length) {
        const next = this.#source();
        if (next === END) return END;
        this.#seen.push(next);
      }
      return this.#seen[at++];
    };
  }
}

/** What `orderBy` gives: sorted when it is first looked at, and as often as wanted. */
export class Ordering {
  readonly sorted: () => readonly unknown[];
  readonly then: (key: unknown, ascending: boolean) => Ordering;
  constructor(sorted: () => readonly unknown[], then: (key: unknown, ascending: boolean) => Ordering) {
    this.sorted = sorted;
    this.then = then;
  }
}

/** A value of the host as YAQL sees it: nothing is null, Dates and Sets become what they mean here. */
export function adopt(value: unknown): unknown {
  if (typeof value !== "object") return value === undefined ? null : value;
  if (value instanceof Date) return DateTime.fromMillis(value.getTime());
  return value;
}
