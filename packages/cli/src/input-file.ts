import { readFile } from "node:fs/promises";
import { Failure } from "./failure.ts";
import { readStdin } from "./prompt.ts";

/** The text of a file, or of stdin for `-`. */
export async function readText(path: string): Promise<string> {
  if (path === "-") return await readStdin();
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

/** The bytes of a file, or of stdin for `-`. */
export async function readBytes(path: string): Promise<Uint8Array> {
  if (path === "-") return new TextEncoder().encode(await readStdin());
  try {
    return await readFile(path);
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

/** What a JSON or YAML file holds. */
export async function readDocument(path: string): Promise<unknown> {
  return documentOf(path, await readText(path));
}

async function documentOf(path: string, text: string): Promise<unknown> {
  const { load } = await import("js-yaml");
  try {
    return load(text);
  } catch (thrown) {
    // js-yaml's messages carry line, column and the lines around; the first line says what is wrong.
    const mark =
      thrown instanceof Error && "mark" in thrown ? (thrown.mark as { line?: number; column?: number }) : undefined;
    const at = mark?.line === undefined ? "" : `:${mark.line + 1}:${(mark.column ?? 0) + 1}`;
    const reason = thrown instanceof Error ? thrown.message.split("\n")[0] : String(thrown);
    throw new Failure(`${path}${at}: ${reason}`, "the file must hold YAML or JSON");
  }
}

/** The same, where an object is wanted. */
export async function readObject(path: string): Promise<Record<string, unknown>> {
  return objectOf(path, await readText(path));
}

/** The object in a text that was read from `path`. */
export async function objectOf(path: string, text: string): Promise<Record<string, unknown>> {
  const value = await documentOf(path, text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Failure(
      `${path} does not hold an object`,
      "a resource is written as `name: value` lines, or as a JSON object",
    );
  }
  return { ...value };
}

function unreadable(path: string, thrown: unknown): Failure {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ENOENT") return new Failure(`there is no file ${path}`);
  if (code === "EISDIR") return new Failure(`${path} is a folder, not a file`);
  return new Failure(`cannot read ${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
}
