import { Conflict, Invalid, type JsonObject, NotFound, type ResourceKind } from "@squall/model";
import type { Code } from "../code/code.ts";
import type { Content } from "../engine.ts";
import { mergeParameters } from "../parameters/plan.ts";
import { basename } from "node:path";
import { digestPack, readPackFacts } from "@squall/packs";
import type { Change } from "@squall/store";
import type { EngineParts } from "../parts.ts";
import { commitEdit, createEdit, type Edit, type Edited } from "./edit.ts";
import { putDraft, removeFrom } from "./prepare.ts";
import { registerPack, tally } from "./register.ts";
import type { Shelves } from "./shelves.ts";
import type { ContentSync } from "./sync.ts";

/** Packs whose content is Squall's own: it changes with the program, not over the API. */
const SYSTEM_PACKS: ReadonlySet<string> = new Set(["core", "packs"]);

export interface ContentDeps {
  readonly parts: EngineParts;
  readonly shelves: Shelves;
  readonly code: Code;
  /** Told what changed once it is durable: rule index, sources. */
  readonly changed: (edited: readonly Edited[]) => void;
  readonly sync: ContentSync;
}

/** The content as its engine has it. */
export interface ContentWithin extends Content {
  /** Reads what others wrote to the store. Resolves when it is in memory. */
  catchUp(): Promise<void>;
  /** One edit after the other, each durable before it is seen. */
  edit<T>(project: string, change: (edit: Edit) => T | Promise<T>): Promise<T>;
}

/** Others may write the same at the same time: then what they wrote is read, and the edit is decided again. */
const ATTEMPTS = 5;

