import type { EngineParts } from "../parts.ts";
import type { Edited } from "./edit.ts";
import type { Shelves } from "./shelves.ts";

/** Brings the content in memory up to what others wrote. */
export interface ContentSync {
  /** What is in memory is the content of this revision or newer; called before the first reading. */
  begin(): Promise<void>;
  /** Reads what changed since. Not at the same time as an edit of this process: what that commits would be overwritten. */
  catchUp(): Promise<readonly Edited[]>;
}

export function createContentSync(parts: Pick<EngineParts, "store">, shelves: Shelves): ContentSync {
  let revision = -1;
  return {
    async begin() {
      ({ revision } = await parts.store.contentSince(-1));
    },
    async catchUp() {
      const found = await parts.store.contentSince(revision);
      const edited: Edited[] = [];
      for (const { project, kind, id, resource } of found.changes) {
        const old = shelves.get(project, kind, id);
        if (resource === undefined) {
          const removed = shelves.remove(project, kind, id);
          if (removed) edited.push({ change: "delete", resource: removed });
          continue;
        }
        if (old !== undefined && old.version >= resource.version && old.ref === resource.ref) continue; // our own
        // Another one with its ref went in the same revision or before; the one that is there now counts.
        const other = shelves.get(project, kind, resource.ref);
        if (other !== undefined && other.id !== id) {
          const removed = shelves.remove(project, kind, other.id);
          if (removed) edited.push({ change: "delete", resource: removed });
        }
        shelves.put(resource);
        edited.push(old === undefined ? { change: "create", resource } : { change: "update", resource, old });
      }
      revision = found.revision;
      return edited;
    },
  };
}
