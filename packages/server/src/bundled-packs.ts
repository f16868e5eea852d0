import { cpSync, existsSync, mkdirSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Engine, Registration } from "@squall/engine";
import { DEFAULT_PROJECT, Unavailable } from "@squall/model";
import { digestPack } from "@squall/packs";

/**
 * Registers the packs in these folders that are new or changed since they were last registered, so that a start without
 * changes reads but does not write. `core` goes first: the others' rules use its triggers.
 */
export async function registerChangedPacks(
  engine: Engine,
  roots: readonly string[],
  say: (line: string) => void,
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
    const known = engine.content.get(DEFAULT_PROJECT, "pack", name);
    if (known?.path === folder && known.digest === (await digestPack(folder)).digest) continue;
    changed.push({ name, folder });
  }
  if (changed.length === 0) return undefined;
  changed.sort((a, b) => Number(b.name === "core") - Number(a.name === "core"));
  say(`registering packs: ${changed.map(({ name }) => name).join(", ")}`);
  return engine.content.register(
    DEFAULT_PROJECT,
    changed.map(({ folder }) => folder),
  );
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