/** Content behind its door: one edit at a time, each durable before it is seen. */
export function createContent(deps: ContentDeps): ContentWithin {
  const { parts, shelves } = deps;
  let last: Promise<unknown> = Promise.resolve();

  /** Edits decide on what is in memory, so the next one begins after the last one ended. */
  const edit = <T>(project: string, change: (edit: Edit, more: Change[]) => T | Promise<T>): Promise<T> => {
    const run = last.then(async () => {
      for (let attempt = 1; ; attempt++) {
        const draft = createEdit(parts, shelves, project);
        const more: Change[] = [];
        const result = await change(draft, more);
        try {
          deps.changed(await commitEdit(parts, shelves, draft, more));
          return result;
        } catch (error) {
          const isOld = error instanceof Conflict && error.code === "content.conflict";
          if (!isOld || parts.store.exclusive || attempt === ATTEMPTS) throw error;
          deps.changed(await deps.sync.catchUp());
        }
      }
    });
    last = run.catch(() => undefined); // its caller has the error; the next edit does not depend on it
    return run;
  };

  /** Asked for and not begun: whoever asks meanwhile gets the same, so that a flood of them reads one after the other. */
  let asked: Promise<void> | undefined;
  const catchUp = (): Promise<void> => {
    if (parts.store.exclusive) return Promise.resolve();
    if (asked) return asked;
    const run = last.then(async () => {
      asked = undefined;
      deps.changed(await deps.sync.catchUp());
    });
    asked = run;
    last = run.catch(() => undefined); // whoever asked has the error
    return run;
  };

  return {
    catchUp,
    edit,
    list: (project, kind) => shelves.list(project, kind),
    get: (project, kind, refOrId) => shelves.get(project, kind, refOrId)?.body as never,
    put<K extends ResourceKind>(project: string, kind: K, draft: JsonObject, mode: "create" | "update" | "upsert") {
      return edit(project, (draftEdit) => {
        refuseSystem(kind, draft);
        const old = existing(draftEdit, kind, draft);
        if (mode === "create" && old) {
          throw new Conflict("content.exists", {
            message: `Tried to save duplicate unique keys (${kind} "${old.ref}" exists already; update it, or choose another name)`,
            fields: { "conflict-id": old.id },
          });
        }
        if (mode === "update" && !old) throw unknown(String(draft.ref ?? draft.id ?? draft.name));
        const identity = mode === "create" ? without(draft, ["id", "uid"]) : { ...draft, id: old?.id };
        return putDraft(draftEdit, shelves, kind, identity);
      });
    },
    async delete(project, kind, refOrId) {
      await edit(project, (draft) => {
        const found = draft.get(kind, refOrId);
        if (!found) throw unknown(refOrId);
        refuseSystem(kind, found.body);
        removeFrom(draft, shelves, kind, found.id);
      });
    },
    async register(project, directories, types) {
      const results = [];
      for (const directory of directories) {
        results.push(
          await edit(project, (draft, more) =>
            registerPack({ edit: draft, shelves, code: deps.code, more }, directory, types),
          ),
        );
      }
      return tally(results);
    },
    async unregister(project, pack) {
      await edit(project, (draft) => {
        if (!draft.get("pack", pack)) throw unknown(pack);
        refuseSystem("pack", { pack });
        for (const kind of [
          "rule",
          "action",
          "sensor_type",
          "action_alias",
          "policy",
          "config_schema",
          "config",
          "trigger_type",
        ] as const) {
          for (const body of draft.list(kind)) if (body.pack === pack) removeFrom(draft, shelves, kind, body.id);
        }
        removeFrom(draft, shelves, "pack", draft.get("pack", pack)?.id ?? "");
      });
    },
    async codeOf(project, ref, archive) {
      using held = await deps.code.hold(project, ref, archive);
      return held?.path;
    },
    async registerKept(project, ref, types) {
      const pack = shelves.get(project, "pack", ref)?.body;
      if (!pack) throw unknown(ref);
      using held = await deps.code.hold(project, ref);
      const folder = held?.path ?? pack.path;
      return tally([
        await edit(project, (draft, more) =>
          registerPack({ edit: draft, shelves, code: deps.code, more, kept: pack }, folder, types),
        ),
      ]);
    },
    async announce(project, directory) {
      const { pack } = await edit(project, async (draft, more) => {
        const known = draft.get("pack", (await readPackFacts(directory, basename(directory))).ref)?.body;
        const installing = known?.installing ?? known?.archive ?? "";
        return registerPack({ edit: draft, shelves, code: deps.code, more, installing }, directory, ["pack"]);
      });
      return pack;
    },
    async refresh(project, ref, folder) {
      await edit(project, async (draft, more) => {
        const pack = draft.get("pack", ref)?.body;
        if (!pack) throw unknown(ref);
        const [{ files, digest }, archive] = await Promise.all([digestPack(folder), deps.code.archive(folder)]);
        if (archive) more.push({ kind: "archive.keep", ...archive });
        draft.put("pack", {
          ...pack,
          path: folder,
          files: [...files],
          digest,
          ...(archive && { archive: archive.digest }),
        });
      });
    },
    isHere: (pack) => deps.code.isHere(pack),
    sharesCode: parts.code !== undefined,
    parametersOf(project, action) {
      const runner = shelves.get(project, "runner_type", action.runner_type.replaceAll("_", "-"))?.body;
      return mergeParameters(runner?.runner_parameters ?? {}, action.parameters);
    },
  };
}

function existing<K extends ResourceKind>(
  edit: Edit,
  kind: K,
  draft: JsonObject,
): { id: string; ref: string } | undefined {
  if (typeof draft.id === "string") {
    const found = edit.get(kind, draft.id);
    if (found) return found;
  }
  if (kind === "pack" || kind === "runner_type") return edit.get(kind, String(draft.ref ?? draft.name));
  if (kind === "config" || kind === "config_schema") return edit.get(kind, String(draft.pack));
  return edit.get(kind, `${typeof draft.pack === "string" ? draft.pack : "default"}.${String(draft.name)}`);
}

function refuseSystem(kind: ResourceKind, draft: JsonObject): void {
  // What is enabled is the operator's decision for every runner; the rest of these belongs to the program.
  if (kind === "runner_type" || kind === "config" || kind === "trigger") return;
  if (typeof draft.pack === "string" && SYSTEM_PACKS.has(draft.pack)) {
    throw new Invalid("content.system-pack", {
      message: `Resources belonging to system level packs can't be manipulated (pack "${draft.pack}"); clone it into a pack of your own`,
    });
  }
}

function unknown(refOrId: string): NotFound {
  return new NotFound("content.not-found", { message: `Resource with a reference or id "${refOrId}" not found` });
}

function without(draft: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(draft).filter(([name]) => !names.includes(name)));
}
