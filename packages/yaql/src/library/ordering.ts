import type { Context } from "../context.ts";
import { isTruthy } from "../equality.ts";
import { toArray } from "../iteration.ts";
import { Ordering } from "../values.ts";
import type { Lambda } from "../lambda.ts";
import { operate } from "./operate.ts";

interface Field {
  readonly key: Lambda;
  readonly ascending: boolean;
}

/** The elements by the first key, then the second where the first are equal, and so on. Nothing happens before it is used. */
export function orderBy(context: Context, collection: unknown, fields: readonly Field[]): Ordering {
  let sorted: readonly unknown[] | undefined;
  return new Ordering(
    () => (sorted ??= sort(context, toArray(collection, context.run), fields)),
    (key, ascending) => orderBy(context, collection, [...fields, { key: key as Lambda, ascending }]),
  );
}

function sort(context: Context, items: readonly unknown[], fields: readonly Field[]): unknown[] {
  context.run.allocateItems(2 * items.length);
  // A key is computed when it is first compared: a single element needs none.
  const rows = items.map((item) => ({ item, keys: [] as unknown[] }));
  const keyOf = (row: { item: unknown; keys: unknown[] }, i: number, key: Lambda) => {
    if (row.keys.length <= i) row.keys.push(key.call1(row.item));
    return row.keys[i];
  };
  rows.sort((left, right) => {
    for (const [i, { key, ascending }] of fields.entries()) {
      const a = keyOf(left, i, key);
      const b = keyOf(right, i, key);
      if (isTruthy(operate(context, "<", a, b))) return ascending ? -1 : 1;
      if (isTruthy(operate(context, ">", a, b))) return ascending ? 1 : -1;
    }
    return 0;
  });
  return rows.map(({ item }) => item);
}
