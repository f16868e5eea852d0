import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COMPLETED_STATUSES, EXECUTION_STATUSES, type OutputChunk } from "@squall/model";
import { refused, type UseStore, write } from "./opened.ts";
import { aFullExecution, aMove, anExecution, anId, insert, T0 } from "./samples.ts";

export function executionsContract(use: UseStore): void {
  describe("executions", () => {
    test("an execution comes back as it was given, with all fields or only those it has", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1), aFullExecution(2)));
      assert.deepEqual(await store.execution("default", anId(1)), anExecution(1));
      assert.deepEqual(await store.execution("default", anId(2)), aFullExecution(2));
      assert.equal(await store.execution("default", anId(3)), undefined);
    });

    test("megabytes of parameters and result come back whole", async (t) => {
      const { store } = await use(t);
      const big = "ü".repeat(2_000_000);
      await write(store, ...insert(anExecution(1, { status: "running", parameters: { big } })));
      await write(store, aMove(1, { from: ["running"], to: "succeeded", result: { big: `${big}!` } }));
      const execution = await store.execution("default", anId(1));
      assert.equal(execution?.parameters["big"], big);
      assert.equal(execution?.result?.["big"], `${big}!`);
    });

    test("an id is taken once in a project", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1)));
      await refused(store, "exists", ...insert(anExecution(1, { action: "core.other" })));
      assert.equal((await store.execution("default", anId(1)))?.action, "core.noop");
      assert.deepEqual(await store.executionValues("default", "action"), ["core.noop"]);
    });

    test("a move sets the status, appends to the log and sets what it names", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1)));
      await write(
        store,
        aMove(1, {
          from: ["scheduled", "requested"],
          to: "running",
          at: T0 + 10,
          start: T0 + 9,
          due: T0 + 8,
          lease: { worker: "w" },
        }),
      );
      const running = anExecution(1, {
        status: "running",
        start: T0 + 9,
        due: T0 + 8,
        lease: { worker: "w" },
        log: [
          { status: "requested", timestamp: T0 + 1 },
          { status: "running", timestamp: T0 + 10 },
        ],
      });
      assert.deepEqual(await store.execution("default", anId(1)), running);
      await write(
        store,
        aMove(1, { from: ["running"], to: "succeeded", at: T0 + 20, end: T0 + 20, result: { ok: [true] } }),
      );
      const { lease: _, ...unleased } = running;
      assert.deepEqual(await store.execution("default", anId(1)), {
        ...unleased,
        status: "succeeded",
        end: T0 + 20,
        result: { ok: [true] },
        log: [...running.log, { status: "succeeded", timestamp: T0 + 20 }],
      });
    });

    test("a move merges the context at the top level only", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1, { context: { user: "u", deep: { a: 1, b: 2 }, gone: 1 } })));
      await write(
        store,
        aMove(1, { from: ["requested"], to: "canceled", context: { deep: { c: 3 }, gone: null, by: "me" } }),
      );
      assert.deepEqual((await store.execution("default", anId(1)))?.context, {
        user: "u",
        deep: { c: 3 },
        gone: null,
        by: "me",
      });
    });

    test("a move is refused where there is nothing to move, or not from there", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1)));
      await refused(store, "missing", aMove(2, { from: ["requested"], to: "running" }));
      await refused(store, "stale", aMove(1, { from: ["running", "scheduled"], to: "succeeded" }));
      await refused(store, "stale", aMove(1, { from: [], to: "succeeded" }));
      await refused(store, "stale", aMove(1, { from: ["running"], to: "succeeded", context: { x: 1 } }));
      assert.deepEqual(await store.execution("default", anId(1)), anExecution(1));
    });

    test("a completed execution never moves again, whatever `from` says", async (t) => {
      const { store } = await use(t);
      for (const [n, status] of COMPLETED_STATUSES.entries()) {
        const done = anExecution(n, { status, result: { kept: true } });
        await write(store, ...insert(done));
        await refused(store, "stale", aMove(n, { from: EXECUTION_STATUSES, to: "running", result: {} }));
        await refused(store, "stale", aMove(n, { from: [status], to: status }));
        assert.deepEqual(await store.execution("default", anId(n)), done);
      }
    });

    test("a worker that lost its lease cannot finish the execution", async (t) => {
      const { store } = await use(t);
      const lease = { worker: "new" };
      await write(
        store,
        ...insert(anExecution(1, { status: "running", lease }), anExecution(2, { status: "running" })),
      );
      await refused(store, "stale", aMove(1, { from: ["running"], to: "succeeded", worker: "old" }));
      await refused(store, "stale", aMove(2, { from: ["running"], to: "succeeded", worker: "old" }));
      await refused(store, "missing", aMove(3, { from: ["running"], to: "succeeded", worker: "old" }));
      await write(store, aMove(1, { from: ["running"], to: "succeeded", worker: "new" }));
      assert.equal((await store.execution("default", anId(1)))?.status, "succeeded");
    });

    test("a move keeps the lease, drops it when told to, and drops it on completion", async (t) => {
      const { store } = await use(t);
      const lease = { worker: "w" };
      const leased = [1, 2, 3].map((n) => anExecution(n, { status: "running", lease }));
      await write(store, ...insert(...leased));
      await write(
        store,
        aMove(1, { from: ["running"], to: "canceling" }),
        aMove(2, { from: ["running"], to: "paused", lease: null }),
      );
      await write(store, aMove(3, { from: ["running"], to: "failed", lease: { worker: "x" } }));
      assert.deepEqual((await store.execution("default", anId(1)))?.lease, lease);
      assert.equal((await store.execution("default", anId(2)))?.lease, undefined);
      assert.equal((await store.execution("default", anId(3)))?.lease, undefined);
    });

    test("what waits for an answer has a result before its end, and is not lost", async (t) => {
      const { store } = await use(t);
      const lease = { worker: "w" };
      await write(store, ...insert(anExecution(1, { status: "running", lease })));
      const result = { schema: { type: "object" }, route: "ops" };
      await write(store, aMove(1, { from: ["running"], to: "pending", worker: "w", lease: null, result }));
      const waiting = await store.execution("default", anId(1));
      assert.deepEqual([waiting?.status, waiting?.result, waiting?.end], ["pending", result, undefined]);
      assert.deepEqual(await store.lostExecutions(10), []);
      const answered = { ...result, response: { continue: true } };
      await write(store, aMove(1, { from: ["pending"], to: "succeeded", end: T0 + 9, result: answered }));
      assert.deepEqual((await store.execution("default", anId(1)))?.result, answered);
    });

    test("those that are part of another one can be listed alone", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1), anExecution(2, { parent: anId(1) }), anExecution(3)));
      const { items, total } = await store.executions("default", { isPart: true }, { count: true });
      assert.deepEqual([items.map((one) => one.id), total], [[anId(2)], 1]);
    });

    test("children are named by parent, oldest first", async (t) => {
      const { store } = await use(t);
      const child = (n: number, parent: number, start: number) =>
        anExecution(n, { parent: anId(parent), start: T0 + start });
      await write(
        store,
        ...insert(anExecution(1), child(2, 1, 9), child(3, 1, 8), child(4, 1, 8), child(5, 2, 1), child(6, 7, 1)),
      );
      const children = await store.childIds("default", [anId(1), anId(2), anId(3)]);
      const expected = new Map([
        [anId(1), [anId(3), anId(4), anId(2)]],
        [anId(2), [anId(5)]],
      ]);
      assert.deepEqual(children, expected);
      assert.equal((await store.childIds("default", [])).size, 0);
    });

    test("the values in use are distinct and sorted, and follow the status", async (t) => {
      const { store } = await use(t);
      const { rule, trigger, trigger_type } = aFullExecution(2);
      await write(
        store,
        ...insert(
          anExecution(1),
          anExecution(3, { action: "a.b", user: "eva", runner: "python-script" }),
          aFullExecution(2),
        ),
      );
      assert.deepEqual(await store.executionValues("default", "action"), ["a.b", "core.noop"]);
      assert.deepEqual(await store.executionValues("default", "user"), ["eva", "stanley"]);
      assert.deepEqual(await store.executionValues("default", "runner"), ["noop", "python-script"]);
      assert.deepEqual(await store.executionValues("default", "rule"), [rule]);
      assert.deepEqual(await store.executionValues("default", "trigger"), [trigger]);
      assert.deepEqual(await store.executionValues("default", "trigger_type"), [trigger_type]);
      assert.deepEqual(await store.executionValues("default", "status"), ["requested", "running"]);
      await write(store, aMove(2, { from: ["running"], to: "failed" }));
      assert.deepEqual(await store.executionValues("default", "status"), ["failed", "requested"]);
    });
  });

  describe("output", () => {
    const chunk = (seq: number, given: Partial<OutputChunk> = {}): OutputChunk => ({
      execution: anId(1),
      seq,
      type: "stdout",
      timestamp: T0 + seq,
      data: `line ${seq}\n`,
      ...given,
    });

    test("chunks come back in their order, of a type, or after a number", async (t) => {
      const { store } = await use(t);
      const chunks = [chunk(1), chunk(2, { type: "stderr" }), chunk(3), chunk(10, { type: "output" })];
      await write(store, {
        kind: "output.append",
        project: "default",
        chunks: [chunks[3], chunks[0]] as OutputChunk[],
      });
      await write(store, { kind: "output.append", project: "default", chunks: chunks.slice(1, 3) });
      await write(store, { kind: "output.append", project: "default", chunks: [chunk(1, { execution: anId(2) })] });
      await write(store, { kind: "output.append", project: "default", chunks: [] });
      assert.deepEqual(await store.output("default", anId(1)), chunks);
      assert.deepEqual(await store.output("default", anId(1), "stdout"), [chunks[0], chunks[2]]);
      assert.deepEqual(await store.output("default", anId(1), undefined, 2), chunks.slice(2));
      assert.deepEqual(await store.output("default", anId(1), "stdout", 1), [chunks[2]]);
      assert.deepEqual(await store.output("default", anId(3)), []);
    });

    test("what a process prints may be anything: NUL, control characters, nothing", async (t) => {
      const { store } = await use(t);
      const chunks = [
        chunk(1, { data: "a\u0000b\u0000" }),
        chunk(2, { data: "\u001b[1m\r\n\ufeff🦑\u{10ffff}" }),
        chunk(3, { data: "" }),
      ];
      await write(store, { kind: "output.append", project: "default", chunks });
      assert.deepEqual(await store.output("default", anId(1)), chunks);
    });

    test("a number is taken once, and a refused list appends nothing", async (t) => {
      const { store } = await use(t);
      await write(store, { kind: "output.append", project: "default", chunks: [chunk(2)] });
      await refused(store, "exists", {
        kind: "output.append",
        project: "default",
        chunks: [chunk(1), chunk(2, { data: "other" })],
      });
      assert.deepEqual(await store.output("default", anId(1)), [chunk(2)]);
    });
  });
}
