import { UsageError } from "./failure.ts";

/** For an option that may be given several times. */
export function gatherHeaders(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function readHeader(text: string): [string, string] {
  const colon = text.indexOf(":");
  if (colon < 1) throw new UsageError(`'${text}' is no header`, "give it as 'Name: value'");
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}
