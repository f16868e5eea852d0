/**
 * Who may import whom, and the checks that hold every room to it. Pure: they read lists of files, not the disk, so that
 * `direction.test.ts` can show each of them a bad example.
 */
import { posix } from "node:path";

interface RoomRule {
  /** The rooms it may import. */
  readonly imports: readonly string[];
}

const languages = ["yaql", "jinja", "expressions", "workflow"];
const ports = ["store", "bus", "packs", "processes", "runners", "sources"];

/** The table of docs/architecture.md, ground floor first, with the rooms that are not built yet. */
export const ROOMS: Readonly<Record<string, RoomRule>> = {
  model: { imports: [] },
  yaql: { imports: [] },
  jinja: { imports: [] },
  expressions: { imports: ["yaql", "jinja", "model"] },
  workflow: { imports: ["expressions", "model"] },
  store: { imports: ["model"] },
  bus: { imports: ["model"] },
  packs: { imports: ["model"] },
  processes: { imports: ["model"] },
  sdk: { imports: [] },
  runners: { imports: ["model", "processes", "sdk"] },
  sources: { imports: ["model", "processes"] },
  openstack: { imports: ["model"] },
  engine: { imports: ["model", ...languages, ...ports] },
  server: { imports: ["model", ...languages, ...ports, "openstack", "engine"] },
  // `squall server` is the server room's own program, so that no other command pays for it.
  cli: { imports: ["client", "model"] },
  client: { imports: ["model"] },
  web: { imports: ["client", "model"] },
};

/** A text of the repository by its path from the root, with `/` between its parts. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** What of a room's package.json counts here. */
export interface Manifest {
  readonly room: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export interface Import {
  readonly specifier: string;
  /** By `import()`. */
  readonly dynamic: boolean;
}

// Static imports stand at the start of a line, which the formatter sees to, so texts inside strings do not count.
const STATIC_IMPORT = /^(?:import|export)\s+(?:type\s+)?(?:[\w\s{},*$]+?\s+from\s+)?["']([^"'\n]+)["']/gm;
const DYNAMIC_IMPORT = /^(?!\s*(?:\/\/|\*)).*?\b(?:import|require)\(\s*["']([^"'\n]+)["']\s*\)/gm;

/** Every import and re-export of a source text whose module is a literal. */
export function importsOf(text: string): Import[] {
  const found = (pattern: RegExp, dynamic: boolean) =>
    Array.from(text.matchAll(pattern), ([, specifier = ""]) => ({ specifier, dynamic }));
  return [...found(STATIC_IMPORT, false), ...found(DYNAMIC_IMPORT, true)];
}

/** The room a file belongs to; undefined outside `packages/`. */
export function roomOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

/** The package of a bare specifier: `@scope/name` or `name`. Undefined for relative paths and Node's own modules. */
function packageOf(specifier: string): string | undefined {
  if (/^(?:\.|\/|node:|file:)/.test(specifier)) return undefined;
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}

const SCOPE = "@squall/";

/** Imports that go up the table, or to a room that the table does not have. */
export function directionProblems(files: readonly TextFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const room = roomOf(path);
    if (room === undefined) return [];
    const rule = ROOMS[room];
    if (!rule) return [`${path}: the table in test/structure/rooms.ts has no room '${room}'`];
    return importsOf(text).flatMap(({ specifier }) => {
      if (!specifier.startsWith(SCOPE)) return [];
      const target = specifier.slice(SCOPE.length).split("/")[0] ?? "";
      if (target === room || rule.imports.includes(target)) return [];
      return [`${path}: '${room}' may not import '${target}', only ${rule.imports.join(", ") || "no room at all"}`];
    });
  });
}

/** Imports that enter a room by anything but its `index.ts`. */
export function doorProblems(files: readonly TextFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const room = roomOf(path);
    return importsOf(text).flatMap(({ specifier }) => {
      if (specifier.startsWith(".")) {
        const target = posix.join(posix.dirname(path), specifier);
        const isOwn = room !== undefined && target.startsWith(`packages/${room}/`);
        const leaves = room !== undefined ? !isOwn : target.startsWith("packages/");
        return leaves ? [`${path}: '${specifier}' goes past a room's door; import '@squall/...' instead`] : [];
      }
      if (!specifier.startsWith(SCOPE)) return [];
      const [target = "", ...inner] = specifier.slice(SCOPE.length).split("/");
      if (inner.length > 0) return [`${path}: '${specifier}' goes past the door; import '${SCOPE}${target}'`];
      if (target === room) return [`${path}: '${specifier}' is its own room; import the file by its relative path`];
      return [];
    });
  });
}

/** Imports that package.json does not declare, and declarations that nothing imports. Tests may also use `shared`. */
export function dependencyProblems(
  files: readonly TextFile[],
  manifests: readonly Manifest[],
  shared: readonly string[],
): string[] {
  return manifests.flatMap(({ room, dependencies, devDependencies }) => {
    const problems: string[] = [];
    const used = new Set<string>();
    for (const { path, text } of files.filter((file) => roomOf(file.path) === room)) {
      // A port's contract suite is tests too, run by each implementation.
      const isTest = path.endsWith(".test.ts") || /\/contract(?:\.ts$|\/)/.test(path);
      for (const { specifier } of importsOf(text)) {
        const name = packageOf(specifier);
        if (name === undefined) continue;
        used.add(name);
        const isDeclared = name in dependencies || (isTest && (name in devDependencies || shared.includes(name)));
        if (!isDeclared && name !== `${SCOPE}${room}`) {
          problems.push(`${path}: imports '${name}', which packages/${room}/package.json does not declare`);
        }
      }
    }
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      if (!used.has(name)) problems.push(`packages/${room}/package.json: declares '${name}', which nothing imports`);
    }
    return problems;
  });
}

/** Versions that are not exact, and packages that two rooms want in different versions. */
export function versionProblems(manifests: readonly Manifest[]): string[] {
  const first = new Map<string, { room: string; version: string }>();
  return manifests.flatMap(({ room, dependencies, devDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies }).flatMap(([name, version]) => {
      const where = `packages/${room}/package.json`;
      if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)) return [`${where}: '${name}' is not pinned: '${version}'`];
      const other = first.get(name);
      first.set(name, other ?? { room, version });
      if (!other || other.version === version) return [];
      return [`${where}: '${name}' is ${version} here and ${other.version} in '${other.room}'`];
    }),
  );
}

/** Third-party packages that the page about dependencies has no line for, and lines for packages nobody has. */
export function documentationProblems(names: readonly string[], page: string): string[] {
  const documented = new Set(Array.from(page.matchAll(/^\| `([^`]+)` \|/gm), ([, name = ""]) => name));
  const thirdParty = names.filter((name) => !name.startsWith(SCOPE));
  return [
    ...thirdParty
      .filter((name) => !documented.has(name))
      .map((name) => `docs/dependencies.md: no line says why '${name}' is here`),
    ...[...documented]
      .filter((name) => !thirdParty.includes(name))
      .map((name) => `docs/dependencies.md: '${name}' is described but no package.json has it`),
  ];
}

/** Rooms without a README. */
export function readmeProblems(paths: readonly string[], rooms: readonly string[]): string[] {
  return rooms
    .filter((room) => !paths.includes(`packages/${room}/README.md`))
    .map((room) => `packages/${room}: has no README.md that says what for, the main flow, where changes go`);
}
