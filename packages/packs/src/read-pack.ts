import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { isObject, type JsonObject, messageOf, NotFound, type Parameters, type SourcePosition } from "@squall/model";
import { checkAction, type KnownRunner } from "./check/action.ts";
import { checkAlias } from "./check/alias.ts";
import { checkConfig, checkConfigSchema } from "./check/config.ts";
import { checkPack, deriveRef } from "./check/pack.ts";
import { checkPolicy } from "./check/policy.ts";
import { error, hasErrors, type Problem, warning } from "./check/problem.ts";
import { checkRule } from "./check/rule.ts";
import { checkSensor } from "./check/sensor.ts";
import { checkTriggerType } from "./check/trigger-type.ts";
import {
  type Completed,
  completeAction,
  completeAlias,
  completePack,
  completePolicy,
  completeRule,
  completeSensor,
  completeTriggerType,
} from "./complete.ts";
import { digestPack, insideOf } from "./digest.ts";
import { type LocatedProblem, type Metadata, readMetadata } from "./metadata-file.ts";
import { applyOverrides, readOverrides } from "./overrides.ts";
import type { Path } from "./yaml/positions.ts";

/** A resource with where it was read. */
export interface Located<T> {
  readonly resource: T;
  readonly at: SourcePosition;
  /** Where a member of the draft stands, for problems that only show among other content: `["trigger", "type"]`. */
  readonly locate: (path: Path) => SourcePosition;
}

/** What a pack folder holds: everything without errors, and every problem. */
export interface PackContent {
  readonly ref: string;
  /** Absolute. */
  readonly path: string;
  /** Absent when the manifest has errors; then nothing else is read either. */
  readonly pack?: Located<Completed<"pack">>;
  readonly actions: readonly Located<Completed<"action">>[];
  readonly rules: readonly Located<Completed<"rule">>[];
  /** Those of `triggers/` and those that sensors bring. */
  readonly triggerTypes: readonly Located<Completed<"trigger_type">>[];
  readonly sensors: readonly Located<Completed<"sensor_type">>[];
  readonly policies: readonly Located<Completed<"policy">>[];
  readonly aliases: readonly Located<Completed<"action_alias">>[];
  readonly configSchema?: Located<Completed<"config_schema">>;
  readonly config?: Located<Completed<"config">>;
  /** How many of each type the overrides (model reference 2.3) switched on or off. */
  readonly overridden: Readonly<Record<string, number>>;
  readonly problems: readonly LocatedProblem[];
}

export interface ReadOptions {
  /** The folder that the pack says it is in, where what is read is a copy of that. Default: the one that is read. */
  readonly origin?: string;
  /** The runners there are, with their parameters. Absent: runner types are not checked. */
  readonly runners?: readonly KnownRunner[];
  /** Folder of `<pack>.yaml` configurations. Default: StackStorm's place for a pack in `<base>/packs/<pack>`, `<base>/configs`. */
  readonly configs?: string;
  /** Folder of the files that switch content on and off. Default: `<base>/overrides`, likewise. */
  readonly overrides?: string;
}

/**
 * Reads a StackStorm pack folder (model reference 2). One bad file does not stop its neighbours: it is left out, with a
 * problem that says where and what. Only the folder itself failing throws (NotFound when it is none).
 */
