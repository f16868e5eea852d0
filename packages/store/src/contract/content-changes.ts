import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change, StoredResource } from "../changes.ts";
import { refused, type UseStore, write } from "./opened.ts";
import { anAction, anExecution, insert } from "./samples.ts";

const put = (resource: StoredResource, expect?: number): Change => ({
  kind: "resource.put",
  resource,
  ...(expect !== undefined && { expect }),
});
const remove = (name: string, project = "default"): Change => ({
  kind: "resource.delete",
  project,
  resourceKind: "action",
  id: `id-of-${name}`,
});
const changed = (name: string, version: number, given: Parameters<typeof anAction>[1] = {}) => {
  const resource = { ...anAction(name, given), version };
  return { project: resource.project, kind: "action", id: resource.id, resource } as const;
};
const gone = (name: string) => ({ project: "default", kind: "action", id: `id-of-${name}` }) as const;

export function contentChangesContract(use: UseStore): void {
  describe("changes of content", () => {
    test("are told after a revision, each resource once, as it is now, in the order of its last change", async (t) => {
      const opened = await use(t);
      const { store } = opened;
      const empty = await store.contentSince(-1);
      assert.deepEqual(empty, { revision: 0, changes: [] });
      assert.deepEqual(await store.contentSince(0), empty);
      await write(store, put(anAction("a")), put(anAction("b")), put(anAction("a", { project: "other" })));
      const first = await store.contentSince(0);
      assert.deepEqual(first.changes, [changed("a", 1), changed("b", 1), changed("a", 1, { project: "other" })]);
      assert.deepEqual(await store.contentSince(-1), { revision: first.revision, changes: [] });
      assert.deepEqual(await store.contentSince(first.revision), { revision: first.revision, changes: [] });
      await write(store, put(anAction("c")));
      await write(store, put(anAction("b", { description: "new" })), remove("a"));
      const second = await store.contentSince(first.revision);
      assert.deepEqual(second.changes, [changed("c", 1), changed("b", 2, { description: "new" }), gone("a")]);
      assert.ok(second.revision > first.revision);
      const again = await opened.reopen();
      assert.deepEqual(await again.contentSince(first.revision), second);
      await write(again, put(anAction("a")));
      assert.deepEqual((await again.contentSince(second.revision)).changes, [changed("a", 1)]);
    });

    test("what was refused or is no content changes no revision", async (t) => {
      const { store } = await use(t);
      await write(store, put(anAction("a")));
      const { revision } = await store.contentSince(-1);
      await write(store, ...insert(anExecution(1)));
      await refused(store, "stale", put(anAction("b")), put(anAction("a"), 7));
      await refused(store, "missing", remove("nobody"));
      assert.deepEqual(await store.contentSince(revision), { revision, changes: [] });
    });
  });
}
