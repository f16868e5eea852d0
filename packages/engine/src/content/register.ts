import {
  canonicalJson,
  messageOf,
  type ResourceKind,
  type Resources,
  type SourcePosition,
  SquallError,
} from "@squall/model";
import { type LocatedProblem, type PackArchive, readPack } from "@squall/packs";
import type { Change } from "@squall/store";
import { join } from "node:path";
import type { Code } from "../code/code.ts";
import type { Registration } from "../engine.ts";
import type { Edit } from "./edit.ts";
import { removeFrom } from "./prepare.ts";
import type { Shelves } from "./shelves.ts";
import { dropUnusedTriggers, putShadowTrigger, triggerFor } from "./triggers.ts";

/** What one folder gave. */
export interface Registered {
  readonly pack: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly problems: readonly LocatedProblem[];
}

/** StackStorm's order (reference, section 2.4), and its singular and plural names. */
const TYPES = ["triggers", "sensors", "actions", "rules", "aliases", "policies", "configs"] as const;
type Type = (typeof TYPES)[number];
const SINGULAR: Readonly<Record<string, Type>> = {
  trigger: "triggers",
  sensor: "sensors",
  action: "actions",
  rule: "rules",
  alias: "aliases",
  policy: "policies",
  config: "configs",
};

export interface Registering {
  readonly edit: Edit;
  readonly shelves: Shelves;
  readonly code: Code;
  /** What is to be committed beside the edit. */
  readonly more: Change[];
  /** What is read is the code that is kept of this pack: its files are as they are known, whatever became of the copy. */
  readonly kept?: Resources["pack"] | undefined;
  /** Its content is registered later: the archive to go back to if it never is, "" for none. */
  readonly installing?: string | undefined;
}

/** Reads a pack folder into the edit. What is wrong in it is left out and named; the rest goes in. */
export async function registerPack(
  { edit, shelves, code, more, kept, installing }: Registering,
  directory: string,
  asked: readonly string[] = ["all"],
): Promise<Registered> {
  const wanted = wantedTypes(asked);
  const content = await readPack(directory, { runners: edit.list("runner_type"), ...(kept && { origin: kept.path }) });
  const problems = content.problems.map((one) => ({ ...one, at: inFolder(content.path, one.at) }));
  // StackStorm tells of every type it was to register, also of those of which there is nothing.
  const counts: Record<string, number> = Object.fromEntries([...wanted].map((type) => [type, 0]));
  if (!content.pack) return { pack: content.ref, counts, problems };
  const pack = content.ref;
  let archive: PackArchive | undefined;
  try {
    archive = kept ? undefined : await code.archive(content.path);
  } catch (thrown) {
    // Content whose code the other machines could not have would only fail there.
    if (!(thrown instanceof SquallError)) throw thrown;
    problems.push({ severity: "error", message: thrown.message, at: inFolder(content.path, { file: "pack.yaml" }) });
    return { pack, counts, problems };
  }
  // Always: it may have been forgotten since it was kept, and keeping it again is nothing.
  if (archive) more.push({ kind: "archive.keep", ...archive });
  const count = (type: Type) => {
    counts[type] = (counts[type] ?? 0) + 1;
  };
  putIfChanged(edit, "pack", pack, {
    ...content.pack.resource,
    ...(archive && { archive: archive.digest }),
    ...(kept && { files: kept.files, digest: kept.digest, archive: kept.archive }),
    ...(installing !== undefined && { installing }),
  });

  if (wanted.has("triggers") || wanted.has("sensors")) {
    for (const { resource } of content.triggerTypes) {
      putIfChanged(edit, "trigger_type", resource.ref, resource);
      putShadowTrigger(edit, resource);
      count("triggers");
    }
  }
  const simple = [
    ["sensors", "sensor_type", content.sensors],
    ["actions", "action", content.actions],
    ["aliases", "action_alias", content.aliases],
    ["policies", "policy", content.policies],
  ] as const;
  for (const [type, kind, all] of simple) {
    if (!wanted.has(type)) continue;
    for (const { resource } of all) {
      putIfChanged(edit, kind, resource.ref, resource);
      count(type);
    }
  }
  if (wanted.has("rules")) {
    for (const { resource, at } of content.rules) {
      try {
        const trigger = triggerFor(edit, shelves, resource.trigger);
        const before = edit.get("rule", resource.ref)?.body.trigger.ref;
        putIfChanged(edit, "rule", resource.ref, { ...resource, trigger: { ...resource.trigger, ref: trigger.ref } });
        if (before !== undefined && before !== trigger.ref) dropUnusedTriggers(edit, shelves, [before]);
        // A rule that was made over the API and has now become part of a pack.
        const draft = pack === "default" ? undefined : edit.get("rule", `default.${resource.name}`);
        if (draft) removeFrom(edit, shelves, "rule", draft.id);
        count("rules");
      } catch (thrown) {
        if (!(thrown instanceof SquallError)) throw thrown;
        const field = [at.field, thrown.at?.field].filter(Boolean).join(".");
        problems.push({
          severity: "error",
          message: messageOf(thrown),
          at: inFolder(content.path, { ...at, ...(field && { field }) }),
        });
      }
    }
  }
  if (wanted.has("configs")) {
    if (content.configSchema) putIfChanged(edit, "config_schema", pack, content.configSchema.resource);
    if (content.config) {
      putIfChanged(edit, "config", pack, content.config.resource);
      count("configs");
    }
  }
  return { pack, counts, problems };
}

/** Several folders' results as one. */
export function tally(results: readonly Registered[]): Registration {
  const counts: Record<string, number> = {};
  for (const one of results) {
    for (const [type, number] of Object.entries(one.counts)) counts[type] = (counts[type] ?? 0) + number;
  }
  return {
    counts,
    packs: results.map((one) => one.pack),
    problems: results.flatMap((one) => one.problems),
  };
}

function wantedTypes(asked: readonly string[]): ReadonlySet<string> {
  if (asked.length === 0 || asked.includes("all")) return new Set(TYPES);
  return new Set(asked.map((type) => SINGULAR[type] ?? type));
}

/** Writes a resource unless the same is there already, so that registering again costs nothing and changes no version. */
function putIfChanged<K extends ResourceKind>(edit: Edit, kind: K, ref: string, body: Omit<Resources[K], "id">): void {
  const old = edit.get(kind, ref);
  if (old && canonicalJson({ ...old.body, id: "" }) === canonicalJson({ ...body, id: "" })) return;
  edit.put(kind, { ...body, ...(old && { id: old.id }) });
}

function inFolder(folder: string, at: SourcePosition): SourcePosition {
  return at.file === undefined ? at : { ...at, file: join(folder, at.file) };
}
