import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Execution } from "@squall/model";
import type { Change } from "../changes.ts";
import type { Store } from "../port.ts";
import { type UseStore, write } from "./opened.ts";
import { anEnforcement, anEvent, anExecution } from "./samples.ts";

const HOUR = 3_600 * 1e6;
const DAY = 24 * HOUR;
/** A week from now: stores may keep what is older than themselves as it was. */
const BEGIN = Math.ceil(Date.now() / 86_400_000 + 7) * DAY;
const KEPT = 30 * DAY;

/** Ids as they are made at a time. */
function idAt(at: number, n = 0): string {
  return Math.floor(at / 1e6)
    .toString(16)
    .padStart(8, "0")
    .padEnd(18, "0")
    .concat(n.toString(16).padStart(6, "0"));
}

function ended(at: number, n: number, given: Partial<Execution> = {}): Execution {
  const end = given.end ?? at + HOUR;
  return anExecution(n, { id: idAt(at, n), start: at, created: at, due: at, status: "succeeded", end, ...given });
}

const inserted = (execution: Execution): Change => ({ kind: "execution.insert", execution });

/** All that can be forgotten of before a moment, as the collector does it. */
async function forget(store: Store, now: number, kept = KEPT): Promise<{ executions: number; events: number }> {
  const gone = { executions: 0, events: 0 };
  for (;;) {
    const some = await store.forget({ before: now - kept, now, limit: 7 });
    gone.executions += some.executions;
    gone.events += some.events;
    if (!some.more) return gone;
  }
}

