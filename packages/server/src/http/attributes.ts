import { Invalid, isObject, type JsonObject } from "@squall/model";
import Type from "typebox";

export const ATTRIBUTES = {
  include_attributes: Type.Optional(
    Type.Array(Type.String(), { description: "Only these; dotted paths select inside." }),
  ),
  exclude_attributes: Type.Optional(Type.Array(Type.String(), { description: "All but these." })),
};

/** Which parts of an object to show. */
export interface Selection {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** What a resource lets choose from. */
export interface Selectable {
  readonly known: ReadonlySet<string>;
  /** Absent: everything known may be left out. */
  readonly excludable?: ReadonlySet<string>;
  /** Shown whatever was asked for. */
  readonly always: readonly string[];
}

/** Checks what the caller wants to see against what there is. Throws Invalid in StackStorm's words. */
export function selectionOf(
  query: { include_attributes?: readonly string[]; exclude_attributes?: readonly string[] },
  selectable: Selectable,
): Selection {
  const include = query.include_attributes;
  const exclude = query.exclude_attributes;
  if (include?.length && exclude?.length) {
    throw new Invalid("http.attributes.both", {
      message: "exclude_attributes and include_attributes are mutually exclusive: give one of them, not both.",
    });
  }
  for (const path of include ?? []) {
    if (!selectable.known.has(top(path))) throw unsupported("include", path);
  }
  for (const path of exclude ?? []) {
    if (!(selectable.excludable ?? selectable.known).has(top(path))) throw unsupported("exclude", path);
  }
  if (include?.length) return { include: [...selectable.always, ...include] };
  return exclude?.length ? { exclude } : {};
}

function unsupported(kind: "include" | "exclude", path: string): Invalid {
  return new Invalid("http.attributes.unknown", {
    message: `Invalid or unsupported ${kind} attribute specified: ${path}`,
    at: { field: `${kind}_attributes` },
  });
}

function top(path: string): string {
  return path.split(".", 1)[0] ?? "";
}

/** The names at the top level that the selection shows; undefined: all. */
export function shownNames(selection: Selection): ReadonlySet<string> | undefined {
  return selection.include && new Set(selection.include.map(top));
}

export function select(object: JsonObject, selection: Selection): JsonObject {
  if (selection.include) {
    const out: JsonObject = {};
    for (const path of selection.include) copyPath(object, out, path.split("."));
    return out;
  }
  if (selection.exclude) {
    let out = object;
    for (const path of selection.exclude) out = without(out, path.split("."));
    return out;
  }
  return object;
}

function copyPath(from: JsonObject, to: JsonObject, path: readonly string[]): void {
  const [name, ...rest] = path;
  if (name === undefined || !Object.hasOwn(from, name)) return;
  const value = from[name];
  if (rest.length === 0 || !isObject(value)) {
    if (rest.length === 0) set(to, name, value);
    return;
  }
  const inner = Object.hasOwn(to, name) && isObject(to[name]) ? to[name] : undefined;
  if (inner === value) return; // the whole of it was asked for as well
  const target = inner ?? {};
  copyPath(value, target, rest);
  if (Object.keys(target).length > 0) set(to, name, target);
}

function without(object: JsonObject, path: readonly string[]): JsonObject {
  const [name, ...rest] = path;
  if (name === undefined || !Object.hasOwn(object, name)) return object;
  const value = object[name];
  const { [name]: _, ...others } = object;
  if (rest.length === 0) return others;
  return isObject(value) ? { ...object, [name]: without(value, rest) } : object;
}

/** Defines rather than assigns: a member called `__proto__` must stay a member. */
function set(object: JsonObject, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
