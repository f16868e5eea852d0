import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { aClaim, aKey, aMember } from "../contract/samples.ts";
import { write } from "../contract/opened.ts";
import type { Change } from "../changes.ts";
import type { Store } from "../port.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

const why = whyNoPostgres();

describe("a database that is one process's, or a cluster's", { skip: why ?? false, timeout: 120_000 }, () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres(["fsync=off", "full_page_writes=off"]);
  });
  after(() => server?.stop());

  const alone = (url: string) => openPostgresStore({ url });
  const member = (url: string) => openPostgresStore({ url, exclusive: false });
  const aWrite = (): Change[] => [{ kind: "key.put", key: aKey("a") }];
  const isTakenOver = { code: "store.taken-over" };
  /** As if the member had said nothing for so long. */
  const silence = (url: string, seconds: number) =>
    server.run(`update member set seen = seen - ${seconds} * 1000000::bigint`, url);
  const cutLock = () =>
    server.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'squall owner%'");

  /** The lock goes when the server has ended the process that held it. */
  async function free(open: () => Promise<Store>): Promise<Store> {
    for (;;) {
      try {
        return await open();
      } catch (error) {
        assert.equal((error as { code?: string }).code, "store.in-use"); // cast: asserted by it
      }
    }
  }

  test("nobody takes it for itself while a member is there, and who they are is said", async () => {
    const url = await server.newDatabase();
    await using a = await member(url);
    await a.beat(aMember("host-a.1"));
    await assert.rejects(alone(url), { code: "store.in-use", message: /members of a cluster \(host-a\.1\).*--bus/ });
    assert.deepEqual(
      (await a.members()).map(({ id }) => id),
      ["host-a.1"],
    );
    assert.deepEqual(await a.commit(aWrite()), { ok: true });
    // Nothing of the attempt keeps other members away.
    await using b = await member(url);
    assert.equal((await b.beat(aMember("host-b.1"))).joined, true);
    await write(a, { kind: "member.leave", id: "host-a.1" }, { kind: "member.leave", id: "host-b.1" });
    await using own = await alone(url);
    assert.equal(own.exclusive, true);
  });

  test("members whose beats stopped long ago keep nobody away, and write nothing when they wake", async () => {
    const url = await server.newDatabase();
    await using late = await member(url);
    await late.beat(aMember("late"));
    await silence(url, 9);
    await assert.rejects(alone(url), { code: "store.in-use" });
    await silence(url, 2);
    await using own = await alone(url);
    await assert.rejects(late.beat(aMember("late")), isTakenOver);
    await assert.rejects(late.commit(aWrite()), isTakenOver);
    await assert.rejects(late.claim(aClaim({ limit: 1 })), isTakenOver);
    assert.deepEqual(await own.members(), []);
    assert.deepEqual(await own.commit(aWrite()), { ok: true });
  });

  test("no member starts on one that a process has to itself", async () => {
    const url = await server.newDatabase();
    const own = await alone(url);
    await own.beat(aMember("own"));
    await assert.rejects(member(url), { code: "store.in-use", message: /has it to itself.*--bus/ });
    assert.deepEqual(await own.commit(aWrite()), { ok: true });
    await own[Symbol.asyncDispose]();
    await using a = await free(() => member(url));
    assert.deepEqual(await a.commit(aWrite()), { ok: true });
  });

  test("a process that has it to itself starts again at once after it was killed", async () => {
    const url = await server.newDatabase();
    await using killed = await alone(url);
    await killed.beat(aMember("killed"));
    await cutLock();
    await using again = await free(() => alone(url));
    assert.deepEqual(await again.members(), []);
    await assert.rejects(killed.commit(aWrite()), isTakenOver);
  });

  test("a process whose lock broke and whose database became a cluster's writes nothing and keeps no member away", async () => {
    const url = await server.newDatabase();
    await using own = await alone(url);
    await cutLock();
    await using a = await free(() => member(url));
    await a.beat(aMember("a"));
    await assert.rejects(own.commit(aWrite()), isTakenOver);
    await assert.rejects(own.beat(aMember("own")), isTakenOver);
    await using b = await free(() => member(url));
    assert.deepEqual(await b.commit(aWrite()), { ok: true });
    // Both are of one epoch.
    assert.deepEqual(await a.commit([{ kind: "key.put", key: aKey("b") }]), { ok: true });
  });

  test("of one that wants it for itself and many that want to share it, started at once, one side works", async (t) => {
    for (let round = 0; round < 5; round++) {
      const url = await server.newDatabase();
      const opened = await Promise.allSettled([member(url), alone(url), member(url)]);
      const stores = opened.map((one) => (one.status === "fulfilled" ? one.value : undefined));
      const works = await Promise.all(
        stores.map(async (store, n) =>
          store?.beat(aMember(`m${n}`)).then(
            () => true,
            () => false,
          ),
        ),
      );
      // A beat that was under way when the database changed hands may have come first; the next one may not.
      const last = await Promise.all(
        stores.map(
          async (store, n) =>
            works[n] &&
            store &&
            (await store.commit([{ kind: "key.put", key: aKey(`k${n}`) }]).then(
              () => true,
              () => false,
            )),
        ),
      );
      assert.ok(!(last[1] && (last[0] || last[2])), `round ${round}: ${JSON.stringify(last)}`);
      assert.ok(last.some(Boolean) || opened.every(({ status }) => status === "rejected"), JSON.stringify(last));
      t.diagnostic(JSON.stringify(last));
      for (const store of stores) await store?.[Symbol.asyncDispose]();
    }
  });
});
