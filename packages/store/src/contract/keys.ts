import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Key } from "@squall/model";
import type { Change } from "../changes.ts";
import type { KeyFilter } from "../port.ts";
import { refused, type UseStore, write } from "./opened.ts";
import { aKey, anId, T0 } from "./samples.ts";

const put = (key: Key, expect?: number): Change => ({ kind: "key.put", key, ...(expect !== undefined && { expect }) });
const remove = (name: string, expect?: number): Change => ({
  kind: "key.delete",
  project: "default",
  scope: "st2kv.system",
  user: "",
  name,
  ...(expect !== undefined && { expect }),
});

export function keysContract(use: UseStore): void {
  describe("keys", () => {
    test("a key comes back as it was given, by scope, owner and name", async (t) => {
      const { store } = await use(t);
      const system = aKey("same", { description: "d", value: "nul \u0000 ü" });
      const eva = aKey("same", { id: anId(2), scope: "st2kv.user", user: "eva", secret: true, expires: T0 + 9 });
      const bob = aKey("same", { id: anId(3), scope: "st2kv.user", user: "bob", value: "" });
      await write(store, put(system), put(eva), put(bob));
      assert.deepEqual(await store.key("default", "st2kv.system", "", "same", T0), system);
      assert.deepEqual(await store.key("default", "st2kv.user", "eva", "same", T0), eva);
      assert.deepEqual(await store.key("default", "st2kv.user", "bob", "same", T0), bob);
      assert.equal(await store.key("default", "st2kv.user", "", "same", T0), undefined);
      assert.equal(await store.key("default", "st2kv.system", "", "other", T0), undefined);
    });

    test("every write counts the version up, and compare-and-set names it", async (t) => {
      const { store } = await use(t);
      await refused(store, "missing", put(aKey("a"), 4));
      await write(store, put(aKey("a", { version: 77 }), 0));
      await refused(store, "exists", put(aKey("a"), 0));
      await refused(store, "stale", put(aKey("a"), 2));
      await write(store, put(aKey("a", { value: "second", expires: T0 + 5 }), 1));
      await write(store, put(aKey("a", { value: "third" })));
      assert.deepEqual(
        await store.key("default", "st2kv.system", "", "a", T0),
        aKey("a", { value: "third", version: 3 }),
      );
    });

    test("deleting needs the key, and the version that is expected", async (t) => {
      const { store } = await use(t);
      await refused(store, "missing", remove("a"));
      await refused(store, "missing", remove("a", 1));
      await write(store, put(aKey("a")), put(aKey("b")));
      await refused(store, "stale", remove("a", 2));
      await write(store, remove("a", 1), remove("b"));
      assert.deepEqual(await store.keys("default", {}, {}, T0), { items: [] });
    });

    test("an expired key is not there, whether or not it was collected", async (t) => {
      const { store } = await use(t);
      const fleeting = aKey("fleeting", { expires: T0 + 10 });
      await write(store, put(fleeting), put(aKey("lasting")));
      assert.deepEqual(await store.key("default", "st2kv.system", "", "fleeting", T0 + 9), fleeting);
      assert.equal(await store.key("default", "st2kv.system", "", "fleeting", T0 + 10), undefined);
      assert.equal((await store.keys("default", {}, { count: true }, T0 + 9)).total, 2);
      const later = await store.keys("default", {}, { count: true }, T0 + 10);
      assert.deepEqual(later, { items: [aKey("lasting")], total: 1 });
    });

    test("an expired key does not stand in the way of a new one, and its version never comes back", async (t) => {
      const { store } = await use(t);
      await write(store, put(aKey("a", { expires: T0 + 10 }), 0));
      await refused(store, "exists", put(aKey("a", { updated: T0 + 9 }), 0));
      await refused(store, "missing", put(aKey("a", { updated: T0 + 10 }), 1));
      await write(store, put(aKey("a", { updated: T0 + 10, value: "new" }), 0));
      const key = await store.key("default", "st2kv.system", "", "a", T0 + 11);
      assert.deepEqual([key?.value, key?.version, key?.expires], ["new", 2, undefined]);
    });

    test("the collector finds what expired, oldest first, and deletes it unless it was written since", async (t) => {
      const { store } = await use(t);
      const fleeting = (name: string, expires: number, project = "default") => aKey(name, { expires, project });
      await write(
        store,
        put(fleeting("b", T0 + 2)),
        put(fleeting("a", T0 + 1, "other")),
        put(fleeting("c", T0 + 3)),
        put(aKey("d")),
      );
      const names = async (now: number, limit: number) => (await store.expiredKeys(now, limit)).map((key) => key.name);
      assert.deepEqual(await names(T0, 10), []);
      assert.deepEqual(await names(T0 + 3, 10), ["a", "b", "c"]);
      assert.deepEqual(await names(T0 + 3, 2), ["a", "b"]);
      await write(store, put(fleeting("b", T0 + 100)));
      await refused(store, "stale", remove("b", 1));
      await write(store, remove("c", 1));
      assert.deepEqual(await names(T0 + 3, 10), ["a"]);
    });

    test("every filter, order, page and total of keys", async (t) => {
      const { store } = await use(t);
      const keys = ["a", "app", "app.one", "app.two", "apple", "b", "%", "app\u{10ffff}x", "Ünï"].flatMap((name, n) => [
        aKey(name, { id: anId(n) }),
        aKey(name, { id: anId(100 + n), scope: "st2kv.user", user: "bob" }),
        aKey(name, { id: anId(200 + n), scope: "st2kv.user", user: "eva" }),
      ]);
      await write(store, ...keys.map((key) => put(key)));
      const filters: readonly [KeyFilter, (key: Key) => boolean][] = [
        [{}, () => true],
        [{ scope: "st2kv.user" }, ({ scope }) => scope === "st2kv.user"],
        [{ user: "eva" }, ({ user }) => user === "eva"],
        [{ user: "" }, ({ user }) => user === ""],
        [
          { scope: "st2kv.user", user: "bob", prefix: "app." },
          ({ user, name }) => user === "bob" && name.startsWith("app."),
        ],
        [{ prefix: "app" }, ({ name }) => name.startsWith("app")],
        [{ prefix: "%" }, ({ name }) => name === "%"],
        [{ prefix: "" }, () => true],
        [{ prefix: "zzz" }, () => false],
        [{ name: "b" }, ({ name }) => name === "b"],
        [{ ids: [anId(1), anId(101), anId(9999)] }, ({ id }) => id === anId(1) || id === anId(101)],
        [{ ids: [] }, () => false],
      ];
      const ascending = keys.toSorted(
        (a, b) => compare(a.name, b.name) || compare(a.scope, b.scope) || compare(a.user, b.user),
      );
      for (const [filter, matches] of filters) {
        for (const order of [undefined, "ascending", "descending"] as const) {
          const matching = ascending.filter(matches);
          const all = order === "descending" ? matching.toReversed() : matching;
          for (const page of [{}, { limit: 2 }, { limit: 2, offset: 1 }, { offset: 3 }, { limit: 0 }]) {
            const offset = page.offset ?? 0;
            const expected = all.slice(offset, offset + (page.limit ?? 1e9));
            const query = { ...filter, ...(order && { order }) };
            const listed = await store.keys("default", query, { ...page, count: true }, T0);
            assert.deepEqual(listed, { items: expected, total: all.length }, JSON.stringify([filter, order, page]));
          }
        }
      }
    });
  });
}

/** By code points, as bytes of UTF-8 sort. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
