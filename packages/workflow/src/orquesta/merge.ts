import { isObject } from "@squall/model";

/**
 * Deep merges as Orquesta makes them, composed: of two maps the members are merged, anything else is replaced. An
 * overlay says what merging a row of maps, one after the other, does to any map: a plain map in it merges, a `Replace`
 * puts a map in the place of what was there, everything else is put there as it is.
 */
export type Overlay = Readonly<Record<string, unknown>>;

/** What is left when a text was put over a map, and a map over that. */
class Replace {
  readonly by: Overlay;
  constructor(by: Overlay) {
    this.by = by;
  }
}

/** Maps that `then` made: only they can hold a `Replace`. */
const composed = new WeakSet<object>();

const isMap = (value: unknown): value is Overlay => isObject(value) && !(value instanceof Replace);

/** The overlay that does what `first` does, then what `second` does. */
export function then(first: Overlay, second: Overlay): Overlay {
  const out: Record<string, unknown> = { ...first };
  for (const key of Object.keys(second)) {
    put(out, key, Object.hasOwn(first, key) ? thenOne(first[key], second[key]) : second[key]);
  }
  composed.add(out);
  return out;
}

function thenOne(first: unknown, second: unknown): unknown {
  if (!isMap(second)) return second;
  if (first instanceof Replace) return new Replace(over(first.by, second));
  if (isMap(first)) return first === second ? first : then(first, second);
  return new Replace(over({}, second));
}

/** The map that an overlay makes of a map. Shares what neither changes. */
export function over(base: Overlay, overlay: Overlay): Overlay {
  const keys = Object.keys(overlay);
  if (keys.length === 0) return base;
  const out: Record<string, unknown> = { ...base };
  for (const key of keys) {
    const value = overlay[key];
    put(
      out,
      key,
      value instanceof Replace
        ? value.by
        : !isMap(value)
          ? value
          : Object.hasOwn(base, key) && isMap(base[key])
            ? over(base[key], value)
            : plain(value),
    );
  }
  return out;
}

/** Whether an overlay is a plain map of what it merges, so that it can be stored as one. */
export function isStorable(overlay: Overlay): boolean {
  return Object.values(overlay).every(
    (value) => !(value instanceof Replace) && (!isMap(value) || !composed.has(value) || isStorable(value)),
  );
}

const plain = (overlay: Overlay): Overlay => (composed.has(overlay) ? over({}, overlay) : overlay);

/** Sets a member, also one called `__proto__`. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}
