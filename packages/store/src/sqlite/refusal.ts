import type { Committed } from "../changes.ts";

/** Why a change could not be. */
export interface Refusal {
  readonly reason: Extract<Committed, { ok: false }>["reason"];
  readonly message: string;
}

export function exists(message: string): Refusal {
  return { reason: "exists", message };
}

export function missing(message: string): Refusal {
  return { reason: "missing", message };
}

export function stale(message: string): Refusal {
  return { reason: "stale", message };
}

/**
 * Checks what the caller expects to replace: `expect` absent is anything, 0 nothing, else that version.
 * `what` names the thing for people.
 */
export function checkVersion(what: string, found: number | undefined, expect: number | undefined): Refusal | undefined {
  if (expect === undefined || expect === (found ?? 0)) return undefined;
  if (found === undefined) return missing(`${what} does not exist, so it has no version ${expect} to replace`);
  if (expect === 0) return exists(`${what} exists already`);
  return stale(`${what} has version ${found}, not ${expect}: somebody wrote it in between`);
}
