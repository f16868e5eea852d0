import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NotFound } from "@squall/model";
import type { Change } from "../changes.ts";
import { assertRefused, refused, type UseStore, write } from "./opened.ts";
import {
  aKey,
  aMove,
  anAction,
  anEnforcement,
  anEvent,
  anExecution,
  aSnapshot,
  aTimer,
  aToken,
  insert,
  T0,
} from "./samples.ts";

const put = (name: string, given: Parameters<typeof aKey>[1] = {}, expect?: number): Change => ({
  kind: "key.put",
  key: aKey(name, given),
  ...(expect !== undefined && { expect }),
});

/** S1 to S5: what holds for lists of changes, whatever is in them. */
export function commitContract(use: UseStore): void {
  describe("commit", () => {
    test("an empty list succeeds", async (t) => {
      const { store } = await use(t);
      assert.deepEqual(await store.commit([]), { ok: true });
    });

    test("what was committed is there after the store was opened again (S1)", async (t) => {
      const opened = await use(t);
      const event = anEvent(1);
      const enforcement = anEnforcement(2, { trigger_instance: event.id });
      await write(
        opened.store,
        { kind: "event.insert", event },
        { kind: "enforcement.insert", enforcement },
        ...insert(anExecution(3)),
        { kind: "key.put", key: aKey("kept") },
        { kind: "timer.put", timer: aTimer("a-trigger") },
        { kind: "resource.put", resource: anAction("kept") },
      );
      const store = await opened.reopen();
      assert.deepEqual(await store.event("default", event.id), event);
      assert.deepEqual(await store.enforcement("default", enforcement.id), enforcement);
      assert.deepEqual(await store.execution("default", anExecution(3).id), anExecution(3));
      assert.deepEqual(await store.key("default", "st2kv.system", "", "kept", T0), aKey("kept"));
      assert.deepEqual(await store.timers("default"), [aTimer("a-trigger")]);
      assert.equal((await store.resources("default", "action")).length, 1);
      assert.deepEqual(await store.projects(), ["default"]);
      assert.deepEqual(await store.executionValues("default", "action"), ["core.noop"]);
    });

    test("a refused list leaves nothing of its changes, before or after the refused one (S2)", async (t) => {
      const { store } = await use(t);
      await write(store, { kind: "event.insert", event: anEvent(1) }, put("there", { value: "old" }));
      const committed = await store.commit([
        { kind: "event.insert", event: anEvent(2) },
        { kind: "enforcement.insert", enforcement: anEnforcement(3) },
        ...insert(anExecution(4, { project: "another", action: "never.ran" })),
        put("there", { value: "new" }),
        { kind: "resource.put", resource: anAction("never") },
        { kind: "output.append", project: "default", chunks: [aChunk(1)] },
        { kind: "event.insert", event: anEvent(1) },
        { kind: "event.insert", event: anEvent(5) },
      ]);
      assertRefused(committed, "exists", 6);
      assert.deepEqual((await store.events("default", {}, {})).items, [anEvent(1)]);
      assert.deepEqual((await store.enforcements("default", {}, {})).items, []);
      assert.equal(await store.execution("another", anExecution(4).id), undefined);
      assert.equal((await store.key("default", "st2kv.system", "", "there", T0))?.value, "old");
      assert.deepEqual(await store.resources("default", "action"), []);
      assert.deepEqual(await store.output("default", "execution"), []);
      assert.deepEqual(await store.executionValues("another", "action"), []);
      assert.deepEqual(await store.projects(), ["default"]);
    });

    test("what a refused list would have written first can be written by the next one", async (t) => {
      const { store } = await use(t);
      const snapshot: Change = {
        kind: "snapshot.keep",
        project: "default",
        digest: "d",
        snapshot: aFrozen,
      };
      await refused(
        store,
        "missing",
        snapshot,
        ...insert(anExecution(1)),
        aMove(99, { from: ["running"], to: "failed" }),
      );
      assert.equal(await store.snapshot("default", "d"), undefined);
      await write(store, snapshot, ...insert(anExecution(1)));
      assert.deepEqual(await store.snapshot("default", "d"), aFrozen);
      assert.deepEqual(await store.executionValues("default", "action"), ["core.noop"]);
      assert.deepEqual(await store.projects(), ["default"]);
    });

    test("one refused list does not touch its neighbours in the same group (S2)", async (t) => {
      const { store } = await use(t);
      const outcomes = await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          store.commit([put(`key-${n}`), ...insert(anExecution(n % 10 === 9 ? 0 : n)), put(`too-${n}`)]),
        ),
      );
      outcomes.forEach((outcome, n) => {
        if (n % 10 === 9) assertRefused(outcome, "exists", 1);
        else assert.deepEqual(outcome, { ok: true });
      });
      assert.equal((await store.keys("default", {}, { limit: 0, count: true }, T0)).total, 27 * 2);
      assert.equal((await store.executions("default", {}, { limit: 0, count: true })).total, 27);
    });

    test("what is written once is written, also when a later list of the group is refused", async (t) => {
      const { store } = await use(t);
      const keep: Change = { kind: "snapshot.keep", project: "blue", digest: "d", snapshot: aFrozen };
      const [good, bad] = await Promise.all([
        store.commit([keep, ...insert(anExecution(1, { project: "blue" }))]),
        store.commit([put("a"), put("a", {}, 0)]),
      ]);
      assert.deepEqual(good, { ok: true });
      assertRefused(bad, "exists", 1);
      assert.deepEqual(await store.snapshot("blue", "d"), aFrozen);
      assert.deepEqual(await store.executionValues("blue", "action"), ["core.noop"]);
      assert.deepEqual(await store.projects(), ["blue"]);
    });

    test("a list that cannot be written at all is rejected alone and leaves nothing", async (t) => {
      const { store } = await use(t);
      const endless: Record<string, unknown> = {};
      endless["itself"] = endless;
      const [before, bad, after] = await Promise.allSettled([
        store.commit([put("before")]),
        store.commit([put("with it"), ...insert(anExecution(1, { parameters: endless }))]),
        store.commit([put("after")]),
      ]);
      assert.deepEqual(before, { status: "fulfilled", value: { ok: true } });
      assert.equal(bad.status, "rejected");
      assert.ok(!(bad.status === "rejected" && bad.reason instanceof NotFound));
      assert.deepEqual(after, { status: "fulfilled", value: { ok: true } });
      const names = (await store.keys("default", {}, {}, T0)).items.map((key) => key.name);
      assert.deepEqual(names, ["after", "before"]);
    });

    test("of two lists with the same guard in one group exactly one is refused (S3)", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1, { status: "running" })), put("a", {}, 0));
      const [first, second] = await Promise.all([
        store.commit([aMove(1, { from: ["running"], to: "succeeded", result: { by: 1 } })]),
        store.commit([aMove(1, { from: ["running"], to: "failed", result: { by: 2 } })]),
      ]);
      assert.deepEqual(first, { ok: true });
      assert.ok(second);
      assertRefused(second, "stale");
      assert.deepEqual((await store.execution("default", anExecution(1).id))?.result, { by: 1 });

      const writes = await Promise.all(
        Array.from({ length: 10 }, (_, n) => store.commit([put("a", { value: `${n}` }, 1)])),
      );
      assert.equal(writes.filter((outcome) => outcome.ok).length, 1);
      assert.equal((await store.key("default", "st2kv.system", "", "a", T0))?.value, "0");
    });

    test("a list sees what its own earlier changes did", async (t) => {
      const { store } = await use(t);
      await write(
        store,
        ...insert(anExecution(1)),
        aMove(1, { from: ["requested"], to: "running" }),
        aMove(1, { from: ["running"], to: "succeeded" }),
        put("a", { value: "1" }, 0),
        put("a", { value: "2" }, 1),
      );
      assert.equal((await store.execution("default", anExecution(1).id))?.status, "succeeded");
      assert.equal((await store.key("default", "st2kv.system", "", "a", T0))?.version, 2);
    });

    test("lists happen in the order in which commit was called (S4)", async (t) => {
      const { store } = await use(t);
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, (_, n) => store.commit([put("a", { value: `${n}` }, n)])),
      );
      assert.ok(outcomes.every((outcome) => outcome.ok));
      const key = await store.key("default", "st2kv.system", "", "a", T0);
      assert.deepEqual([key?.value, key?.version], ["199", 200]);
    });

    test("commits settle in the order in which they were called", async (t) => {
      const { store } = await use(t);
      const settled: number[] = [];
      await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          await store.commit(n % 7 === 3 ? [put("x", {}, 99)] : [put(`key-${n}`)]);
          settled.push(n);
        }),
      );
      assert.deepEqual(
        settled,
        [...settled].sort((a, b) => a - b),
      );
    });

    test("a read sees every commit that resolved before it was called (S5)", async (t) => {
      const { store } = await use(t);
      await Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          await write(store, ...insert(anExecution(n)));
          assert.equal((await store.execution("default", anExecution(n).id))?.id, anExecution(n).id);
          await write(store, aMove(n, { from: ["requested"], to: "succeeded" }));
          assert.equal((await store.execution("default", anExecution(n).id))?.status, "succeeded");
        }),
      );
    });

    test("what the caller changes after calling commit is no part of it", async (t) => {
      const { store } = await use(t);
      const changes: Change[] = [put("a")];
      const committed = store.commit(changes);
      changes.push(put("b"));
      assert.deepEqual(await committed, { ok: true });
      assert.equal(await store.key("default", "st2kv.system", "", "b", T0), undefined);
    });

    test("the store says what it is without saying secrets", async (t) => {
      const { store } = await use(t);
      await write(store, { kind: "token.insert", token: aToken("secret-hash") });
      const described = await store.describe();
      assert.equal(typeof described["engine"], "string");
      assert.equal(typeof described["schema_version"], "number");
      assert.ok(!JSON.stringify(described).includes("secret-hash"));
    });
  });
}

const aFrozen = aSnapshot("frozen");

function aChunk(seq: number) {
  return { execution: "execution", seq, type: "stdout", timestamp: T0, data: "x" } as const;
}
