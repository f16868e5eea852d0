/** The checks of house style that a program can make. Pure, like `rooms.ts`. */
import { posix } from "node:path";
import type { TextFile } from "./rooms.ts";

/** Past this many lines a file has a second story, or a reason that stands in the list of long files. */
const LONGEST = 600;

const CODE = /\.(?:ts|tsx|mjs|js|py|sql|sh)$/;
const VAGUE = /^(?:utils?|helpers?|common|types|lib|libs|misc|interfaces)$/;
/** Content whose layout others define: what StackStorm packs and pack code in Python import has StackStorm's names. */
const FOREIGN_NAMES = /^(?:python|packs|test\/packs)\//;

// These texts name addresses that must not stand anywhere, and must not find themselves.
const MACHINE_PATHS = /(?<![\w.])\/(?:work|farm)\/[\w.]+|\/tmp\/(?:wt|brief)\b|\/opt\/node\d+|\/root\/\.\w+/;
const REGISTRY_HOSTS = /registry\.(?:npmjs\.org|yarnpkg\.com)|pypi\.org\/simple|files\.pythonhosted/;

/** Lines that name a folder of somebody's machine or the address of a package registry. */
export function addressProblems(files: readonly TextFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    if (!MACHINE_PATHS.test(text) && !REGISTRY_HOSTS.test(text)) return [];
    return text.split("\n").flatMap((line, index) => {
      const found = MACHINE_PATHS.exec(line) ?? REGISTRY_HOSTS.exec(line);
      return found ? [`${path}:${index + 1}: '${found[0]}' is an address of one machine or registry`] : [];
    });
  });
}

/** Code files that are too long without a reason, and reasons for files that are not. */
export function lengthProblems(files: readonly TextFile[], reasons: Readonly<Record<string, string>>): string[] {
  const long = new Map<string, number>();
  for (const { path, text } of files) {
    const lines = text.split("\n").length - 1;
    if (CODE.test(path) && lines > LONGEST) long.set(path, lines);
  }
  return [
    ...[...long]
      .filter(([path]) => !reasons[path])
      .map(([path, lines]) => `${path}: ${lines} lines; split it at its second story`),
    ...Object.keys(reasons)
      .filter((path) => !long.has(path))
      .map((path) => `${path}: is excused for its length but is not over ${LONGEST} lines`),
  ];
}

/** Files and folders named after no thing. */
export function nameProblems(paths: readonly string[]): string[] {
  return paths
    .filter((path) => CODE.test(path) && !FOREIGN_NAMES.test(path))
    .flatMap((path) => {
      const parts = path.split("/");
      const names = [...parts.slice(0, -1), posix.basename(path).split(".")[0] ?? ""];
      const vague = names.find((name) => VAGUE.test(name));
      return vague ? [`${path}: '${vague}' says nothing; name it after what it is about`] : [];
    });
}

const ERROR_CLASSES = [
  "SquallError",
  "Invalid",
  "NotFound",
  "Conflict",
  "Denied",
  "Unauthenticated",
  "Unavailable",
  "TooLarge",
  "TooMany",
  "TimedOut",
];

/** Every error code the code gives as a literal, with the file that does, also through classes derived from ours. */
export function errorCodes(files: readonly TextFile[]): { code: string; path: string }[] {
  const classes = new Set(ERROR_CLASSES);
  for (let before = 0; before < classes.size; ) {
    before = classes.size;
    for (const { text } of files) {
      for (const [, name = "", base = ""] of text.matchAll(/\bclass\s+(\w+)\s+extends\s+(\w+)/g)) {
        if (classes.has(base)) classes.add(name);
      }
    }
  }
  return files.flatMap(({ path, text }) =>
    Array.from(text.matchAll(/\bnew\s+(\w+)\(\s*(["'`])([a-z][\w.-]*)\2/g))
      .filter(([, name = ""]) => classes.has(name))
      .map(([, , , code = ""]) => ({ code, path })),
  );
}

/** Error codes that the page of errors does not list between backquotes. */
export function errorPageProblems(files: readonly TextFile[], page: string): string[] {
  const listed = new Set(Array.from(page.matchAll(/`([a-z][\w.-]*)`/g), ([, code = ""]) => code));
  return errorCodes(files)
    .filter(({ code }) => !listed.has(code))
    .map(({ code, path }) => `${path}: docs/errors.md does not say how to solve '${code}'`);
}
