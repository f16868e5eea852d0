import { Invalid } from "@squall/model";
import { textCache } from "./cache.ts";

/** All values a query selects, in document order; none gives an empty list. */
export type JsonPath = (value: unknown) => unknown[];

type Step =
  | { readonly kind: "root" }
  | { readonly kind: "field"; readonly names: readonly string[] }
  | { readonly kind: "all" }
  | {
      readonly kind: "slice";
      readonly start: number | undefined;
      readonly end: number | undefined;
      readonly step: number | undefined;
      readonly single: boolean;
    }
  | { readonly kind: "descend"; readonly then: Step };

/** Values one query may touch. */
const MAX_VISITED = 1_000_000;
const MAX_DEPTH = 500;
const IDENTIFIER = /[\p{L}_@-][\p{L}\p{N}_@-]*/uy;

/**
 * Compiles a JSONPath in the dialect of Python's jsonpath-rw: fields from the root without `$`, `$`, `a.b`, `a['b c']`,
 * `a."b c"`, `a[0]`, `a[*]`, `a.*`, `a[1:3]`, `a..b`, `a[b, c]`. Filters and functions do not exist in it. Compiled queries
 * are remembered.
 * @throws Invalid `expression.jsonpath` naming the column of the first character that does not fit
 */
export function jsonpath(query: string): JsonPath {
  const compiled = queries.get(query);
  if (compiled instanceof Invalid) throw compiled;
  return compiled;
}

const queries = textCache<JsonPath | Invalid>(5_000, 1_000_000, (query) => {
  try {
    return compile(parse(query), query);
  } catch (error) {
    if (error instanceof Invalid) return error;
    throw error;
  }
});

function invalid(query: string, at: number, what: string): Invalid {
  const shown = query.length > 200 ? `${query.slice(0, 200)}...` : query;
  return new Invalid("expression.jsonpath", {
    message: `'${shown}' is not a JSONPath: ${what} at column ${at + 1}`,
    at: { column: at + 1 },
  });
}

function parse(query: string): Step[] {
  const steps: Step[] = [];
  let at = 0;
  const space = (): void => {
    while (/\s/.test(query[at] ?? "")) at++;
  };
  const fail = (what: string): never => {
    throw invalid(query, at, what);
  };
  const quoted = (): string => {
    const mark = query[at] as string;
    let text = "";
    for (at++; at < query.length; at++) {
      const char = query[at] as string;
      if (char === mark) {
        at++;
        return text;
      }
      if (char === "\\" && at + 1 < query.length) text += query[++at];
      else text += char;
    }
    return fail(`the quote ${mark} is not closed`);
  };
  const identifier = (): string | undefined => {
    IDENTIFIER.lastIndex = at;
    const found = IDENTIFIER.exec(query);
    if (found === null) return undefined;
    at += found[0].length;
    return found[0];
  };
  const name = (): string | undefined => (query[at] === '"' || query[at] === "'" ? quoted() : identifier());
  const integer = (): number | undefined => {
    const found = /^-?\d{1,15}/.exec(query.slice(at, at + 17));
    if (found === null) return undefined;
    at += found[0].length;
    return Number(found[0]);
  };

  /** A name, several separated by commas, `*` or `$`. */
  const fieldStep = (): Step => {
    space();
    if (query[at] === "*") {
      at++;
      return { kind: "all" };
    }
    if (query[at] === "$") {
      at++;
      return { kind: "root" };
    }
    const names: string[] = [];
    do {
      space();
      const one = name();
      if (one === undefined)
        fail(at >= query.length ? "the path ends where a name is expected" : `unexpected character '${query[at]}'`);
      else names.push(one);
      space();
    } while (query[at] === "," && at++ >= 0);
    return { kind: "field", names };
  };
  const bracketStep = (): Step => {
    at++;
    space();
    let step: Step;
    const start = integer();
    if (start !== undefined || query[at] === ":") {
      const bounds: (number | undefined)[] = [start];
      space();
      while (query[at] === ":" && bounds.length < 3) {
        at++;
        space();
        bounds.push(integer());
        space();
      }
      step = { kind: "slice", start, end: bounds[1], step: bounds[2], single: bounds.length === 1 };
    } else if (query[at] === "*") {
      at++;
      step = { kind: "slice", start: undefined, end: undefined, step: undefined, single: false };
    } else step = fieldStep();
    space();
    if (query[at] !== "]") fail("a ']' is missing");
    at++;
    return step;
  };

  space();
  if (query[at] === undefined) fail("it is empty");
  // What `a..b` descends with may be a field or an index.
  const next = (): Step => (query[at] === "[" ? bracketStep() : fieldStep());
  steps.push(next());
  for (;;) {
    space();
    const char = query[at];
    if (char === undefined) return steps;
    if (query.startsWith("..", at)) {
      at += 2;
      space();
      steps.push({ kind: "descend", then: next() });
    } else if (char === ".") {
      at++;
      space();
      steps.push(next());
    } else if (char === "[") steps.push(bracketStep());
    else fail(`unexpected character '${char}'`);
  }
}

function compile(steps: readonly Step[], query: string): JsonPath {
  return (value) => {
    let budget = MAX_VISITED;
    const visit = (): void => {
      if (--budget < 0) {
        throw new Invalid("expression.jsonpath", {
          message: `the JSONPath '${query.slice(0, 200)}' selects more than ${MAX_VISITED} values; make it more specific`,
        });
      }
    };
    let found: unknown[] = [value];
    for (const step of steps) {
      const selected: unknown[] = [];
      for (const item of found) select(step, item, value, selected, visit);
      if (selected.length === 0) return selected;
      found = selected;
    }
    return found;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function select(step: Step, value: unknown, root: unknown, into: unknown[], visit: () => void, depth = 0): void {
  visit();
  switch (step.kind) {
    case "root":
      into.push(root);
      return;
    case "field":
      if (isObject(value)) for (const name of step.names) if (Object.hasOwn(value, name)) into.push(value[name]);
      return;
    case "all":
      if (isObject(value)) {
        for (const item of Object.values(value)) {
          visit();
          into.push(item);
        }
      }
      return;
    case "slice":
      selectSlice(step, value, into, visit);
      return;
    case "descend": {
      if (depth > MAX_DEPTH) {
        throw new Invalid("expression.jsonpath", { message: `the value is nested more than ${MAX_DEPTH} levels deep` });
      }
      select(step.then, value, root, into, visit, depth);
      const inner = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
      for (const item of inner) {
        if (typeof item === "object" && item !== null) select(step, item, root, into, visit, depth + 1);
      }
      return;
    }
    default:
      step satisfies never;
  }
}

function selectSlice(step: Extract<Step, { kind: "slice" }>, value: unknown, into: unknown[], visit: () => void): void {
  if (step.single) {
    const at = step.start as number;
    if (Array.isArray(value) && at < value.length && at >= -value.length) into.push(value.at(at));
    return;
  }
  // A value that is no list counts as a list of itself, as in jsonpath-rw.
  const items: readonly unknown[] = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const by = step.step ?? 1;
  if (by === 0) return;
  const clamp = (bound: number | undefined, otherwise: number): number => {
    if (bound === undefined) return otherwise;
    const from = bound < 0 ? bound + items.length : bound;
    return by > 0 ? Math.min(Math.max(from, 0), items.length) : Math.min(Math.max(from, -1), items.length - 1);
  };
  const end = clamp(step.end, by > 0 ? items.length : -1);
  for (let i = clamp(step.start, by > 0 ? 0 : items.length - 1); by > 0 ? i < end : i > end; i += by) {
    visit();
    into.push(items[i]);
  }
}
