import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import pg from "pg";
import type { Change } from "../changes.ts";
import { write } from "../contract/opened.ts";
import { aMember, aMove, anAction, anEvent, anExecution, anId, insert } from "../contract/samples.ts";
import type { Store } from "../port.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

const why = whyNoPostgres();
const take = (name: string, member: string): Change => ({ kind: "singleton.take", name, member });
const release = (name: string, member: string): Change => ({ kind: "singleton.release", name, member });

describe("several processes on one PostgreSQL", { skip: why ?? false, timeout: 120_000 }, () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres(["fsync=off", "full_page_writes=off"]);
  });
  after(() => server.stop());

  async function shared(t: TestContext, count: number): Promise<{ stores: [Store, Store, ...Store[]]; url: string }> {
    const url = await server.newDatabase();
    const stores = await Promise.all(Array.from({ length: count }, () => openPostgresStore({ url, exclusive: false })));
    t.after(() => Promise.all(stores.map((store) => store[Symbol.asyncDispose]())));
    return { stores: stores as [Store, Store, ...Store[]], url }; // cast: no fewer are asked for
  }

  test("see each other's members and what they hold", async (t) => {
    const { stores } = await shared(t, 2);
    const [a, b] = stores;
    assert.equal((await a.beat(aMember("a"))).joined, true);
    assert.equal((await b.beat(aMember("b"))).joined, true);
    await write(a, take("sensor/x", "a"));
    assert.deepEqual(await a.members(), await b.members());
    assert.deepEqual(await b.singletons(), [{ name: "sensor/x", member: "a" }]);
    assert.equal((await b.commit([take("sensor/x", "b")])).ok, false);
  });

  test("an eviction and a beat that meet: either the eviction is refused or the beat joins again", async (t) => {
    const { stores } = await shared(t, 2);
    const [a, b] = stores;
    await a.beat(aMember("a"));
    let evictions = 0;
    for (let round = 0; round < 60; round++) {
      const seen = (await b.members())[0]?.beats ?? 0;
      const [evicted, beaten] = await Promise.all([
        b.commit([{ kind: "member.evict", id: "a", beats: seen }]),
        a.beat(aMember("a")),
      ]);
      const present = await b.members();
      if (!evicted.ok) assert.deepEqual([evicted.reason, beaten.joined, present.length], ["stale", false, 1]);
      else {
        evictions++;
        assert.deepEqual([beaten.joined, present.length], [true, 1]);
      }
    }
    t.diagnostic(`${evictions} of 60 evictions came first`);
  });

  test("a singleton has one holder at any moment, whoever takes, gives back, leaves and is evicted", async (t) => {
    const { stores, url } = await shared(t, 3);
    const ids = ["a", "b", "c"];
    for (const [n, store] of stores.entries()) await store.beat(aMember(ids[n] ?? ""));
    const work = async (store: Store, id: string): Promise<void> => {
      for (let n = 0; n < 15; ) {
        if (!(await store.commit([take("sensor/x", id)])).ok) continue;
        n++;
        const holder = await store.singletons();
        assert.deepEqual(holder, [{ name: "sensor/x", member: id }]);
        if (n % 3 === 0) {
          await write(store, { kind: "member.leave", id });
          assert.equal((await store.beat(aMember(id))).joined, true);
        } else await write(store, release("sensor/x", id));
      }
    };
    await Promise.all(stores.map((store, n) => work(store, ids[n] ?? "")));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    assert.equal((await client.query("select 1 from singleton")).rowCount, 0);
    await client.end();
  });

  test("a beat comes through while the writer waits and every reading connection is busy", async (t) => {
    const { stores, url } = await shared(t, 2);
    const [a, b] = stores;
    await write(a, ...insert(anExecution(1, { status: "running", lease: { worker: "a" } })));
    await a.beat(aMember("a"));
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query("begin");
    await holder.query("lock table event in access exclusive mode");
    const canceling = a.commit([
      aMove(1, { from: ["running"], to: "canceling" }),
      { kind: "event.insert", event: anEvent(1) },
    ]);
    const reading = Array.from({ length: 20 }, () => a.events("default", {}, {}));
    const before = (await b.members())[0]?.beats ?? 0;
    for (let n = 0; n < 5; n++) await a.beat(aMember("a"));
    assert.equal((await b.members())[0]?.beats, before + 5);
    await holder.query("rollback");
    await holder.end();
    assert.deepEqual(await canceling, { ok: true });
    await Promise.all(reading);
    assert.deepEqual((await a.beat(aMember("a"))).canceling, [{ project: "default", id: anId(1) }]);
  });

  test("that a member joined is said although the answer to the beat that did it was lost", async (t) => {
    const { stores } = await shared(t, 2);
    const [a, b] = stores;
    await a.beat(aMember("a"));
    await write(b, { kind: "member.leave", id: "a" });
    // As if the answer had not come: the row is there again, and this process was not told.
    await b.beat(aMember("a"));
    assert.equal((await a.beat(aMember("a"))).joined, true);
    assert.equal((await a.beat(aMember("a"))).joined, false);
  });

  test("whoever reads on from the last revision misses no change of content, however many write at once", async (t) => {
    const { stores } = await shared(t, 3);
    const [reader, ...writers] = stores;
    const ROUNDS = 60;
    const seen = new Map<string, number>();
    let revision = 0;
    const read = async (): Promise<void> => {
      const since = await reader.contentSince(revision);
      assert.ok(since.revision >= revision, "the revision went back");
      revision = since.revision;
      for (const { id, resource } of since.changes) seen.set(id, resource?.version ?? -1);
    };
    const over = new AbortController();
    const isOver = over.signal;
    const work = async (store: Store, who: number): Promise<void> => {
      for (let n = 0; n < ROUNDS; n++) {
        // Lists of one turn are one transaction; one of them is of another size each time, so that they end out of order.
        const more = Array.from({ length: n % 7 }, (_, at) => anExecution(who * 10_000 + n * 10 + at));
        const name = `w${who}-${n % 5}`;
        await Promise.all([
          write(store, { kind: "resource.put", resource: anAction(name) }, ...insert(...more)),
          write(store, { kind: "resource.put", resource: anAction(`w${who}-only-${n}`) }),
          store.commit([{ kind: "resource.put", resource: anAction("of-all") }]),
        ]);
      }
    };
    const reading = async (): Promise<void> => {
      while (!isOver.aborted) await read();
      await read();
    };
    await Promise.all([reading(), Promise.all(writers.map(work)).finally(() => over.abort())]);
    const expected = new Map((await reader.resources("default", "action")).map(({ id, version }) => [id, version]));
    assert.equal(expected.size, writers.length * (5 + ROUNDS) + 1);
    assert.deepEqual(seen, expected);
  });

  test("a member of a process that was taken over comes back no more", async () => {
    const url = await server.newDatabase();
    await using first = await openPostgresStore({ url });
    await first.beat(aMember("a"));
    await write(first, ...insert(anExecution(1, { status: "running", lease: { worker: "a" } })));
    await server.run(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'squall owner%'",
    );
    await using second = await takeOver(url);
    await assert.rejects(first.beat(aMember("a")), { code: "store.taken-over" });
    assert.deepEqual(await second.members(), []);
    assert.equal((await second.lostExecutions(10)).length, 1);
  });

  /** The lock goes when the server has ended the process that held it. */
  async function takeOver(url: string): Promise<Store> {
    for (;;) {
      try {
        return await openPostgresStore({ url });
      } catch (error) {
        assert.equal((error as { code?: string }).code, "store.in-use"); // cast: asserted by it
      }
    }
  }
});