export async function readPack(directory: string, options: ReadOptions = {}): Promise<PackContent> {
  const path = await packFolder(directory);
  const folder = basename(path);
  const problems: LocatedProblem[] = [];
  const nothing = {
    path,
    actions: [],
    rules: [],
    triggerTypes: [],
    sensors: [],
    policies: [],
    aliases: [],
    overridden: {},
    problems,
  };

  const manifest = await readMetadata(path, "pack.yaml", problems);
  if (!manifest) {
    if (problems.length === 0) {
      const message = `'${folder}' is no pack: pack.yaml is missing; write one with name, description, version, author and email`;
      problems.push({ severity: "error", message, at: { file: "pack.yaml" } });
    }
    return { ...nothing, ref: folder };
  }
  const found = checkPack(manifest.value);
  const ref = isObject(manifest.value) ? deriveRef(manifest.value, folder) : undefined;
  if (ref === undefined && !hasErrors(found)) {
    found.push(
      error([], `the folder's name '${folder}' and the pack's name are no valid refs; add 'ref' (a-z, 0-9, _)`),
    );
  }
  manifest.report(found);
  if (ref === undefined || hasErrors(found) || !isObject(manifest.value)) return { ...nothing, ref: ref ?? folder };

  const listed = await digestPack(path);
  for (const link of listed.strayLinks) {
    problems.push({
      severity: "warning",
      message: "this link leads out of the pack or nowhere and is ignored",
      at: { file: link },
    });
  }
  const { files, digest } = listed;
  const pack = {
    resource: completePack(manifest.value, { ref, path: options.origin ?? path, files, digest }),
    at: manifest.at(),
    locate: manifest.at,
  };

  const read = <T extends { readonly ref: string }>(kind: Kind<T>) => readFolder({ path, ref, problems }, kind);
  const sensorTriggers: Located<Completed<"trigger_type">>[] = [];
  const standalone = await read<Completed<"trigger_type">>({
    folder: "triggers",
    check: checkTriggerType,
    complete: (draft) => completeTriggerType(draft, ref),
  });
  const sensors = await read<Completed<"sensor_type">>({
    folder: "sensors",
    check: checkSensor,
    entryPoint: true,
    complete(draft, metadata) {
      const types = Array.isArray(draft.trigger_types) ? draft.trigger_types.filter(isObject) : [];
      for (const [index, type] of types.entries()) {
        const resource = completeTriggerType({ ...type, metadata_file: metadata.file }, ref);
        const here: Path = ["trigger_types", index];
        sensorTriggers.push({ resource, at: metadata.at(here), locate: (path) => metadata.at([...here, ...path]) });
      }
      return completeSensor(draft, ref, options.origin ?? path);
    },
  });
  const content = {
    actions: await read<Completed<"action">>({
      folder: "actions",
      check: (draft) => checkAction(draft, { pack: ref, ...(options.runners ? { runners: options.runners } : {}) }),
      entryPoint: true,
      complete: (draft) => completeAction(draft, ref),
    }),
    rules: await read<Completed<"rule">>({
      folder: "rules",
      check: checkRule,
      complete: (draft) => completeRule(draft, ref),
    }),
    aliases: await read<Completed<"action_alias">>({
      folder: "aliases",
      check: checkAlias,
      complete: (draft) => completeAlias(draft, ref),
    }),
    policies: await read<Completed<"policy">>({
      folder: "policies",
      check: checkPolicy,
      complete: (draft) => completePolicy(draft, ref),
    }),
  };
  const configSchema = await readConfigSchema(path, ref, problems);
  const config = await readConfig(path, ref, configSchema?.resource.attributes, problems, options);
  const overrides = await readOverrides(options.overrides ?? besidePacks(path, "overrides"), ref, problems);
  return applyOverrides(
    {
      ref,
      path,
      pack,
      ...content,
      triggerTypes: lastOfEach([...standalone, ...sensorTriggers]),
      sensors,
      ...(configSchema ? { configSchema } : {}),
      ...(config ? { config } : {}),
      overridden: {},
      problems,
    },
    overrides,
  );
}

/** StackStorm keeps packs in `<base>/packs/<pack>` and what belongs to them in folders beside `packs`. */
function besidePacks(path: string, folder: string): string | undefined {
  const packs = dirname(path);
  return basename(packs) === "packs" ? join(dirname(packs), folder) : undefined;
}

/** Later ones win: several sensors may bring the same trigger type. */
function lastOfEach<T extends { readonly ref: string }>(located: readonly Located<T>[]): Located<T>[] {
  return [...new Map(located.map((one) => [one.resource.ref, one])).values()];
}

