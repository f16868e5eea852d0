import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change, StoredResource } from "../changes.ts";
import { refused, type UseStore, write } from "./opened.ts";
import { anAction, aSnapshot, aTimer, T0 } from "./samples.ts";

const put = (resource: StoredResource, expect?: number): Change => ({
  kind: "resource.put",
  resource,
  ...(expect !== undefined && { expect }),
});
const remove = (id: string, expect?: number): Change => ({
  kind: "resource.delete",
  project: "default",
  resourceKind: "action",
  id,
  ...(expect !== undefined && { expect }),
});

export function resourcesContract(use: UseStore): void {
  describe("resources", () => {
    test("resources of a kind are listed by ref, with their bodies and the store's version", async (t) => {
      const { store } = await use(t);
      const config = { id: "c", pack: "examples", values: { a: [1, "ü"] } };
      await write(
        store,
        put(anAction("b")),
        put(anAction("a")),
        put({
          project: "default",
          kind: "config",
          id: "c",
          ref: "examples",
          pack: "examples",
          name: "examples",
          version: 7,
          body: config,
        }),
      );
      assert.deepEqual(await store.resources("default", "action"), [
        { ...anAction("a"), version: 1 },
        { ...anAction("b"), version: 1 },
      ]);
      assert.deepEqual((await store.resources("default", "config"))[0]?.body, config);
      assert.deepEqual(await store.resources("default", "rule"), []);
    });

    test("writing replaces the body and counts the version up", async (t) => {
      const { store } = await use(t);
      await write(store, put(anAction("a"), 0));
      await write(store, put(anAction("a", { description: "second" }), 1));
      await write(store, put(anAction("a", { description: "third" })));
      const [resource] = await store.resources("default", "action");
      assert.deepEqual(resource, { ...anAction("a", { description: "third" }), version: 3 });
    });

    test("a resource can take another ref under its id", async (t) => {
      const { store } = await use(t);
      await write(store, put(anAction("old", { id: "one" })), put(anAction("new", { id: "one" }), 1));
      const refs = (await store.resources("default", "action")).map((resource) => resource.ref);
      assert.deepEqual(refs, ["examples.new"]);
    });

    test("what is written over must be what the caller expects", async (t) => {
      const { store } = await use(t);
      await refused(store, "missing", put(anAction("a"), 1));
      await write(store, put(anAction("a"), 0));
      await refused(store, "exists", put(anAction("a"), 0));
      await refused(store, "stale", put(anAction("a"), 2));
      await refused(store, "exists", put(anAction("a", { id: "another" })));
      await refused(store, "exists", put(anAction("a", { id: "another" }), 0));
      assert.equal((await store.resources("default", "action"))[0]?.version, 1);
    });

    test("deleting needs the resource, and the version that is expected", async (t) => {
      const { store } = await use(t);
      await write(store, put(anAction("a")), put(anAction("b")));
      await refused(store, "missing", remove("nobody"));
      await refused(store, "missing", remove("nobody", 1));
      await refused(store, "stale", remove("id-of-a", 2));
      await write(store, remove("id-of-a", 1), remove("id-of-b"));
      assert.deepEqual(await store.resources("default", "action"), []);
      await write(store, put(anAction("a"), 0));
      assert.equal((await store.resources("default", "action"))[0]?.version, 1);
    });
  });

  describe("snapshots", () => {
    const keep = (digest: string, description: string): Change => ({
      kind: "snapshot.keep",
      project: "default",
      digest,
      snapshot: aSnapshot(description),
    });

    test("a snapshot is kept once: keeping it again is nothing", async (t) => {
      const opened = await use(t);
      await write(opened.store, keep("one", "first"), keep("one", "first"));
      await write(opened.store, keep("one", "first"));
      const store = await opened.reopen();
      await write(store, keep("one", "first"), keep("two", "second"));
      assert.deepEqual(await store.snapshot("default", "one"), aSnapshot("first"));
      assert.equal(await store.snapshot("default", "three"), undefined);
    });

    test("several are read at once, leaving out those that are not there", async (t) => {
      const { store } = await use(t);
      await write(store, keep("one", "first"), keep("two", "second"));
      const found = await store.snapshots("default", ["two", "three", "one", "two"]);
      assert.deepEqual([...found.keys()].sort(), ["one", "two"]);
      assert.deepEqual(found.get("two"), aSnapshot("second"));
      assert.equal((await store.snapshots("default", [])).size, 0);
    });
  });

  describe("timers", () => {
    const timer = (given: Parameters<typeof aTimer>[1], expect?: number): Change => ({
      kind: "timer.put",
      timer: aTimer("a", given),
      ...(expect !== undefined && { expect }),
    });

    test("a timer is written over by whoever knows its version", async (t) => {
      const { store } = await use(t);
      await refused(store, "missing", timer({}, 3));
      await write(store, timer({}, 0), { kind: "timer.put", timer: aTimer("b") });
      await refused(store, "exists", timer({}, 0));
      await refused(store, "stale", timer({}, 2));
      await write(store, timer({ last: T0 + 5, next: T0 + 6 }, 1));
      assert.deepEqual(await store.timers("default"), [
        aTimer("a", { last: T0 + 5, next: T0 + 6, version: 2 }),
        aTimer("b"),
      ]);
    });

    test("a timer without a next time has none", async (t) => {
      const { store } = await use(t);
      const { next: _, ...spent } = aTimer("a");
      await write(store, { kind: "timer.put", timer: spent });
      assert.deepEqual(await store.timers("default"), [spent]);
    });

    test("a deleted timer is gone, and cannot be deleted twice", async (t) => {
      const { store } = await use(t);
      await write(store, timer({}));
      await write(store, { kind: "timer.delete", project: "default", trigger: "a" });
      await refused(store, "missing", { kind: "timer.delete", project: "default", trigger: "a" });
      assert.deepEqual(await store.timers("default"), []);
    });
  });
}
