import { Invalid, isObject } from "@squall/model";

/**
 * Python's notions of equality, order and membership over JSON values, since rules are written with them in mind.
 * JSON's null is None, true and 1 are equal as in Python, text never equals a number.
 */

export function pythonEquals(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left === "boolean" && typeof right === "number") return Number(left) === right;
  if (typeof left === "number" && typeof right === "boolean") return left === Number(right);
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) && left.length === right.length && left.every((item, at) => pythonEquals(item, right[at]))
    );
  }
  if (isObject(left) && isObject(right)) {
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && pythonEquals(left[key], right[key]))
    );
  }
  return false;
}

/** Negative, zero or positive as `left` is less than, equal to or greater than `right`. Throws where Python's `<` does. */
export function pythonCompare(left: unknown, right: unknown): number {
  if (isNumeric(left) && isNumeric(right)) return Number(left) - Number(right);
  if (typeof left === "string" && typeof right === "string") return compareCodePoints(left, right);
  if (Array.isArray(left) && Array.isArray(right)) {
    for (let at = 0; at < left.length && at < right.length; at++) {
      if (!pythonEquals(left[at], right[at])) return pythonCompare(left[at], right[at]);
    }
    return left.length - right.length;
  }
  throw new Invalid("rule.not-comparable", {
    message: `'<' is not supported between ${pythonType(left)} and ${pythonType(right)}`,
  });
}

/** `item in container`. Throws where Python does: a container that is none, a number sought in a text. */
export function pythonIn(item: unknown, container: unknown): boolean {
  if (Array.isArray(container)) return container.some((member) => pythonEquals(member, item));
  if (typeof container === "string") {
    if (typeof item === "string") return container.includes(item);
    throw new Invalid("rule.not-contained", {
      message: `only text can be sought in text, not ${pythonType(item)}`,
    });
  }
  if (isObject(container)) {
    if (typeof item === "object" && item !== null) {
      throw new Invalid("rule.not-contained", { message: `${pythonType(item)} cannot be a key of an object` });
    }
    return typeof item === "string" && Object.hasOwn(container, item);
  }
  throw new Invalid("rule.not-contained", {
    message: `nothing can be sought in ${pythonType(container)}`,
  });
}

/** What people call a value's type in messages. */
export function pythonType(value: unknown): string {
  if (value === null || value === undefined) return "a missing or null value";
  if (Array.isArray(value)) return "a list";
  return { string: "text", number: "a number", boolean: "a boolean" }[typeof value as string] ?? "an object";
}

function isNumeric(value: unknown): value is number | boolean {
  return typeof value === "number" || typeof value === "boolean";
}

/** Python orders text by code point; JavaScript by UTF-16 unit, which differs beyond U+FFFF. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    const surrogateA = a >= 0xd800 && a <= 0xdfff;
    const surrogateB = b >= 0xd800 && b <= 0xdfff;
    return surrogateA === surrogateB ? a - b : surrogateA ? 1 : -1;
  }
  return left.length - right.length;
}
