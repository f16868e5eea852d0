import { type JsonObject, pythonText } from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { checkDraft, checkFields, type Fields } from "./fields.ts";
import { error, type Problem, warning } from "./problem.ts";

/** What a pack's ref may be. */
export const PACK_REF = /^[a-z0-9_]+$/;
/** Reserved for the file of overrides that counts for every pack. */
const RESERVED_REF = "_global";

// semver.org's grammar: no leading zeros, an optional pre-release and build.
const SEMVER =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const STACKSTORM_VERSION = /^\s*(?:[<>]=?|=)\s*\d+\.\d+\.\d+\s*(?:,\s*(?:[<>]=?|=)\s*\d+\.\d+\.\d+\s*)*$/;

const TEXTS = { type: "array", items: { type: "string" } } as const;

const FIELDS: Fields = {
  id: { type: "string" },
  uid: { type: "string" },
  name: { type: "string", required: true, minLength: 1, maxLength: 1024 },
  ref: { type: "string", check: checkRef },
  description: { type: "string", required: true },
  version: { type: "any", required: true, check: checkVersion },
  author: { type: "string", required: true },
  // Not required by StackStorm's schema, but its registration fails without it.
  email: { type: "string", required: true },
  keywords: TEXTS,
  stackstorm_version: { type: "string", check: checkStackstormVersion },
  python_versions: { type: "array", items: { type: "string", enum: ["2", "3"] }, uniqueItems: true },
  // Squall's own: false runs each of the pack's Python actions in a fresh interpreter.
  python_fork: { type: "boolean" },
  contributors: { type: "array", items: { type: "string", maxLength: 100 } },
  dependencies: TEXTS,
  system: { type: "object" },
  files: TEXTS,
  path: { type: "string" },
};

/** Everything wrong with a manifest (model reference 2.1). Keys it does not know are kept. */
export function checkPack(draft: unknown): Problem[] {
  return checkDraft(draft, (pack) => checkFields(pack, FIELDS, { open: true }));
}

/**
 * The ref of a pack: what the manifest says, else the folder's name, else the manifest's name, where they are refs.
 * Undefined when none is: the manifest needs a `ref`.
 */
export function deriveRef(manifest: JsonObject, folder: string): string | undefined {
  if (typeof manifest.ref === "string") return PACK_REF.test(manifest.ref) ? manifest.ref : undefined;
  return [folder, manifest.name].find((name): name is string => typeof name === "string" && PACK_REF.test(name));
}

function checkRef(ref: string, path: Path): Problem[] {
  if (ref === RESERVED_REF) return [error(path, `'${ref}' is a reserved name; choose another ref`)];
  if (PACK_REF.test(ref)) return [];
  return [
    error(path, `${pythonText(ref)} does not match '${PACK_REF.source}'; a ref has lower-case letters, digits and '_'`),
  ];
}

function checkVersion(version: unknown, path: Path): Problem[] {
  if (typeof version === "number" || typeof version === "string") {
    const text = String(version);
    if (SEMVER.test(text)) return [];
    const hint = /^\d+(?:\.\d+)?$/.test(text) ? `, such as ${text}${text.includes(".") ? ".0" : ".0.0"}` : "";
    return [error(path, `'${text}' is no valid semver version: expected X.Y.Z with optional -pre and +build${hint}`)];
  }
  return [error(path, `${pythonText(version)} is not of type 'string'`)];
}

function checkStackstormVersion(text: string, path: Path): Problem[] {
  if (STACKSTORM_VERSION.test(text)) return [];
  return [warning(path, `'${text}' is no list of version conditions such as '>=3.0.0, <4.0.0'`)];
}
