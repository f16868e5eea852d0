import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { messageOf, type SourcePosition, SquallError } from "@squall/model";
import { formatPath, type Problem } from "./check/problem.ts";
import { insideOf } from "./digest.ts";
import type { Path, Positions } from "./yaml/positions.ts";
import { MAX_YAML_BYTES, readYaml } from "./yaml/read-yaml.ts";

/** A problem with its file (relative to the pack), line, column and field. */
export interface LocatedProblem {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly at: SourcePosition;
}

/** One metadata file, parsed. */
export interface Metadata {
  readonly file: string;
  readonly value: unknown;
  readonly at: (path?: Path) => SourcePosition;
  report(problems: readonly Problem[]): void;
}

/** Undefined when there is no such file, or it cannot be read: then `problems` says why. */
export async function readMetadata(
  root: string,
  file: string,
  problems: LocatedProblem[],
): Promise<Metadata | undefined> {
  const complain = (message: string, at: SourcePosition = {}) => {
    problems.push({ severity: "error", message, at: { ...at, file } });
    return undefined;
  };
  const path = isAbsolute(file) ? file : join(root, file);
  let text: Uint8Array;
  try {
    if (!isAbsolute(file) && (await insideOf(root, path)) === undefined) {
      const linked = await readdir(dirname(path)).then(
        (names) => names.includes(basename(path)),
        () => false,
      );
      return linked
        ? complain("this link leads out of the pack or nowhere; put the file itself into the pack")
        : undefined;
    }
    const about = await stat(path);
    const { size } = about;
    // Reading a pipe or a device might never end.
    if (!about.isFile()) return complain("this is no file; remove it, or put a YAML file in its place");
    if (size > MAX_YAML_BYTES) {
      return complain(`the file has ${size} bytes, and a YAML file may have ${MAX_YAML_BYTES}`);
    }
    text = await readFile(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return complain(`the file cannot be read: ${messageOf(thrown)}`);
  }
  try {
    const { value, positions, warnings } = readYaml(text, file);
    for (const { message, at } of warnings) problems.push({ severity: "warning", message, at: { file, ...at } });
    return metadataOf(file, value, positions, problems);
  } catch (thrown) {
    if (!(thrown instanceof SquallError)) throw thrown;
    return complain(thrown.message, thrown.at);
  }
}

function metadataOf(file: string, value: unknown, positions: Positions, problems: LocatedProblem[]): Metadata {
  const at = (path: Path = []): SourcePosition => {
    const field = formatPath(path);
    return { file, ...positions.at(path), ...(field === "" ? {} : { field }) };
  };
  return {
    file,
    value,
    at,
    report(found) {
      for (const { severity, message, path } of found) problems.push({ severity, message, at: at(path) });
    },
  };
}
