import { join } from "node:path";
import { isObject, type JsonObject } from "@squall/model";
import { checkDraft, checkFields, checkValue, type Field } from "./check/fields.ts";
import { didYouMean, hasErrors, type Problem, warning } from "./check/problem.ts";
import { type LocatedProblem, type Metadata, readMetadata } from "./metadata-file.ts";
import type { Located, PackContent } from "./read-pack.ts";

/** The file whose defaults count for every pack. */
const GLOBAL = "_global";
const TYPES = ["actions", "sensors", "rules", "aliases"] as const;
type OverriddenType = (typeof TYPES)[number];

interface Section {
  readonly defaults?: { readonly enabled?: boolean };
  readonly exceptions?: Readonly<Record<string, { readonly enabled?: boolean }>>;
}

/** What switches content on and off without editing packs, most general first (model reference 2.3). */
export interface Overrides {
  readonly general: Partial<Record<OverriddenType, Section>>;
  readonly pack: Partial<Record<OverriddenType, Section>>;
  /** Says something about the pack's own file; absent when there is none. */
  readonly report?: (problems: readonly Problem[]) => void;
}

/** Reads `_global.yaml` and `<pack>.yaml` of a folder. A file with errors is left out, with problems that say why. */
export async function readOverrides(
  folder: string | undefined,
  pack: string,
  problems: LocatedProblem[],
): Promise<Overrides> {
  if (folder === undefined) return { general: {}, pack: {} };
  const [general, own] = [
    await readMetadata(folder, join(folder, `${GLOBAL}.yaml`), problems),
    await readMetadata(folder, join(folder, `${pack}.yaml`), problems),
  ];
  return {
    general: sections(general, false),
    pack: sections(own, true),
    ...(own ? { report: own.report } : {}),
  };
}

const ENABLED: Field = { type: "object", fields: { enabled: { type: "boolean", required: true } } };

function sections(metadata: Metadata | undefined, exceptions: boolean): Partial<Record<OverriddenType, Section>> {
  // An empty file overrides nothing.
  if (!metadata || metadata.value === null) return {};
  const section: Field = {
    type: "object",
    fields: {
      defaults: ENABLED,
      ...(exceptions
        ? {
            exceptions: {
              type: "object",
              check: (named: JsonObject, path) =>
                Object.entries(named).flatMap(([name, one]) => checkValue(one, ENABLED, [...path, name])),
            } satisfies Field,
          }
        : {}),
    },
  };
  const found = checkDraft(metadata.value, (draft) =>
    checkFields(draft, Object.fromEntries(TYPES.map((type) => [type, section]))),
  );
  metadata.report(found);
  // The cast: checked just above.
  return hasErrors(found) ? {} : (metadata.value as Partial<Record<OverriddenType, Section>>);
}

/** The content with `enabled` as the overrides want it: the general default, then the pack's, then its exceptions. */
export function applyOverrides(content: PackContent, overrides: Overrides): PackContent {
  const overridden: Record<string, number> = {};
  const apply = <T extends { readonly name: string; readonly enabled: boolean }>(
    type: OverriddenType,
    all: readonly Located<T>[],
  ): readonly Located<T>[] => {
    const own = overrides.pack[type];
    const exceptions = isObject(own?.exceptions) ? own.exceptions : {};
    const names = all.map((one) => one.resource.name);
    overrides.report?.(
      Object.keys(exceptions)
        .filter((name) => !names.includes(name))
        .map((name) =>
          warning([type, "exceptions", name], `the pack has no '${name}' among its ${type}${didYouMean(name, names)}`),
        ),
    );
    return all.map((one) => {
      const { name } = one.resource;
      const exception = Object.hasOwn(exceptions, name) ? exceptions[name]?.enabled : undefined;
      const enabled = exception ?? own?.defaults?.enabled ?? overrides.general[type]?.defaults?.enabled;
      if (enabled === undefined || enabled === one.resource.enabled) return one;
      overridden[type] = (overridden[type] ?? 0) + 1;
      return { ...one, resource: { ...one.resource, enabled } };
    });
  };
  return {
    ...content,
    actions: apply("actions", content.actions),
    sensors: apply("sensors", content.sensors),
    rules: apply("rules", content.rules),
    aliases: apply("aliases", content.aliases),
    overridden,
  };
}
