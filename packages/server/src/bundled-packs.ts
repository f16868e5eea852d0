import { cpSync, existsSync, mkdirSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Engine, Registration } from "@squall/engine";
import { Conflict, DEFAULT_PROJECT, Unavailable } from "@squall/model";
import { digestPack } from "@squall/packs";
import { noteRegistered, type PackLedger, standingOf } from "./pack-standing.ts";

/**
 * Registers the packs in these folders that are new or changed since they were last registered, so that a start without
 * changes reads but does not write. `core` goes first: the others' rules use its triggers.
 */
export async function registerChangedPacks(
  engine: Engine,
  roots: readonly string[],
  say: (line: string) => void,
  shared?: SharedPacks,
): Promise<Registration | undefined> {
  const folders = new Map<string, string>();
  for (const root of roots) {
    for (const name of await packFolders(root)) {
      // The first folder with a name has it, so that nothing takes the place of a bundled pack; but for `default`,
      // which is everybody's own (see `ownPacks`).
      if (!folders.has(name) || name === OWN) folders.set(name, join(root, name));
    }
  }
  const changed: { readonly name: string; readonly folder: string }[] = [];
  for (const [name, folder] of folders) {
    if (await (shared ? isWanted(engine, shared, name, folder, say) : hasChanged(engine, name, folder))) {
      changed.push({ name, folder });
    }
  }
  if (changed.length === 0) return undefined;
  changed.sort((a, b) => Number(b.name === "core") - Number(a.name === "core"));
  say(`registering packs: ${changed.map(({ name }) => name).join(", ")}`);
  const given = changed.map(({ folder }) => folder);
  if (shared === undefined) return engine.content.register(DEFAULT_PROJECT, given);
  const done: Registration[] = [];
  for (const { name, folder } of changed) {
    try {
      done.push(await engine.content.register(DEFAULT_PROJECT, [folder]));
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown;
      say(`pack ${name} is being registered by another server`);
    }
  }
  await noteRegistered(engine.content, shared.ledger, given);
  return done.length > 0 ? together(done) : undefined;
}

async function hasChanged(engine: Engine, name: string, folder: string): Promise<boolean> {
  const known = engine.content.get(DEFAULT_PROJECT, "pack", name);
  return known?.path !== folder || known.digest !== (await digestPack(folder)).digest;
}

/** What a start has to know where other servers register packs too. */
export interface SharedPacks {
  readonly ledger: PackLedger;
  /** The folder of installed packs: one that was removed on another server is not brought back from here. */
  readonly own: string;
}

/** A start takes nothing back that another server registered: not a newer version, not another content, not a removal. */
async function isWanted(
  engine: Engine,
  { ledger, own }: SharedPacks,
  name: string,
  folder: string,
  say: (line: string) => void,
): Promise<boolean> {
  const isEmpty = engine.content.list(DEFAULT_PROJECT, "pack").length === 0;
  const standing = await standingOf(engine.content, ledger, folder, name);
  if (standing === "gone") {
    if (isEmpty || dirname(folder) !== own) return true;
    say(`pack ${name} was removed, though its folder is here: remove ${folder}, or register it again`);
    return false;
  }
  if (standing === "behind") {
    say(`pack ${name} is registered with another content than ${folder} has, which is no newer version: left alone`);
  }
  return standing === "new" || standing === "edited" || standing === "newer";
}

/** Several registrations as one. */
export function together(all: readonly Registration[]): Registration {
  const counts: Record<string, number> = {};
  for (const one of all) {
    for (const [type, count] of Object.entries(one.counts)) counts[type] = (counts[type] ?? 0) + count;
  }
  return { counts, packs: all.flatMap(({ packs }) => packs), problems: all.flatMap(({ problems }) => problems) };
}

/** The pack for what is made over the API without naming one. */
const OWN = "default";

/**
 * The folder of packs in a data directory, made if it is not there, with a `default` pack like the bundled one: what the
 * API writes belongs to an installation, not to the program.
 */
export function ownPacks(dataDirectory: string, bundled: string): string {
  const root = join(dataDirectory, "packs");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  if (!existsSync(join(root, OWN))) cpSync(join(bundled, OWN), join(root, OWN), { recursive: true });
  return root;
}

async function packFolders(root: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(root);
  } catch (cause) {
    throw new Unavailable("server.packs", {
      message: `The folder of packs ${root} cannot be read: correct --packs.`,
      cause,
    });
  }
  const found: string[] = [];
  for (const name of names.toSorted()) {
    const about = await stat(join(root, name, "pack.yaml")).catch(() => undefined);
    if (about?.isFile()) found.push(name);
  }
  return found;
}
