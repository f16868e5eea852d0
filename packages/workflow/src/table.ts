/**
 * A list as plain JSON whose versions share what they have in common: it is cut into pages, and a change copies one page
 * and the list of pages. `Owned` remembers what was copied in the step under way, so that nothing is copied twice.
 */
export type Table<T> = readonly (readonly T[])[];
export type Owned = Set<object>;

const PAGE = 32;

export const emptyTable: Table<never> = [];

export function tableGet<T>(table: Table<T>, index: number): T | undefined {
  return table[Math.floor(index / PAGE)]?.[index % PAGE];
}

export function tableLength(table: Table<unknown>): number {
  const last = table.at(-1);
  return last === undefined ? 0 : (table.length - 1) * PAGE + last.length;
}

/** The table with `value` at `index`; places between its end and `index` become null. */
export function tableSet<T>(owned: Owned, table: Table<T>, index: number, value: T): Table<T> {
  const pages = own(owned, table) as (readonly T[])[];
  const number = Math.floor(index / PAGE);
  while (pages.length < number) {
    const last = pages.at(-1);
    if (last !== undefined && last.length < PAGE) pages[pages.length - 1] = filled(last);
    pages.push(filled<T>([]));
  }
  const before = pages[number - 1];
  if (before !== undefined && before.length < PAGE) pages[number - 1] = filled(before);
  const page = own(owned, pages[number] ?? []) as T[];
  // The cast: readers of sparse tables have null in their type.
  while (page.length < index % PAGE) page.push(null as T);
  page[index % PAGE] = value;
  pages[number] = page;
  return pages;
}

export function tablePush<T>(owned: Owned, table: Table<T>, value: T): Table<T> {
  return tableSet(owned, table, tableLength(table), value);
}

export function* tableValues<T>(table: Table<T>): Generator<T> {
  for (const page of table) yield* page;
}

export function tableOf<T>(length: number, value: T): Table<T> {
  return Array.from({ length: Math.ceil(length / PAGE) }, (_, page) =>
    new Array<T>(Math.min(PAGE, length - page * PAGE)).fill(value),
  );
}

/** The cast: as in `tableSet`. */
const filled = <T>(page: readonly T[]): T[] =>
  Array.from({ length: PAGE }, (_, i) => (i < page.length ? (page[i] as T) : (null as T)));

function own<T extends object>(owned: Owned, value: readonly T[] | readonly unknown[]): unknown[] {
  if (owned.has(value)) return value as unknown[];
  const copy = value.slice();
  owned.add(copy);
  return copy;
}
