import { ABENDED, ACTIVE, COMPLETED, type Status } from "../status.ts";
import { type Owned, tableGet, tableSet } from "../table.ts";
import type { Items } from "./state.ts";
import type { Others } from "./task-machine.ts";

const among = (counts: Items["counts"], statuses: ReadonlySet<string>): number => {
  let sum = 0;
  for (const status of statuses) sum += counts[status as Status] ?? 0;
  return sum;
};

export const itemsActive = (items: Items): boolean => among(items.counts, ACTIVE) > 0;
export const itemsLeft = (items: Items): boolean => among(items.counts, COMPLETED) < items.count;

/** What all items but one are doing. */
export function othersOf(items: Items, item: number): Others {
  const counts = { ...items.counts };
  const own = tableGet(items.statuses, item) ?? null;
  if (own !== null) counts[own] = (counts[own] ?? 0) - 1;
  if (among(counts, ACTIVE) > 0) return "active";
  if ((counts.paused ?? 0) + (counts.pending ?? 0) > 0) return "paused";
  if ((counts.canceled ?? 0) > 0) return "canceled";
  if (among(counts, ABENDED) > 0) return "abended";
  return among(counts, COMPLETED) < items.count - 1 ? "incomplete" : "completed";
}

export function setItem(owned: Owned, items: Items, item: number, status: Status | null, result: unknown): Items {
  const before = tableGet(items.statuses, item) ?? null;
  const counts = { ...items.counts };
  if (before !== null) counts[before] = (counts[before] ?? 0) - 1;
  if (status !== null) counts[status] = (counts[status] ?? 0) + 1;
  const statuses = tableSet(owned, items.statuses, item, status);
  let { from } = items;
  if (status === null) from = Math.min(from, item);
  else while (from < items.count && (tableGet(statuses, from) ?? null) !== null) from++;
  return {
    ...items,
    counts,
    statuses,
    from,
    results: result === undefined ? items.results : tableSet(owned, items.results, item, result),
  };
}

export const resultsOf = (items: Items): unknown[] => items.results.flat();
