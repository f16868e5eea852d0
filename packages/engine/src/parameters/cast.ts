import { NONE_MARKER } from "@squall/expressions";
import { Invalid, type JsonObject, type Parameters, type ParameterSchema } from "@squall/model";
import { MASK } from "./secrets.ts";

/**
 * Turns values into the types their schemas name, as StackStorm does before it validates: text from a command line or a
 * template becomes numbers, booleans, lists and objects. Text that cannot be is left as it is for validation to name,
 * but for `string` parameters, which refuse other types here.
 */
export function castParameters(values: JsonObject, schemas: Parameters): JsonObject {
  // Not by assignment: a parameter called `__proto__` has to stay one, for validation to refuse.
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, cast(name, value, schemaOf(schemas, name))]),
  );
}

function schemaOf(schemas: Parameters, name: string): ParameterSchema | undefined {
  return Object.hasOwn(schemas, name) ? schemas[name] : undefined;
}

function cast(name: string, value: unknown, schema: ParameterSchema | undefined): unknown {
  const type = schema?.type;
  if (value === NONE_MARKER) return null;
  if (value === null || value === undefined || type === undefined) return value;
  switch (type) {
    case "string":
      if (typeof value === "string") return value;
      throw new Invalid("parameters.not-text", {
        message: `Value "${schema?.secret ? MASK : preview(value)}" must either be a string or None. Got "${pythonType(value)}". (parameter '${name}')`,
        at: { field: name },
      });
    case "integer":
      if (typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
      if (typeof value === "number" && !Number.isInteger(value)) return value;
      return value;
    case "number":
      if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
      return value;
    case "boolean":
      if (typeof value !== "string") return value;
      // StackStorm capitalises and reads a Python literal, so any case of true and false, and nothing else
      if (/^true$/i.test(value)) return true;
      if (/^false$/i.test(value)) return false;
      return value;
    case "array":
    case "object":
      return typeof value === "string" ? parseLiteral(value) : value;
    default:
      return value;
  }
}

/** JSON, else a Python literal of the same (single quotes, True, False, None), else the text. */
function parseLiteral(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // `None` is one: a template that found nothing leaves it where an object or a list may be null.
    const value = readPythonLiteral(text);
    return value === undefined ? text : value;
  }
}

/** Reads lists, tuples, maps, strings, numbers, True, False and None as Python writes them. Undefined if it is none. */
export function readPythonLiteral(text: string): unknown {
  const token =
    /\s*(?:([[\](){},:])|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(True|False|None))/y;
  const tokens: { mark?: string; value?: unknown }[] = [];
  let position = 0;
  const source = text.trim();
  while (position < source.length) {
    token.lastIndex = position;
    const match = token.exec(source);
    if (!match) return undefined;
    position = token.lastIndex;
    const [, mark, single, double, number, word] = match;
    if (mark !== undefined) tokens.push({ mark });
    else if (single !== undefined || double !== undefined)
      tokens.push({ value: unescape((single ?? double) as string) });
    else if (number !== undefined) tokens.push({ value: Number(number) });
    else tokens.push({ value: word === "None" ? null : word === "True" });
  }
  let next = 0;
  const fail = new Error("not a literal");
  const read = (depth: number): unknown => {
    const one = tokens[next++];
    if (!one || depth > 100) throw fail;
    if (one.mark === undefined) return one.value;
    if (one.mark === "[" || one.mark === "(") {
      const close = one.mark === "[" ? "]" : ")";
      const items: unknown[] = [];
      while (tokens[next]?.mark !== close) {
        items.push(read(depth + 1));
        if (tokens[next]?.mark === ",") next++;
        else if (tokens[next]?.mark !== close) throw fail;
      }
      next++;
      return items;
    }
    if (one.mark === "{") {
      const map: [string, unknown][] = [];
      while (tokens[next]?.mark !== "}") {
        const key = read(depth + 1);
        if (tokens[next++]?.mark !== ":" || typeof key === "object") throw fail;
        map.push([String(key), read(depth + 1)]);
        if (tokens[next]?.mark === ",") next++;
        else if (tokens[next]?.mark !== "}") throw fail;
      }
      next++;
      return Object.fromEntries(map);
    }
    throw fail;
  };
  try {
    const value = read(0);
    return next === tokens.length ? value : undefined;
  } catch (thrown) {
    if (thrown === fail) return undefined;
    throw thrown;
  }
}

function unescape(text: string): string {
  const simple: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' };
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))/gs, (whole, u?: string, x?: string, c?: string) =>
    u || x ? String.fromCharCode(Number.parseInt((u ?? x) as string, 16)) : (simple[c as string] ?? whole),
  );
}

function preview(value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

function pythonType(value: unknown): string {
  if (Array.isArray(value)) return "list";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return typeof value === "object" ? "dict" : typeof value;
}