export function forgetContract(use: UseStore): void {
  describe("forgetting", () => {
    const left = async (store: Store, project = "default") =>
      (await store.executions(project, { order: "ascending" }, {})).items.map(({ id }) => id);

    test("what ended long ago is gone with all that was kept of it, and what is younger is there", async (t) => {
      const { store } = await use(t);
      await store.forget({ before: 0, now: BEGIN, limit: 1 });
      const old = Array.from({ length: 20 }, (_, n) => ended(BEGIN + n * HOUR, n));
      const young = Array.from({ length: 20 }, (_, n) => ended(BEGIN + 60 * DAY + n * HOUR, 100 + n));
      for (const one of [...old, ...young]) {
        const { id, start } = one;
        const n = Number.parseInt(id.slice(-6), 16);
        await write(
          store,
          inserted({ ...one, trigger_instance: id }),
          { kind: "event.insert", event: anEvent(n, { id, occurrence_time: start }) },
          {
            kind: "enforcement.insert",
            enforcement: anEnforcement(n, { id, trigger_instance: id, execution: id, enforced_at: start }),
          },
          {
            kind: "output.append",
            project: "default",
            chunks: [{ execution: id, seq: 1, type: "stdout", timestamp: start, data: "x" }],
          },
          { kind: "workflow.append", project: "default", execution: id, seq: 1, step: { a: 1 } },
          { kind: "workflow.save", project: "default", execution: id, seq: 1, state: "s" },
        );
      }
      assert.deepEqual(await forget(store, BEGIN + 20 * DAY), { executions: 0, events: 0 });
      assert.deepEqual(await forget(store, BEGIN + 75 * DAY), { executions: 20, events: 20 });
      assert.deepEqual(
        await left(store),
        young.map(({ id }) => id),
      );
      const [gone, there] = [old[3]?.id ?? "", young[3]?.id ?? ""];
      assert.equal(await store.execution("default", gone), undefined);
      for (const [id, n] of [
        [gone, 0],
        [there, 1],
      ] as const) {
        assert.equal((await store.output("default", id)).length, n);
        assert.equal((await store.workflow("default", id, true)).steps.length, n);
        assert.equal((await store.workflow("default", id)).saved === undefined, n === 0);
        assert.equal((await store.event("default", id)) !== undefined, n === 1);
        assert.equal((await store.enforcements("default", { execution: id }, {})).items.length, n);
      }
      assert.equal((await store.events("default", {}, { count: true })).total, 20);
      assert.deepEqual(await forget(store, BEGIN + 76 * DAY), { executions: 0, events: 0 });
    });

    test("nothing is forgotten without a line", async (t) => {
      const { store } = await use(t);
      await write(store, inserted(ended(BEGIN, 1)));
      assert.deepEqual(await store.forget({ before: 0, now: BEGIN + 999 * DAY, limit: 10 }), {
        executions: 0,
        events: 0,
        more: false,
      });
      assert.equal((await left(store)).length, 1);
    });

    test("what has not ended stays however old, with its event, what is above and below it, and what it continues", async (t) => {
      const { store } = await use(t);
      await store.forget({ before: 0, now: BEGIN, limit: 1 });
      const at = (n: number, given: Partial<Execution> = {}) => ended(BEGIN + n * HOUR, n, given);
      const open: Partial<Execution> = { status: "paused" };
      const unended = ({ end: _end, ...one }: Execution): Execution => one;
      const id = (n: number) => idAt(BEGIN + n * HOUR, n);
      const event = anEvent(40, { id: id(40), occurrence_time: BEGIN + 40 * HOUR });
      await write(
        store,
        { kind: "event.insert", event },
        // A workflow that is paused, with a task and a task of that one; another one's task.
        inserted(unended(at(1, { ...open, trigger_instance: id(40) }))),
        inserted(at(2, { parent: id(1) })),
        inserted(at(3, { parent: id(2) })),
        inserted(at(4)),
        inserted(at(5, { parent: id(4) })),
        // One that ended before its task, which is still running.
        inserted(at(6)),
        inserted(unended(at(7, { parent: id(6), status: "running" }))),
        // One that waits, going on from one that ended, which went on from another, with its tasks.
        inserted(at(8)),
        inserted(at(9, { parent: id(8) })),
        inserted(at(10, { context: { "re-run": { ref: id(8), tasks: ["a"] } } })),
        inserted(
          unended(at(11, { status: "requested", context: { "re-run": { ref: id(10), tasks: ["a"] } }, due: BEGIN })),
        ),
        // One that took long, and ended lately.
        inserted(at(12, { end: BEGIN + 50 * DAY })),
        inserted(at(13, { project: "other" })),
        inserted(unended(at(14, { ...open, project: "other" }))),
        { kind: "workflow.append", project: "default", execution: id(10), seq: 1, step: { a: 1 } },
        { kind: "workflow.append", project: "default", execution: id(4), seq: 1, step: { a: 1 } },
        { kind: "workflow.append", project: "default", execution: id(1), seq: 1, step: { a: 1 } },
      );
      const gone = await forget(store, BEGIN + 75 * DAY);
      assert.deepEqual(
        await left(store),
        [1, 2, 3, 6, 7, 8, 9, 10, 11, 12].map((n) => id(n)),
      );
      assert.deepEqual(await left(store, "other"), [id(14)]);
      assert.deepEqual(gone, { executions: 3, events: 0 });
      assert.deepEqual(await store.event("default", id(40)), event);
      const steps = async (n: number) => (await store.workflow("default", id(n), true)).steps.length;
      assert.deepEqual([await steps(1), await steps(4), await steps(10)], [1, 0, 1]);
      // It goes on as before, and when it has ended it goes when its time has come.
      await write(
        store,
        { kind: "workflow.append", project: "default", execution: id(1), seq: 2, step: { a: 2 } },
        {
          kind: "execution.move",
          project: "default",
          id: id(1),
          from: ["paused"],
          to: "succeeded",
          at: BEGIN + 75 * DAY,
          end: BEGIN + 75 * DAY,
        },
      );
      assert.deepEqual(
        await store.claim({ lane: "inline", limit: 9, worker: "w", labels: {}, now: BEGIN + 75 * DAY }).then(names),
        [id(11)],
      );
      await forget(store, BEGIN + 100 * DAY);
      assert.equal((await store.execution("default", id(1)))?.status, "succeeded");
      assert.equal(await steps(1), 2);
      await forget(store, BEGIN + 120 * DAY);
      assert.deepEqual(
        await left(store),
        [6, 7, 8, 9, 10, 11].map((n) => id(n)),
      );
    });

    test("an id that was taken is taken also when its execution has ended", async (t) => {
      const { store } = await use(t);
      const one = ended(BEGIN, 1);
      await write(store, inserted(one));
      for (const execution of [one, anExecution(1, { id: one.id })]) {
        const again = await store.commit([inserted(execution)]);
        assert.deepEqual([again.ok, again.ok || again.reason], [false, "exists"]);
      }
    });

    const names = (executions: readonly Execution[]) => executions.map(({ id }) => id);
  });
}
