import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

/** What a pack's requirements.txt asks for. */
export interface Requirements {
  readonly file: string;
  /** Changes with the text of the file and of every file that it includes. */
  readonly digest: string;
}

/** More included files than anybody writes; ends a ring of includes that leads out of the pack. */
const MOST_FILES = 50;

/**
 * The pack's requirements, or undefined when it names no package: it then runs on the system's Python. Files included
 * with `-r` and `-c` count too (pip's requirements file format); those behind a URL are known by their address alone.
 */
export async function readRequirements(packPath: string): Promise<Requirements | undefined> {
  const file = join(packPath, "requirements.txt");
  const hash = createHash("sha256");
  const seen = new Set<string>();
  let names = false;
  const read = async (path: string, counts: boolean): Promise<void> => {
    if (seen.has(path) || seen.size >= MOST_FILES) return;
    seen.add(path);
    // A file that is missing is pip's to complain about; one that appears later changes the digest.
    const text = await readFile(path, "utf8").catch(() => undefined);
    // By its place in the pack, which lies elsewhere on another machine.
    hash.update(`${path === file ? "" : relative(packPath, path)}\0${text?.length ?? "missing"}\0${text ?? ""}\0`);
    for (const line of linesOf(text ?? "")) {
      const include = /^(-r|--requirement|-c|--constraint)(?:\s+|=|(?=[^-\s=]))(.+)$/.exec(line);
      if (include?.[1] !== undefined && include[2] !== undefined) {
        const target = include[2].trim();
        const isRequirement = include[1] === "-r" || include[1] === "--requirement";
        if (!/^[a-z]+:\/\//i.test(target)) await read(resolve(dirname(path), target), counts && isRequirement);
        else if (isRequirement) names ||= counts;
      } else if (!line.startsWith("-") || /^(-e|--editable)\b/.test(line)) names ||= counts;
    }
  };
  await read(file, true);
  return names ? { file, digest: hash.digest("hex") } : undefined;
}

/** Joined at a backslash, without comments and blank lines, as pip reads them. */
function linesOf(text: string): string[] {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}
