/** Reads this checkout for the structure tests. */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type Manifest, roomOf, type TextFile } from "./rooms.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const GENERATED = new Set(["node_modules", ".git", ".squall", "__pycache__", "coverage"]);

/** The path of every file that is not generated, from the root, with `/` between its parts. */
export function allPaths(folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (GENERATED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return allPaths(path);
    return entry.isFile() ? [path.split(sep).join("/")] : [];
  });
}

export function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The TypeScript of the rooms, and what stands around them and enters by the same doors. */
export function sources(paths: readonly string[]): TextFile[] {
  return paths
    .filter((path) => /^(?:packages\/[^/]+\/src|test|bench)\/.*\.tsx?$/.test(path))
    .map((path) => ({ path, text: textOf(path) }));
}

export function manifests(paths: readonly string[]): Manifest[] {
  return paths
    .filter((path) => /^packages\/[^/]+\/package\.json$/.test(path))
    .map((path) => ({ room: roomOf(path) ?? "", ...dependenciesOf(path) }));
}

/** The dependencies that a package.json declares. */
export function dependenciesOf(path: string): Pick<Manifest, "dependencies" | "devDependencies"> {
  const read = JSON.parse(textOf(path)) as Partial<Manifest>;
  return { dependencies: read.dependencies ?? {}, devDependencies: read.devDependencies ?? {} };
}
