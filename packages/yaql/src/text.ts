/** How values print: Python's `str` and `repr`. */
import { Regex } from "./regex/regex.ts";
import type { Run } from "./run.ts";
import { DateTime, Timespan } from "./time/date-time.ts";
import { dictEntries, DictView, isDict, YaqlSet } from "./containers.ts";
import { quote } from "./quote.ts";
import { typeName } from "./type-name.ts";
import { Iter, MutableList, Ordering, PyFloat } from "./values.ts";

/** What counts the cost of printing; without it, as for messages, only so much is printed. */
type Meter = Pick<Run, "step"> | undefined;

/** A float as Python prints it: the shortest digits that read back the same, `1e+16` and `1e-05` with exponents. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0.0";
  const [digits = "", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  const plain = exponent < -6 || exponent > 20 ? value.toFixed(Math.max(0, -exponent + 17)) : String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** Levels of nesting that are printed. */
const MAX_DEPTH = 200;
/** Characters that a message shows of a value. */
const MAX_MESSAGE = 2_000;

/** Python's `str`: texts as they are, everything else as inside a list. */
export function str(value: unknown, meter?: Meter): string {
  if (typeof value === "string") return value;
  if (value instanceof DateTime || value instanceof Timespan) return value.toString();
  return repr(value, meter);
}

export function repr(value: unknown, meter?: Meter, depth = 0): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "boolean":
      return value ? "True" : "False";
    case "number":
      return Number.isInteger(value) ? String(value + 0) : floatText(value);
    case "bigint":
      return String(value);
    case "object":
      break;
    default:
      return value === undefined ? "None" : `<${typeof value}>`;
  }
  if (value === null) return "None";
  if (value instanceof PyFloat) return floatText(value.value);
  if (depth > MAX_DEPTH) return "...";
  const inner = (item: unknown) => repr(item, meter, depth + 1);
  if (Array.isArray(value)) {
    const items = printed(value, inner, meter);
    if (value instanceof MutableList) return `[${items.join(", ")}]`;
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
  }
  if (value instanceof YaqlSet) {
    return value.size === 0 ? "frozenset()" : `frozenset({${printed(value.values(), inner, meter).join(", ")}})`;
  }
  if (isDict(value)) {
    const entries = printed(dictEntries(value), ([key, item]) => `${inner(key)}: ${inner(item)}`, meter);
    return `{${entries.join(", ")}}`;
  }
  if (value instanceof DictView) {
    const name = value.className;
    if (name.endsWith("View")) return `${name}(${inner(value.of)})`;
    return `${name}([${printed(value.values(), inner, meter).join(", ")}])`;
  }
  if (value instanceof DateTime) return value.repr();
  if (value instanceof Timespan) return value.repr();
  if (value instanceof Regex) return value.repr();
  if (value instanceof Iter) return `<${value.what} object>`;
  if (value instanceof Ordering) return "<OrderingIterable object>";
  return `<${typeName(value)} object>`;
}

function printed<T>(items: Iterable<T>, print: (item: T) => string, meter: Meter): string[] {
  const out: string[] = [];
  let length = 0;
  for (const item of items) {
    meter?.step();
    const text = print(item);
    out.push(text);
    length += text.length;
    if (meter === undefined && length > MAX_MESSAGE) return [...out, "..."];
  }
  return out;
}