async function packFolder(directory: string): Promise<string> {
  try {
    const path = await realpath(directory);
    if ((await stat(path)).isDirectory()) return path;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
  throw new NotFound("pack.no-folder", {
    message: `there is no folder '${directory}'; give the folder that holds pack.yaml`,
  });
}

interface Kind<T> {
  readonly folder: string;
  readonly check: (draft: unknown) => Problem[];
  /** Looks whether the file of `entry_point` is there and inside the pack. */
  readonly entryPoint?: boolean;
  readonly complete: (draft: JsonObject, metadata: Metadata) => T;
}

interface Reading {
  readonly path: string;
  readonly ref: string;
  readonly problems: LocatedProblem[];
}

/** The metadata files of one kind: `.yaml` and `.yml` at the top of its folder, by name. */
async function readFolder<T extends { readonly ref: string }>(
  { path, ref, problems }: Reading,
  kind: Kind<T>,
): Promise<Located<T>[]> {
  const read: Located<T>[] = [];
  for (const name of await metadataNames(path, kind.folder, problems)) {
    const metadata = await readMetadata(path, `${kind.folder}/${name}`, problems);
    if (!metadata) continue;
    const found = kind.check(metadata.value);
    const draft = metadata.value;
    if (isObject(draft)) {
      if (typeof draft.pack === "string" && draft.pack !== ref) {
        found.push(
          error(
            ["pack"],
            `Model is in pack "${draft.pack}" but should be in pack "${ref}"; remove 'pack' or correct it`,
          ),
        );
      }
      if (kind.entryPoint) found.push(...(await checkEntryFile(path, kind.folder, draft.entry_point)));
    }
    metadata.report(found);
    if (hasErrors(found) || !isObject(draft)) continue;
    const resource = kind.complete({ ...draft, metadata_file: metadata.file }, metadata);
    const before = read.find((one) => one.resource.ref === resource.ref);
    if (before) {
      const message = `'${resource.ref}' is also in ${before.at.file}, and the file that comes later by name counts; rename one`;
      metadata.report([warning([], message)]);
    }
    read.push({ resource, at: metadata.at(), locate: metadata.at });
  }
  return lastOfEach(read);
}

async function metadataNames(path: string, folder: string, problems: LocatedProblem[]): Promise<string[]> {
  try {
    const real = await insideOf(path, join(path, folder));
    const names = real === undefined ? [] : await readdir(real);
    return names.filter((name) => /\.ya?ml$/.test(name) && !(folder === "actions" && name === "config.yaml")).sort();
  } catch (thrown) {
    problems.push({
      severity: "error",
      message: `the folder cannot be read: ${messageOf(thrown)}`,
      at: { file: folder },
    });
    return [];
  }
}

/** An entry point is relative to its kind's folder, or absolute but inside the pack. */
async function checkEntryFile(root: string, folder: string, entryPoint: unknown): Promise<Problem[]> {
  // What is no path, or leaves by its text, the checks of the fields have said.
  if (typeof entryPoint !== "string" || entryPoint === "" || /\0/.test(entryPoint)) return [];
  if (entryPoint.split(/[/\\]/).includes("..")) return [];
  const path = isAbsolute(entryPoint) ? entryPoint : join(root, folder, entryPoint);
  const at = ["entry_point"];
  const inPack = path.startsWith(root + sep);
  if (!inPack) return [error(at, `'${entryPoint}' lies outside the pack; an entry point is a path below ${folder}/`)];
  if ((await insideOf(root, path)) !== undefined) return [];
  const linked = await stat(path).then(
    () => true,
    () => false,
  );
  if (linked) return [error(at, `'${entryPoint}' is a link out of the pack; put the file itself into the pack`)];
  // StackStorm registers such content as well, and it fails when it runs.
  return [warning(at, `the file ${relative(root, path)} does not exist; it will fail when it runs`)];
}

async function readConfigSchema(
  path: string,
  ref: string,
  problems: LocatedProblem[],
): Promise<Located<Completed<"config_schema">> | undefined> {
  const metadata = await readMetadata(path, "config.schema.yaml", problems);
  if (!metadata) return undefined;
  const found = checkConfigSchema(metadata.value);
  metadata.report(found);
  if (hasErrors(found)) return undefined;
  // The cast: checked just above.
  return { resource: { pack: ref, attributes: metadata.value as Parameters }, at: metadata.at(), locate: metadata.at };
}

async function readConfig(
  path: string,
  ref: string,
  attributes: Parameters | undefined,
  problems: LocatedProblem[],
  options: ReadOptions,
): Promise<Located<Completed<"config">> | undefined> {
  const folder = options.configs ?? besidePacks(path, "configs");
  if (folder === undefined) return undefined;
  const metadata = await readMetadata(path, join(folder, `${ref}.yaml`), problems);
  if (!metadata) return undefined;
  // An empty file is a configuration without values.
  const values = metadata.value ?? {};
  const found = checkConfig(values, attributes, ref, metadata.file);
  metadata.report(found);
  if (hasErrors(found) || !isObject(values)) return undefined;
  return { resource: { pack: ref, values }, at: metadata.at(), locate: metadata.at };
}
