import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change } from "../changes.ts";
import type { Store } from "../port.ts";
import { assertRefused, refused, type UseStore, write } from "./opened.ts";
import { aMember, aMove, anExecution, anId, insert } from "./samples.ts";

const evict = (id: string, beats: number): Change => ({ kind: "member.evict", id, beats });
const leave = (id: string): Change => ({ kind: "member.leave", id });
const take = (name: string, member: string): Change => ({ kind: "singleton.take", name, member });
const release = (name: string, member: string): Change => ({ kind: "singleton.release", name, member });

async function beatsOf(store: Store, id: string): Promise<number> {
  const found = (await store.members()).find((one) => one.id === id);
  assert.ok(found, `${id} is not present`);
  return found.beats;
}

export function membersContract(use: UseStore): void {
  describe("members", () => {
    test("a member is present from its first beat, and is what it said last", async (t) => {
      const { store } = await use(t);
      assert.deepEqual(await store.members(), []);
      assert.deepEqual(await store.beat(aMember("b")), { joined: true, canceling: [] });
      assert.deepEqual(await store.beat(aMember("a", { url: "http://a:1" })), { joined: true, canceling: [] });
      const busy = aMember("b", { state: { text: "nul \u0000 🦑", running: 3 }, labels: { site: "édge" } });
      assert.deepEqual(await store.beat(busy), { joined: false, canceling: [] });
      const expected = [aMember("a", { url: "http://a:1" }), busy];
      const present = await store.members();
      assert.deepEqual(
        present,
        expected.map((member, n) => ({ ...member, beats: present[n]?.beats, seen: present[n]?.seen })),
      );
    });

    test("the count grows with each beat, at the store's time", async (t) => {
      const { store } = await use(t);
      await store.beat(aMember("a"));
      const [first] = await store.members();
      await store.beat(aMember("a"));
      await store.beat(aMember("a"));
      const [third] = await store.members();
      assert.ok(first && third);
      assert.ok(third.beats > first.beats);
      assert.ok(third.seen >= first.seen);
      assert.ok(Math.abs(third.seen - Date.now() * 1000) < 3600e6, `${third.seen} are no microseconds`);
    });

    test("only a member that has not beaten since is evicted, and it joins again with its next beat", async (t) => {
      const { store } = await use(t);
      await refused(store, "missing", evict("a", 1));
      await store.beat(aMember("a"));
      const seen = await beatsOf(store, "a");
      await store.beat(aMember("a"));
      await refused(store, "stale", evict("a", seen));
      const last = await beatsOf(store, "a");
      await write(store, evict("a", last));
      assert.deepEqual(await store.members(), []);
      await refused(store, "missing", evict("a", last));
      assert.equal((await store.beat(aMember("a"))).joined, true);
      assert.equal((await store.beat(aMember("a"))).joined, false);
      // What somebody saw before it was evicted is no reason to evict it once more.
      await refused(store, "stale", evict("a", last));
    });

    test("of many who evict a member one does", async (t) => {
      const { store } = await use(t);
      await store.beat(aMember("a"));
      const seen = await beatsOf(store, "a");
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.commit([evict("a", seen)])));
      const [first, ...others] = outcomes.toSorted((a, b) => Number(b.ok) - Number(a.ok));
      assert.deepEqual(first, { ok: true });
      for (const one of others) assertRefused(one, "missing");
    });

    test("a member that leaves is gone, however often it leaves", async (t) => {
      const { store } = await use(t);
      await store.beat(aMember("a"));
      await store.beat(aMember("b"));
      await write(store, leave("a"), leave("a"));
      await write(store, leave("a"), leave("nobody"));
      assert.deepEqual(
        (await store.members()).map(({ id }) => id),
        ["b"],
      );
    });

    test("a list that is refused leaves its members where they were", async (t) => {
      const { store } = await use(t);
      await store.beat(aMember("a"));
      await write(store, take("sensor/x", "a"));
      await refused(store, "missing", leave("a"), take("sensor/x", "nobody"));
      assert.equal((await store.members()).length, 1);
      assert.deepEqual(await store.singletons(), [{ name: "sensor/x", member: "a" }]);
    });

    test("a beat names what is leased to the member and canceling", async (t) => {
      const { store } = await use(t);
      const running = (n: number, worker: string, project = "default") =>
        anExecution(n, { status: "running", lease: { worker }, project });
      await write(
        store,
        ...insert(running(1, "a"), running(2, "a", "other"), running(3, "b"), running(4, "a"), anExecution(5)),
        aMove(1, { from: ["running"], to: "canceling" }),
        aMove(2, { from: ["running"], to: "canceling", project: "other" }),
        aMove(3, { from: ["running"], to: "canceling" }),
        aMove(5, { from: ["requested"], to: "canceling" }),
      );
      const { canceling } = await store.beat(aMember("a"));
      assert.deepEqual(
        canceling.toSorted((x, y) => (x.id < y.id ? -1 : 1)),
        [
          { project: "default", id: anId(1) },
          { project: "other", id: anId(2) },
        ],
      );
      await write(store, aMove(1, { from: ["canceling"], to: "canceled", worker: "a" }));
      assert.deepEqual((await store.beat(aMember("a"))).canceling, [{ project: "other", id: anId(2) }]);
      assert.deepEqual((await store.beat(aMember("c"))).canceling, []);
    });

    test("what is leased to a worker that is not present is lost, over all projects", async (t) => {
      const { store } = await use(t);
      const running = (n: number, worker: string, project = "default") =>
        anExecution(n, { status: "running", lease: { worker }, project });
      await store.beat(aMember("here"));
      await store.beat(aMember("leaves"));
      await store.beat(aMember("evicted"));
      await write(
        store,
        ...insert(running(1, "here"), running(2, "leaves"), running(3, "evicted", "other"), running(4, "never")),
        ...insert(running(5, "never"), anExecution(6), anExecution(7, { status: "running" })),
        aMove(5, { from: ["running"], to: "failed" }),
      );
      const lost = async (limit = 100) => (await store.lostExecutions(limit)).map(({ id }) => id).toSorted();
      assert.deepEqual(await lost(), [anId(4)]);
      await write(store, leave("leaves"));
      assert.deepEqual(await lost(), [anId(2), anId(4)]);
      await write(store, evict("evicted", await beatsOf(store, "evicted")));
      assert.deepEqual(await lost(), [anId(2), anId(3), anId(4)]);
      assert.equal((await lost(2)).length, 2);
      assert.deepEqual(await lost(0), []);
      assert.deepEqual(
        (await store.lostExecutions(100)).find(({ id }) => id === anId(3)),
        running(3, "evicted", "other"),
      );
      await store.beat(aMember("never"));
      await write(store, aMove(2, { from: ["running"], to: "abandoned" }));
      assert.deepEqual(await lost(), [anId(3)]);
      await write(store, aMove(3, { project: "other", from: ["running"], to: "running", lease: { worker: "here" } }));
      assert.deepEqual(await lost(), []);
    });

    test("whoever has the store to itself begins without members, so that every lease is lost", async (t) => {
      const opened = await use(t);
      if (!opened.store.exclusive) return t.skip("this store is opened as one of several");
      await opened.store.beat(aMember("a"));
      const running = anExecution(1, { status: "running", lease: { worker: "a" } });
      await write(opened.store, take("sensor/x", "a"), ...insert(running));
      assert.deepEqual(await opened.store.lostExecutions(10), []);
      const store = await opened.reopen();
      assert.deepEqual([await store.members(), await store.singletons()], [[], []]);
      assert.deepEqual(await store.lostExecutions(10), [running]);
      assert.equal((await store.beat(aMember("a"))).joined, true);
      await write(store, take("sensor/x", "a"));
    });
  });

  describe("singletons", () => {
    test("one present member has a singleton until it gives it back", async (t) => {
      const { store } = await use(t);
      await refused(store, "missing", take("sensor/x", "a"));
      await store.beat(aMember("a"));
      await store.beat(aMember("b"));
      await write(store, take("sensor/x", "a"), take("sensor/y", "b"));
      await refused(store, "exists", take("sensor/x", "b"));
      await write(store, take("sensor/x", "a"));
      await write(store, release("sensor/x", "b"), release("nothing", "a"));
      assert.deepEqual(await store.singletons(), [
        { name: "sensor/x", member: "a" },
        { name: "sensor/y", member: "b" },
      ]);
      await write(store, release("sensor/x", "a"));
      await write(store, take("sensor/x", "b"));
    });

    test("they go with the member that leaves or is evicted", async (t) => {
      const { store } = await use(t);
      for (const id of ["a", "b", "c"]) await store.beat(aMember(id));
      await write(store, take("x", "a"), take("y", "b"), take("z", "c"));
      await write(store, leave("a"), evict("b", await beatsOf(store, "b")));
      assert.deepEqual(await store.singletons(), [{ name: "z", member: "c" }]);
      await refused(store, "missing", take("x", "a"));
      await write(store, take("x", "c"), take("y", "c"));
    });

    test("of many who take one at once one has it", async (t) => {
      const { store } = await use(t);
      const ids = Array.from({ length: 8 }, (_, n) => `m${n}`);
      for (const id of ids) await store.beat(aMember(id));
      const outcomes = await Promise.all(ids.map((id) => store.commit([take("sensor/x", id)])));
      assert.equal(outcomes.filter(({ ok }) => ok).length, 1);
      const [held] = await store.singletons();
      assert.equal(held?.member, ids[outcomes.findIndex(({ ok }) => ok)]);
    });
  });

  describe("the installation", () => {
    test("is the first that was offered, to everyone and for ever", async (t) => {
      const opened = await use(t);
      const first = { id: "one", seal: "s1" };
      const offers = await Promise.all([first, { id: "two", seal: "s2" }].map((one) => opened.store.installation(one)));
      const [kept] = offers;
      assert.deepEqual(offers, [kept, kept]);
      const store = await opened.reopen();
      assert.deepEqual(await store.installation({ id: "three", seal: "s3" }), kept);
    });
  });
}
