import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { compareVersions } from "@squall/expressions";
import type { Content } from "@squall/engine";
import { DEFAULT_PROJECT, isObject, type Resources } from "@squall/model";
import { digestPack, readPackFacts } from "@squall/packs";

/**
 * How a folder on this machine stands to the pack that all machines share:
 *
 * - `same`: it holds what is registered.
 * - `new`: no such pack is registered, and none was from this folder.
 * - `gone`: it was registered from this folder, and was removed since, here or on another machine.
 * - `edited`: what is registered came from this folder, which has changed since.
 * - `newer`: something else is registered, of a lower version.
 * - `behind`: something else is registered, and this folder has nothing to say about it.
 */
export type Standing = "same" | "new" | "gone" | "edited" | "newer" | "behind";

/** What was last registered out of each folder of this machine, by digest; kept in a file of the data directory. */
export interface PackLedger {
  of(folder: string): string | undefined;
  note(folder: string, digest: string): void;
}

export function openPackLedger(file: string): PackLedger {
  const known = new Map<string, string>(existsSync(file) ? entriesIn(readFileSync(file, "utf8")) : []);
  return {
    of: (folder) => known.get(folder),
    note(folder, digest) {
      if (known.get(folder) === digest) return;
      known.set(folder, digest);
      writeFileSync(`${file}.new`, `${JSON.stringify(Object.fromEntries(known), undefined, 1)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}

/** One that is damaged is an empty one: folders then stand back until somebody registers them. */
function entriesIn(text: string): [string, string][] {
  try {
    const found: unknown = JSON.parse(text);
    return isObject(found) ? Object.entries(found).map(([folder, digest]) => [folder, String(digest)]) : [];
  } catch {
    return [];
  }
}

export async function standingOf(
  content: Pick<Content, "get">,
  ledger: PackLedger,
  given: string,
  ref: string,
): Promise<Standing> {
  const folder = await realpath(given); // as it is registered
  const known = content.get(DEFAULT_PROJECT, "pack", ref);
  const before = ledger.of(folder);
  if (known === undefined) return before === undefined ? "new" : "gone";
  const { digest } = await digestPack(folder);
  if (known.digest === digest) {
    ledger.note(folder, digest);
    // Registered by a Squall that had all to itself: its code is not kept for others yet.
    return known.archive === undefined ? "edited" : "same";
  }
  if (before !== undefined && before === known.digest) return "edited";
  return (await isNewer(folder, known)) ? "newer" : "behind";
}

/** Remembers what is registered from these folders. */
export async function noteRegistered(
  content: Pick<Content, "list">,
  ledger: PackLedger,
  folders: readonly string[],
): Promise<void> {
  // As they are registered.
  const given = new Set(await Promise.all(folders.map((folder) => realpath(folder))));
  for (const { path, digest } of content.list(DEFAULT_PROJECT, "pack")) {
    if (given.has(path) && digest !== undefined) ledger.note(path, digest);
  }
}

async function isNewer(folder: string, known: Resources["pack"]): Promise<boolean> {
  try {
    const { version } = await readPackFacts(folder);
    return compareVersions(version, known.version) > 0;
  } catch {
    return false; // a manifest that is wrong, or a version that is none
  }
}
