import { compile, createContext, DateTime, PyFloat, Timespan, YaqlError } from "@squall/yaql";

/** The YAQL language alone, its results in the recordings' tagged form. */
export function yaql(given: {
  expr: string;
  hasData: boolean;
  data: unknown;
  vars: Readonly<Record<string, unknown>>;
  options: { delegates?: boolean; limitIterators?: number; keywordOperator?: string };
}): unknown {
  const { delegates = false, limitIterators = -1, keywordOperator } = given.options;
  try {
    const context = createContext(undefined, { delegates });
    for (const [name, value] of Object.entries(given.vars)) context.set(name, value);
    const expression = compile(given.expr, {
      delegates,
      limitIterators,
      ...(keywordOperator === undefined ? {} : { keywordOperator }),
    });
    return tagged(expression.evaluate(given.hasData ? given.data : undefined, context, { convertSetsToLists: true }));
  } catch (error) {
    throw error instanceof YaqlError ? Object.assign(new Error(error.message), { class: error.class }) : error;
  }
}

function tagged(value: unknown): unknown {
  if (value instanceof PyFloat) return value.value;
  if (value instanceof DateTime) return { $type: "datetime", iso: value.iso() };
  if (value instanceof Timespan) return { $type: "timespan", microseconds: Number(value.micros) };
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Set) return [...value].map(tagged);
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [tagged(key), tagged(member)]));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, tagged(member)]));
  }
  return value;
}
