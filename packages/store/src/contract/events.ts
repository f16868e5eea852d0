import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Enforcement, Event, EventStatus } from "@squall/model";
import type { Change } from "../changes.ts";
import type { EnforcementFilter, EventFilter, Page } from "../port.ts";
import { refused, type UseStore, write } from "./opened.ts";
import { anEnforcement, anEvent, anId, T0 } from "./samples.ts";

const events: Event[] = Array.from({ length: 40 }, (_, n) =>
  anEvent(n, {
    trigger: `core.trigger-${n % 3}`,
    trigger_type: n % 2 ? "core.st2.webhook" : "core.st2.IntervalTimer",
    status: (["processed", "pending", "processing", "processing_failed"] as const)[n % 4] ?? "processed",
    occurrence_time: T0 + Math.floor(n / 2),
  }),
);

const eventFilters: readonly [EventFilter, (event: Event) => boolean][] = [
  [{}, () => true],
  [{ ids: [anId(1), anId(2), anId(777)] }, ({ id }) => id === anId(1) || id === anId(2)],
  [{ ids: [] }, () => false],
  [{ trigger: "core.trigger-1" }, ({ trigger }) => trigger === "core.trigger-1"],
  [{ trigger_type: "core.st2.webhook" }, (one) => one.trigger_type === "core.st2.webhook"],
  [{ status: ["processed"] }, ({ status }) => status === "processed"],
  [{ status: ["pending", "processing"] }, ({ status }) => status === "pending" || status === "processing"],
  [{ status: ["pending", "processed"] }, ({ status }) => status === "pending" || status === "processed"],
  [{ status: [] }, () => false],
  [{ after: T0 + 3 }, (one) => one.occurrence_time > T0 + 3],
  [{ before: T0 + 3 }, (one) => one.occurrence_time < T0 + 3],
  [
    {
      trigger_type: "core.st2.webhook",
      status: ["pending"],
      after: T0 + 3,
      before: T0 + 15,
      trigger: "core.trigger-2",
    },
    (one) =>
      one.trigger_type === "core.st2.webhook" &&
      one.status === "pending" &&
      one.occurrence_time > T0 + 3 &&
      one.occurrence_time < T0 + 15 &&
      one.trigger === "core.trigger-2",
  ],
];

const enforcements: Enforcement[] = Array.from({ length: 40 }, (_, n) => {
  const rule = n % 4;
  // Rule 0 was renamed half way; rules 1 and 2 had the same ref, one after the other.
  const ref =
    rule === 0 ? (n < 20 ? "examples.before" : "examples.after") : rule === 3 ? "examples.three" : "examples.one";
  return anEnforcement(n, {
    rule: { id: anId(300 + rule), ref, uid: `rule:${ref}` },
    trigger_instance: anId(400 + (n % 7)),
    enforced_at: T0 + Math.floor(n / 2),
    ...(n % 3 === 0 ? { status: "failed", failure_reason: "could not render" } : { execution: anId(500 + (n % 5)) }),
  });
});

const enforcementFilters: readonly [EnforcementFilter, (enforcement: Enforcement) => boolean][] = [
  [{}, () => true],
  [{ rule_ref: "examples.one" }, ({ rule }) => rule.ref === "examples.one"],
  [{ rule_id: anId(300) }, ({ rule }) => rule.id === anId(300)],
  [{ rule_id: anId(301) }, ({ rule }) => rule.id === anId(301)],
  [{ rule_id: anId(999) }, () => false],
  [{ rule_id: anId(302), rule_ref: "examples.one" }, ({ rule }) => rule.id === anId(302)],
  [{ trigger_instance: anId(402) }, (one) => one.trigger_instance === anId(402)],
  [{ execution: anId(501) }, ({ execution }) => execution === anId(501)],
  [{ after: T0 + 3, before: T0 + 9 }, (one) => one.enforced_at > T0 + 3 && one.enforced_at < T0 + 9],
  [{ rule_id: anId(300), after: T0 + 3 }, (one) => one.rule.id === anId(300) && one.enforced_at > T0 + 3],
];

