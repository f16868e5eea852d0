import { canonicalJson, type ResourceKind, type Resources, type Trigger } from "@squall/model";
import type { StoredResource } from "@squall/store";

export type Stored<K extends ResourceKind> = Extract<StoredResource, { kind: K }>;

/**
 * All content of all projects in memory, since every event and request reads it: by ref, by id, triggers by what they
 * were made from, and which rules use a trigger. Only committed content is put here.
 */
export interface Shelves {
  get<K extends ResourceKind>(project: string, kind: K, refOrId: string): Stored<K> | undefined;
  /** Sorted by ref. */
  list<K extends ResourceKind>(project: string, kind: K): readonly Resources[K][];
  put(resource: StoredResource): void;
  remove(project: string, kind: ResourceKind, id: string): StoredResource | undefined;
  /** The trigger of this type with these parameters. */
  triggerOf(project: string, type: string, parameters: unknown): Trigger | undefined;
  /** Ids of the rules on a trigger. */
  rulesOf(project: string, triggerRef: string): ReadonlySet<string>;
  projects(): string[];
}

interface Shelf {
  readonly byRef: Map<string, StoredResource>;
  readonly byId: Map<string, StoredResource>;
  sorted: readonly unknown[] | undefined;
}

const NONE: ReadonlySet<string> = new Set();

export function createShelves(): Shelves {
  const shelves = new Map<string, Map<ResourceKind, Shelf>>();
  const triggers = new Map<string, Trigger>();
  const rules = new Map<string, Set<string>>();

  const shelf = (project: string, kind: ResourceKind): Shelf => {
    let kinds = shelves.get(project);
    if (!kinds) shelves.set(project, (kinds = new Map<ResourceKind, Shelf>()));
    let found = kinds.get(kind);
    if (!found) kinds.set(kind, (found = { byRef: new Map(), byId: new Map(), sorted: undefined }));
    return found;
  };

  const forget = (old: StoredResource) => {
    if (old.kind === "trigger") triggers.delete(triggerKey(old.project, old.body.type, old.body.parameters));
    if (old.kind === "rule") {
      const key = `${old.project}\0${old.body.trigger.ref}`;
      const users = rules.get(key);
      users?.delete(old.id);
      if (users?.size === 0) rules.delete(key);
    }
  };

  return {
    get<K extends ResourceKind>(project: string, kind: K, refOrId: string) {
      const { byRef, byId } = shelf(project, kind);
      // Safe: a shelf holds one kind only.
      return (byRef.get(refOrId) ?? byId.get(refOrId)) as Stored<K> | undefined;
    },
    list<K extends ResourceKind>(project: string, kind: K) {
      const found = shelf(project, kind);
      found.sorted ??= [...found.byRef.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one.body);
      return found.sorted as readonly Resources[K][];
    },
    put(resource) {
      const found = shelf(resource.project, resource.kind);
      const old = found.byId.get(resource.id);
      if (old) {
        forget(old);
        if (old.ref !== resource.ref) found.byRef.delete(old.ref);
      }
      found.byRef.set(resource.ref, resource);
      found.byId.set(resource.id, resource);
      found.sorted = undefined;
      if (resource.kind === "trigger") {
        triggers.set(triggerKey(resource.project, resource.body.type, resource.body.parameters), resource.body);
      }
      if (resource.kind === "rule") {
        const key = `${resource.project}\0${resource.body.trigger.ref}`;
        const users = rules.get(key);
        if (users) users.add(resource.id);
        else rules.set(key, new Set([resource.id]));
      }
    },
    remove(project, kind, id) {
      const found = shelf(project, kind);
      const old = found.byId.get(id);
      if (!old) return undefined;
      forget(old);
      found.byId.delete(id);
      found.byRef.delete(old.ref);
      found.sorted = undefined;
      return old;
    },
    triggerOf: (project, type, parameters) => triggers.get(triggerKey(project, type, parameters)),
    rulesOf: (project, triggerRef) => rules.get(`${project}\0${triggerRef}`) ?? NONE,
    projects: () => [...shelves.keys()],
  };
}

function triggerKey(project: string, type: string, parameters: unknown): string {
  return `${project}\0${type}\0${canonicalJson(parameters)}`;
}
