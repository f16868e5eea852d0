import { isObject, type JsonObject } from "@squall/model";
import { MASK } from "../../parameters/secrets.ts";

/** Shorter texts occur in too much that is no secret: they are hidden only where they are all of a text. */
const SHORTEST_PART = 4;

/** Replaces known secrets wherever they occur in values, also within longer texts and in names. */
export function hiderOf(secrets: readonly unknown[]): <T>(value: T) => T {
  const whole = new Set<unknown>();
  const parts = new Set<string>();
  const learn = (secret: unknown): void => {
    if (typeof secret === "string" && secret !== "") {
      whole.add(secret);
      if (secret.length >= SHORTEST_PART) {
        parts.add(secret);
        // As it stands within JSON that an action printed, and in an address.
        parts.add(JSON.stringify(secret).slice(1, -1));
        parts.add(encodeURIComponent(secret));
      }
    } else if (typeof secret === "number") whole.add(secret);
    else if (Array.isArray(secret)) for (const one of secret) learn(one);
    else if (isObject(secret)) for (const one of Object.values(secret)) learn(one);
  };
  for (const secret of secrets) learn(secret);
  if (whole.size === 0) return (value) => value;
  // The longest first: one secret may be the beginning of another.
  const ordered = [...parts].sort((a, b) => b.length - a.length);
  const hideText = (text: string): string => {
    if (whole.has(text)) return MASK;
    let hidden = text;
    for (const part of ordered) if (hidden.includes(part)) hidden = hidden.replaceAll(part, MASK);
    return hidden;
  };
  const hide = (value: unknown): unknown => {
    if (typeof value === "string") return hideText(value);
    if (typeof value === "number") return whole.has(value) ? MASK : value;
    if (Array.isArray(value)) return value.map(hide);
    if (!isObject(value)) return value;
    const out: JsonObject = {};
    for (const [name, one] of Object.entries(value)) out[hideText(name)] = hide(one);
    return out;
  };
  // Cast: the shape stays; only texts and numbers within it become texts.
  return (value) => hide(value) as typeof value;
}

/** The values for which a mask stands in `masked`. */
export function secretsOf(value: unknown, masked: unknown): unknown[] {
  if (masked === MASK) return value === MASK ? [] : [value];
  if (typeof value !== "object" || value === null || typeof masked !== "object" || masked === null) return [];
  // Casts: arrays are objects of their indexes too.
  const [own, other] = [value as JsonObject, masked as JsonObject];
  return Object.keys(own).flatMap((name) => secretsOf(own[name], other[name]));
}
