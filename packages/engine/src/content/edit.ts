import { Conflict, type ResourceKind, type Resources } from "@squall/model";
import type { Change, StoredResource } from "@squall/store";
import type { EngineParts } from "../parts.ts";
import type { Shelves, Stored } from "./shelves.ts";

/** What becomes of one resource. */
export type Edited =
  | { readonly change: "create" | "update"; readonly resource: StoredResource; readonly old?: StoredResource }
  | { readonly change: "delete"; readonly resource: StoredResource };

/**
 * A set of edits that happens whole or not at all: later edits see earlier ones, nobody else does until it is durable.
 */
export interface Edit {
  readonly project: string;
  get<K extends ResourceKind>(kind: K, refOrId: string): Stored<K> | undefined;
  list<K extends ResourceKind>(kind: K): Resources[K][];
  /** Takes the place of a resource with the same id, or of one with the same ref, whose id it then gets. */
  put<K extends ResourceKind>(kind: K, body: Omit<Resources[K], "id"> & { id?: string }): Stored<K>;
  remove(kind: ResourceKind, id: string): void;
  edited(): readonly Edited[];
}

export function createEdit(parts: Pick<EngineParts, "newId">, shelves: Shelves, project: string): Edit {
  const edited = new Map<string, Edited>();
  const refs = new Map<string, string>();
  const key = (kind: ResourceKind, id: string) => `${kind}\0${id}`;

  const get = <K extends ResourceKind>(kind: K, refOrId: string): Stored<K> | undefined => {
    const own = edited.get(key(kind, refs.get(key(kind, refOrId)) ?? refOrId));
    if (own) return own.change === "delete" ? undefined : (own.resource as Stored<K>);
    const found = shelves.get(project, kind, refOrId);
    if (!found) return undefined;
    const touched = edited.get(key(kind, found.id));
    // Deleted here, or renamed here so that this ref no longer leads to it.
    return touched ? undefined : found;
  };

  return {
    project,
    get,
    list<K extends ResourceKind>(kind: K) {
      const kept = shelves.list(project, kind).filter((body) => !edited.has(key(kind, body.id)));
      const own = [...edited.values()].filter((one) => one.change !== "delete" && one.resource.kind === kind);
      return [...kept, ...own.map((one) => one.resource.body as Resources[K])];
    },
    put<K extends ResourceKind>(kind: K, body: Omit<Resources[K], "id"> & { id?: string }) {
      const { ref, pack, name } = addressOf(kind, body as Resources[K]);
      const old = (body.id && get(kind, body.id)) || get(kind, ref);
      const id = old?.id ?? body.id ?? parts.newId();
      // The cast: K ties kind and body together, which TypeScript cannot see through the union.
      const resource = {
        project,
        kind,
        id,
        ref,
        pack,
        name,
        body: { ...body, id },
        version: (old?.version ?? 0) + 1,
      } as unknown as Stored<K>;
      const before = edited.get(key(kind, id));
      const stored = before === undefined ? old : before.change === "update" ? before.old : undefined;
      edited.set(key(kind, id), stored ? { change: "update", resource, old: stored } : { change: "create", resource });
      refs.set(key(kind, ref), id);
      return resource;
    },
    remove(kind, id) {
      const found = get(kind, id);
      if (!found) return;
      const before = edited.get(key(kind, found.id));
      if (before?.change === "create") edited.delete(key(kind, found.id));
      else edited.set(key(kind, found.id), { change: "delete", resource: found });
    },
    edited: () => [...edited.values()],
  };
}

/** Makes the edits durable and then visible. Throws Conflict when the store holds something else than memory does. */
export async function commitEdit(
  parts: Pick<EngineParts, "store" | "bus">,
  shelves: Shelves,
  edit: Edit,
  more: readonly Change[] = [],
): Promise<readonly Edited[]> {
  const edited = edit.edited();
  if (edited.length === 0 && more.length === 0) return edited;
  const changes = edited.map(
    (one): Change =>
      one.change === "delete"
        ? { kind: "resource.delete", project: edit.project, resourceKind: one.resource.kind, id: one.resource.id }
        : {
            kind: "resource.put",
            resource: one.resource,
            expect: one.change === "update" ? (one.old?.version ?? 0) : 0,
          },
  );
  const done = await parts.store.commit([...changes, ...more]);
  if (!done.ok) {
    const one = edited[done.index]?.resource;
    throw new Conflict("content.conflict", {
      message: `Tried to save duplicate unique keys (${done.message})`,
      fields: one ? { "conflict-id": one.id } : {},
    });
  }
  for (const one of edited) {
    if (one.change === "delete") shelves.remove(edit.project, one.resource.kind, one.resource.id);
    else shelves.put(one.resource);
    const { kind, id, ref, project } = one.resource;
    parts.bus.publish({ topic: "resource", change: one.change, project, kind, id, ref });
  }
  return edited;
}

function addressOf<K extends ResourceKind>(kind: K, body: Resources[K]): { ref: string; pack: string; name: string } {
  const any = body as { ref?: string; pack?: string; name?: string };
  switch (kind) {
    case "pack":
      return { ref: any.ref ?? "", pack: any.ref ?? "", name: any.name ?? "" };
    case "runner_type":
      return { ref: any.name ?? "", pack: "", name: any.name ?? "" };
    case "config":
    case "config_schema":
      return { ref: any.pack ?? "", pack: any.pack ?? "", name: any.pack ?? "" };
    default:
      return { ref: any.ref ?? "", pack: any.pack ?? "", name: any.name ?? "" };
  }
}
