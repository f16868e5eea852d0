import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXECUTION_STATUSES } from "@squall/model";
import type { Claim } from "../port.ts";
import { type UseStore, write } from "./opened.ts";
import { aClaim, aMove, anExecution, anId, insert, T0 } from "./samples.ts";

const NOW = T0 + 1000;
const ask = (given: Partial<Claim> = {}): Claim => aClaim({ now: NOW, ...given });

export function claimContract(use: UseStore): void {
  describe("claim", () => {
    test("claims the due ones of its lane, oldest due first within each project", async (t) => {
      const { store } = await use(t);
      await write(
        store,
        ...insert(
          anExecution(1, { due: T0 + 30 }),
          anExecution(2, { due: T0 + 10, project: "other" }),
          anExecution(3, { due: T0 + 20, status: "scheduled" }),
          anExecution(4, { due: NOW, status: "delayed" }),
          anExecution(5, { due: NOW + 1, status: "delayed" }),
          anExecution(6, { due: T0, lane: "process" }),
          anExecution(7, { due: T0 + 10 }),
        ),
      );
      const claim = async (limit: number) => (await store.claim(ask({ limit }))).map(({ id }) => id);
      assert.deepEqual(await claim(0), []);
      assert.deepEqual(await claim(3), [anId(7), anId(2), anId(3)]);
      assert.deepEqual(await claim(10), [anId(1), anId(4)]);
      assert.deepEqual(await claim(10), []);
      assert.deepEqual(
        (await store.claim(ask({ lane: "process" }))).map(({ id }) => id),
        [anId(6)],
      );
    });

    test("a claimed execution is running under the lease, durably, and its log says how it came there", async (t) => {
      const opened = await use(t);
      await write(opened.store, ...insert(anExecution(1), anExecution(2, { status: "scheduled" })));
      const claimed = await opened.store.claim(ask());
      const log = [{ status: "requested", timestamp: T0 + 1 }] as const;
      const running = { status: "running", timestamp: NOW } as const;
      const expected = [
        anExecution(1, {
          status: "running",
          lease: { worker: "w" },
          log: [...log, { status: "scheduled", timestamp: NOW }, running],
        }),
        anExecution(2, {
          status: "running",
          lease: { worker: "w" },
          log: [{ status: "requested", timestamp: T0 + 2 }, running],
        }),
      ];
      assert.deepEqual(claimed, expected);
      const store = await opened.reopen();
      assert.deepEqual((await store.executions("default", { order: "ascending" }, {})).items, expected);
    });

    test("only waiting statuses are claimed", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(...EXECUTION_STATUSES.map((status, n) => anExecution(n, { status }))));
      const claimed = await store.claim(ask());
      assert.deepEqual(
        new Set(claimed.map(({ id }) => EXECUTION_STATUSES[Number.parseInt(id, 16)])),
        new Set(["delayed", "requested", "scheduled"]),
      );
    });

    test("no execution is claimed twice, however many claim at once", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(...Array.from({ length: 40 }, (_, n) => anExecution(n))));
      const claims = await Promise.all(
        Array.from({ length: 12 }, (_, n) => store.claim(ask({ limit: 4, worker: `w${n}` }))),
      );
      const ids = claims.flat().map(({ id }) => id);
      assert.equal(ids.length, 40);
      assert.equal(new Set(ids).size, 40);
    });

    test("a claim stands in the same order as commits: a cancel before it wins, one after it is refused", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1), anExecution(2)));
      const [before, claimed, after] = await Promise.all([
        store.commit([aMove(1, { from: ["requested"], to: "canceled" })]),
        store.claim(ask()),
        store.commit([aMove(2, { from: ["requested"], to: "canceled" })]),
      ]);
      assert.deepEqual(before, { ok: true });
      assert.deepEqual(
        claimed.map(({ id }) => id),
        [anId(2)],
      );
      assert.equal(after.ok, false);
    });

    test("the next due time is the earliest after a moment of those that wait in the lane", async (t) => {
      const { store } = await use(t);
      assert.equal(await store.nextDue("inline", NOW), undefined);
      await write(
        store,
        ...insert(
          anExecution(1, { due: NOW + 7, status: "delayed" }),
          anExecution(2, { due: NOW + 5, project: "other" }),
          anExecution(3, { due: NOW + 1, status: "running" }),
          anExecution(4, { due: NOW + 2, lane: "process", status: "scheduled" }),
          anExecution(5, { due: NOW, where: { site: "nowhere" } }),
        ),
      );
      assert.equal(await store.nextDue("inline", NOW - 1), NOW);
      assert.equal(await store.nextDue("inline", NOW), NOW + 5);
      assert.equal(await store.nextDue("process", NOW), NOW + 2);
      await store.claim(ask({ limit: 1, now: NOW + 5 }));
      assert.equal(await store.nextDue("inline", NOW + 5), NOW + 7);
      await write(store, aMove(1, { from: ["delayed"], to: "delayed", due: NOW + 70 }));
      assert.equal(await store.nextDue("inline", NOW + 5), NOW + 70);
      assert.equal(await store.nextDue("inline", NOW + 70), undefined);
    });
  });
}
