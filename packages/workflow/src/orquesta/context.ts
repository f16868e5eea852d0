import { type Table, tableGet } from "../table.ts";
import { type Overlay, over, then } from "./merge.ts";

/**
 * A context as it is stored: what it adds to another one. Number 0 is the initial context.
 * - `set`: the initial variables
 * - `on` and `set`: what a transition published on top of a context
 * - `on` and `with`: a context that a further branch brought to a join: everything its transitions published, applied again
 */
export type ContextRecord =
  | { readonly set: Overlay }
  | { readonly on: number; readonly set: Overlay }
  | { readonly on: number; readonly with: number };

export type Contexts = Table<ContextRecord | null>;

/** What was published since the initial context, per record: records never change. */
const overlays = new WeakMap<ContextRecord, Overlay>();
const values = new WeakMap<ContextRecord, Overlay>();
const NOTHING: Overlay = {};

const record = (contexts: Contexts, id: number): ContextRecord => {
  const found = tableGet(contexts, id) ?? undefined;
  if (found === undefined) throw new RangeError(`the state has no context ${id}`);
  return found;
};

/** Everything that was published on the way to a context, as one overlay. */
export function overlayOf(contexts: Contexts, id: number): Overlay {
  const known = overlays.get(record(contexts, id));
  if (known !== undefined) return known;
  // Chains are as long as the workflow has run: no recursion.
  const open = [id];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const one = record(contexts, top);
    if (overlays.has(one)) {
      open.pop();
      continue;
    }
    if (!("on" in one)) {
      overlays.set(one, NOTHING);
      continue;
    }
    const below = overlays.get(record(contexts, one.on));
    const beside = "with" in one ? overlays.get(record(contexts, one.with)) : one.set;
    if (below === undefined) open.push(one.on);
    else if (beside === undefined) open.push((one as { with: number }).with);
    else overlays.set(one, then(below, beside));
  }
  return overlays.get(record(contexts, id)) as Overlay;
}

/** How many records a context goes back through, and no more than `most`. */
export function depthOf(contexts: Contexts, id: number, most: number): number {
  let depth = 0;
  for (let one = record(contexts, id); "on" in one && depth < most; one = record(contexts, one.on)) depth++;
  return depth;
}

/** The contexts that these are made of, themselves included. */
export function contextsUnder(contexts: Contexts, ids: Iterable<number>): Set<number> {
  const found = new Set(ids);
  // A set's loop also visits what is added on the way.
  for (const id of found) {
    const one = record(contexts, id);
    if ("on" in one) found.add(one.on);
    if ("with" in one) found.add(one.with);
  }
  return found;
}

/** The variables of a context. */
export function variablesOf(contexts: Contexts, id: number | undefined): Overlay {
  if (id === undefined) return NOTHING;
  const one = record(contexts, id);
  const known = values.get(one);
  if (known !== undefined) return known;
  const initial = record(contexts, 0);
  const value = over("set" in initial ? initial.set : NOTHING, overlayOf(contexts, id));
  values.set(one, value);
  return value;
}
