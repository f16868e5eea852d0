import { JinjaRuntimeError, LimitError, typeError } from "./errors.ts";
import { isNumber } from "./numbers.ts";
import { compareText } from "./comparison.ts";
import type { Runtime } from "./runtime.ts";
import { text } from "./text.ts";
import { HostObject, Markup, PyFloat, Undefined, dictEntries, isDict, typeName } from "./values.ts";

export interface JsonStyle {
  /** Spaces per level, or the text of one level; `undefined` writes a single line. */
  readonly indent?: number | string | undefined;
  /** Between items, and between key and value. @default `", "` (`","` with indent) and `": "` */
  readonly separators?: readonly [string, string] | undefined;
  readonly sortKeys?: boolean;
}

/** What Python's `json.dumps` writes, non-ASCII characters escaped. @throws JinjaRuntimeError (TypeError) for what JSON lacks */
export function dumpJson(rt: Runtime, value: unknown, style: JsonStyle = {}): string {
  const unit = typeof style.indent === "number" ? " ".repeat(Math.max(0, style.indent)) : style.indent;
  const [between, colon] = style.separators ?? [unit === undefined ? ", " : ",", ": "];
  const pieces: string[] = [];
  let length = 0;
  const put = (piece: string): void => {
    length += piece.length;
    rt.allowText(length);
    pieces.push(piece);
  };
  const newline = (depth: number): void => {
    if (unit !== undefined) put(`\n${unit.repeat(depth)}`);
  };
  write(value, 0);
  rt.spend(pieces.length >> 2);
  return pieces.length === 1 ? (pieces[0] as string) : pieces.join("");

  function write(item: unknown, depth: number): void {
    switch (typeof item) {
      case "string":
        return put(quoteJson(item));
      case "boolean":
        return put(item ? "true" : "false");
      case "number":
        return put(
          Number.isFinite(item) ? text(rt, item) : Number.isNaN(item) ? "NaN" : item > 0 ? "Infinity" : "-Infinity",
        );
      case "bigint":
        return put(text(rt, item));
      default:
    }
    if (item === null || item === undefined) return put("null");
    rt.spend(1);
    if (depth > 200) throw new LimitError("a value that is written as JSON is nested more than 200 levels deep");
    if (item instanceof PyFloat) return put(text(rt, item));
    if (item instanceof Markup) return put(quoteJson(item.text));
    if (item instanceof Undefined) throw typeError("Object of type Undefined is not JSON serializable");
    if (item instanceof HostObject) {
      const stands = item.value();
      if (stands !== undefined) return write(stands, depth);
    }
    if (Array.isArray(item)) {
      if (item.length === 0) return put("[]");
      put("[");
      item.forEach((member, i) => {
        if (i > 0) put(between);
        newline(depth + 1);
        write(member, depth + 1);
      });
      newline(depth);
      return put("]");
    }
    if (isDict(item)) {
      const entries = dictEntries(item).map(([key, member]) => [jsonKey(key), member] as const);
      if (entries.length === 0) return put("{}");
      if (style.sortKeys === true) entries.sort(([a], [b]) => compareText(a, b));
      put("{");
      entries.forEach(([key, member], i) => {
        if (i > 0) put(between);
        newline(depth + 1);
        put(quoteJson(key) + colon);
        write(member, depth + 1);
      });
      newline(depth);
      return put("}");
    }
    throw typeError(`Object of type ${typeName(item)} is not JSON serializable`);
  }

  function jsonKey(key: unknown): string {
    if (typeof key === "string") return key;
    if (key === null) return "null";
    if (typeof key === "boolean") return String(key);
    if (isNumber(key)) return text(rt, key);
    if (key instanceof Markup) return key.text;
    throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
  }
}

export function quoteJson(value: string): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) =>
    unit === "\u007f" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Parses JSON as Python's `json.loads` does, keeping `1` and `1.0` apart (see values.ts). `NaN` and `Infinity` are refused.
 * @throws JinjaRuntimeError (JSONDecodeError, a kind of ValueError)
 */
export function parseJson(source: string): unknown {
  try {
    // Most texts hold no float with an integral value and no integer beyond 2^53; then the parser's own numbers are right.
    if (!/\d\.0|\d[eE]|\d{16}/.test(source)) return JSON.parse(source) as unknown;
    // The third argument (the source text) is ES2025; TypeScript's library does not declare it yet.
    const revive = ((_: string, value: unknown, context: { source?: string }) =>
      typeof value === "number" ? parseNumber(value, context.source) : value) as (
      key: string,
      value: unknown,
    ) => unknown;
    return JSON.parse(source, revive) as unknown;
  } catch (error) {
    throw new JinjaRuntimeError(`invalid JSON: ${(error as Error).message}`, "JSONDecodeError");
  }
}

function parseNumber(value: number, source: string | undefined): unknown {
  if (!Number.isInteger(value)) return value;
  if (source === undefined || /[.eE]/.test(source)) return new PyFloat(value);
  return Number.isSafeInteger(value) ? value : BigInt(source);
}
