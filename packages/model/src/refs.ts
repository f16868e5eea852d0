import { createHash } from "node:crypto";
import { canonicalJson } from "./json.ts";

export interface Ref {
  readonly pack: string;
  readonly name: string;
}

/** Splits `pack.name` at the first dot, since names may hold dots (`core.st2.IntervalTimer`). No dot: undefined. */
export function parseRef(ref: string): Ref | undefined {
  const dot = ref.indexOf(".");
  if (dot <= 0 || dot === ref.length - 1) return undefined;
  return { pack: ref.slice(0, dot), name: ref.slice(dot + 1) };
}

export function formatRef(pack: string, name: string): string {
  return `${pack}.${name}`;
}

/** StackStorm's uid of a trigger holds the MD5 of its parameters; MD5 names things here and guards nothing. */
export function triggerUid(pack: string, name: string, parameters: unknown): string {
  return `trigger:${pack}:${name}:${createHash("md5").update(canonicalJson(parameters)).digest("hex")}`;
}

/** Content digest of a JSON value: equal values, equal digests. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
