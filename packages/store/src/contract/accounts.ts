import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change } from "../changes.ts";
import { refused, type UseStore, write } from "./opened.ts";
import { anApiKey, anId, aToken, aUser, T0 } from "./samples.ts";

export function accountsContract(use: UseStore): void {
  describe("users", () => {
    const put = (name: string, given: Parameters<typeof aUser>[1] = {}): Change => ({
      kind: "user.put",
      user: aUser(name, given),
    });

    test("a user is found by name and written over under its id", async (t) => {
      const { store } = await use(t);
      await write(store, put("eva"), put("bob", { password: "$argon2id$x", roles: [] }));
      assert.deepEqual(await store.user("default", "eva"), aUser("eva"));
      assert.deepEqual(await store.users("default"), [
        aUser("bob", { password: "$argon2id$x", roles: [] }),
        aUser("eva"),
      ]);
      await write(store, put("eva", { enabled: false, roles: ["a", "b"] }));
      await write(store, put("bobby", { id: "id-of-bob" }));
      assert.deepEqual(await store.user("default", "eva"), aUser("eva", { enabled: false, roles: ["a", "b"] }));
      assert.equal(await store.user("default", "bob"), undefined);
      assert.deepEqual(
        (await store.users("default")).map(({ name }) => name),
        ["bobby", "eva"],
      );
    });

    test("a name belongs to one user of a project", async (t) => {
      const { store } = await use(t);
      await write(store, put("eva"), put("bob"), put("eva", { project: "other", id: "another" }));
      await refused(store, "exists", put("eva", { id: "another" }));
      await refused(store, "exists", put("eva", { id: "id-of-bob" }));
    });
  });

  describe("tokens", () => {
    const insert = (hash: string, given: Parameters<typeof aToken>[1] = {}): Change => ({
      kind: "token.insert",
      token: aToken(hash, given),
    });

    test("a token is found by its hash until it is deleted", async (t) => {
      const { store } = await use(t);
      await write(store, insert("one"), insert("two", { service: true, metadata: {}, project: "other" }));
      assert.deepEqual(await store.tokenByHash("one"), aToken("one"));
      assert.deepEqual(
        await store.tokenByHash("two"),
        aToken("two", { service: true, metadata: {}, project: "other" }),
      );
      await refused(store, "exists", insert("one", { id: "another", project: "other" }));
      await write(store, { kind: "token.delete", hash: "one" });
      await refused(store, "missing", { kind: "token.delete", hash: "one" });
      assert.equal(await store.tokenByHash("one"), undefined);
    });

    test("the collector finds expired tokens, oldest first", async (t) => {
      const { store } = await use(t);
      await write(
        store,
        insert("b", { expires: T0 + 2 }),
        insert("a", { expires: T0 + 1, project: "other" }),
        insert("c", { expires: T0 + 3 }),
      );
      const hashes = async (now: number, limit: number) =>
        (await store.expiredTokens(now, limit)).map(({ hash }) => hash);
      assert.deepEqual(await hashes(T0, 10), []);
      assert.deepEqual(await hashes(T0 + 2, 10), ["a", "b"]);
      assert.deepEqual(await hashes(T0 + 3, 1), ["a"]);
    });
  });

  describe("API keys", () => {
    const put = (n: number, given: Parameters<typeof anApiKey>[1] = {}): Change => ({
      kind: "apikey.put",
      key: anApiKey(n, given),
    });

    test("an API key is found by id and by hash, and written over under its id", async (t) => {
      const { store } = await use(t);
      await write(store, put(1), put(2));
      assert.deepEqual(await store.apiKey("default", anId(1)), anApiKey(1));
      assert.deepEqual(await store.apiKeyByHash("hash-2"), anApiKey(2));
      const changed = { enabled: false, metadata: { note: "x" }, hash: "new-hash" };
      await write(store, put(1, changed));
      assert.deepEqual(await store.apiKey("default", anId(1)), anApiKey(1, changed));
      assert.equal(await store.apiKeyByHash("hash-1"), undefined);
      await refused(store, "exists", put(3, { hash: "new-hash" }));
      await refused(store, "exists", put(1, { hash: "new-hash", project: "other" }));
    });

    test("API keys are listed oldest first, in pages", async (t) => {
      const { store } = await use(t);
      await write(store, put(3), put(1), put(2));
      const keys = [anApiKey(1), anApiKey(2), anApiKey(3)];
      assert.deepEqual(await store.apiKeys("default", {}), { items: keys });
      assert.deepEqual(await store.apiKeys("default", { limit: 1, offset: 1, count: true }), {
        items: [keys[1]],
        total: 3,
      });
      await write(store, { kind: "apikey.delete", project: "default", id: anId(2) });
      await refused(store, "missing", { kind: "apikey.delete", project: "default", id: anId(2) });
      assert.equal((await store.apiKeys("default", { limit: 0, count: true })).total, 2);
    });
  });
}