const pages: readonly Page[] = [{}, { limit: 3 }, { limit: 3, offset: 2 }, { offset: 4 }, { limit: 0 }];
const insertEvents = (...given: Event[]): Change[] => given.map((event) => ({ kind: "event.insert", event }));

export function eventsContract(use: UseStore): void {
  describe("events", () => {
    test("an event comes back as it was given", async (t) => {
      const { store } = await use(t);
      const traced = anEvent(2, { trace_tag: "a-trace", payload: { deep: [{ nul: "\u0000" }, null] } });
      await write(store, ...insertEvents(anEvent(1), traced));
      assert.deepEqual(await store.event("default", anId(1)), anEvent(1));
      assert.deepEqual(await store.event("default", anId(2)), traced);
      assert.equal(await store.event("default", anId(3)), undefined);
      await refused(store, "exists", ...insertEvents(anEvent(1)));
    });

    test("an event moves only from the statuses that are named", async (t) => {
      const { store } = await use(t);
      const move = (n: number, from: readonly EventStatus[], to: EventStatus): Change => ({
        kind: "event.move",
        project: "default",
        id: anId(n),
        from,
        to,
      });
      await write(store, ...insertEvents(anEvent(1, { status: "pending" })));
      await refused(store, "missing", move(2, ["pending"], "processing"));
      await refused(store, "stale", move(1, ["processing", "processed"], "processed"));
      await refused(store, "stale", move(1, [], "processed"));
      await write(store, move(1, ["processing", "pending"], "processing"), move(1, ["processing"], "processed"));
      assert.deepEqual(await store.event("default", anId(1)), anEvent(1));
    });

    test("every filter, order, page and total of events", async (t) => {
      const { store } = await use(t);
      await write(store, ...insertEvents(...events));
      for (const [filter, matches] of eventFilters) {
        const ascending = events.filter(matches);
        for (const order of [undefined, "ascending", "descending"] as const) {
          const all = order === "ascending" ? ascending : ascending.toReversed();
          for (const page of pages) {
            const offset = page.offset ?? 0;
            const expected = all.slice(offset, offset + (page.limit ?? 1e9));
            const what = JSON.stringify([filter, order, page]);
            const query = { ...filter, ...(order && { order }) };
            assert.deepEqual(await store.events("default", query, page), { items: expected }, what);
            assert.equal((await store.events("default", query, { ...page, count: true })).total, all.length, what);
          }
        }
      }
    });
  });

  describe("enforcements", () => {
    test("an enforcement comes back as it was given, once", async (t) => {
      const { store } = await use(t);
      for (const enforcement of enforcements.slice(0, 2)) {
        await write(store, { kind: "enforcement.insert", enforcement });
        assert.deepEqual(await store.enforcement("default", enforcement.id), enforcement);
        await refused(store, "exists", { kind: "enforcement.insert", enforcement });
      }
      assert.equal(await store.enforcement("default", anId(888)), undefined);
    });

    test("every filter, order, page and total of enforcements", async (t) => {
      const { store } = await use(t);
      await write(store, ...enforcements.map((enforcement) => ({ kind: "enforcement.insert", enforcement }) as const));
      for (const [filter, matches] of enforcementFilters) {
        const ascending = enforcements.filter(matches);
        for (const order of [undefined, "ascending", "descending"] as const) {
          const all = order === "ascending" ? ascending : ascending.toReversed();
          for (const page of pages) {
            const offset = page.offset ?? 0;
            const expected = all.slice(offset, offset + (page.limit ?? 1e9));
            const what = JSON.stringify([filter, order, page]);
            const query = { ...filter, ...(order && { order }) };
            assert.deepEqual(await store.enforcements("default", query, page), { items: expected }, what);
            assert.equal(
              (await store.enforcements("default", query, { ...page, count: true })).total,
              all.length,
              what,
            );
          }
        }
      }
    });
  });
}
