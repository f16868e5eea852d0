/**
 * A list as plain JSON whose versions share what they have in common: it is cut into pages, and a change copies one page
 * and the list of pages. `Owned` remembers what was copied in the step under way, so that nothing is copied twice.
 */
export type Table<T> = readonly (readonly T[])[];
export type Owned = Set<object>;

const PAGE = 64;

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
  const before = pages.length === number ? pages.at(-1) : undefined;
  if (before !== undefined && before.length > 0 && before.length < PAGE) pages[number - 1] = filled(before);
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

/** The table without what is at these places: null is there then, and a page without anything else is empty. */
export function tableClear<T>(owned: Owned, table: Table<T | null>, gone: Iterable<number>): Table<T | null> {
  const pages = own(owned, table) as (readonly (T | null)[])[];
  const touched = new Set<number>();
  const last = pages.length - 1;
  for (const index of gone) {
    const number = Math.floor(index / PAGE);
    const page = own(owned, pages[number] ?? []) as (T | null)[];
    if (index % PAGE < page.length) page[index % PAGE] = null;
    pages[number] = page;
    touched.add(number);
  }
  // The last page says how long the table is.
  for (const number of touched)
    if (number < last && pages[number]?.every((one) => one === null) === true) pages[number] = [];
  return pages;
}

/** What is in a table, without the places that are empty. */
export function* tableValues<T>(table: Table<T | null>): Generator<T> {
  for (const page of table) for (const one of page) if (one !== null) yield one;
}

/** Every place that is not empty, with its index. */
export function* tableEntries<T>(table: Table<T | null>): Generator<[index: number, value: T]> {
  for (const [number, page] of table.entries()) {
    for (const [i, one] of page.entries()) if (one !== null) yield [number * PAGE + i, one];
  }
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
