import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { formatPosition, Invalid, isObject } from "@squall/model";
import { checkPack, deriveRef } from "../check/pack.ts";
import { hasErrors } from "../check/problem.ts";
import { type LocatedProblem, readMetadata } from "../metadata-file.ts";

/** What whoever installs a pack has to know of it before it is registered. */
export interface PackFacts {
  readonly ref: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** As pack.yaml has them: names or URLs, each with `=version` or without. */
  readonly dependencies: readonly string[];
  /** Conditions such as `>=3.0.0, <4.0.0`; "" for none. */
  readonly stackstorm_version: string;
  readonly python_versions: readonly string[];
  /** requirements.txt names packages, so the pack needs a virtualenv of its own. */
  readonly has_requirements: boolean;
}

/**
 * The facts of the pack in a folder. Its ref is `ref` of the manifest, else its `name`, else `folder`: what the folder on disk
 * is called says nothing where it comes from elsewhere (model reference 2.1). Throws Invalid with every error of the manifest.
 */
export async function readPackFacts(root: string, folder = ""): Promise<PackFacts> {
  const problems: LocatedProblem[] = [];
  const manifest = await readMetadata(root, "pack.yaml", problems);
  manifest?.report(checkPack(manifest.value));
  const errors = problems.filter(({ severity }) => severity === "error");
  if (
    !manifest ||
    hasErrors(manifest ? checkPack(manifest.value) : []) ||
    errors.length > 0 ||
    !isObject(manifest.value)
  ) {
    const lines = errors.map(({ at, message }) => `${formatPosition(at)}: ${message}`);
    throw new Invalid("pack.manifest", {
      message: lines.length > 0 ? lines.join("\n") : "pack.yaml is missing",
      ...(errors[0] ? { at: errors[0].at } : { at: { file: "pack.yaml" } }),
    });
  }
  const { value } = manifest;
  const ref = deriveRef(value, "") ?? deriveRef({}, folder);
  if (ref === undefined) {
    throw new Invalid("pack.manifest", {
      message: `pack.yaml: the pack's name ${JSON.stringify(value.name)} is no valid ref; add 'ref' (a-z, 0-9, _)`,
      at: { file: "pack.yaml", field: "ref" },
    });
  }
  const texts = (field: unknown): string[] => (Array.isArray(field) ? field.map(String) : []);
  const text = (field: unknown): string =>
    typeof field === "string" || typeof field === "number" ? String(field) : "";
  return {
    ref,
    name: text(value.name),
    version: text(value.version),
    description: text(value.description),
    dependencies: texts(value.dependencies),
    stackstorm_version: text(value.stackstorm_version),
    python_versions: texts(value.python_versions),
    has_requirements: await requiresPackages(root),
  };
}

async function requiresPackages(root: string): Promise<boolean> {
  const text = await readFile(join(root, "requirements.txt"), "utf8").catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw thrown;
  });
  return text.split("\n").some((line) => line.trim() !== "" && !line.trim().startsWith("#"));
}
