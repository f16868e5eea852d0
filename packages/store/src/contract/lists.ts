import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Execution } from "@squall/model";
import type { ExecutionFilter, Page } from "../port.ts";
import { type UseStore, write } from "./opened.ts";
import { aFullExecution, anExecution, anId, insert, T0 } from "./samples.ts";

/** A mix in which each filter has some matches and some not. */
const executions: Execution[] = Array.from({ length: 60 }, (_, n) => {
  const base = anExecution(n, {
    status: (["succeeded", "failed", "running", "requested", "canceled"] as const)[n % 5] ?? "requested",
    action: n % 3 === 0 ? "core.local" : "core.noop",
    runner: n % 4 === 0 ? "python-script" : "noop",
    user: n % 7 === 0 ? "eva" : "stanley",
    // Threes share a start, so that the id decides.
    start: T0 + Math.floor(n / 3),
  });
  return {
    ...base,
    ...(n % 2 === 0 && { parent: anId(n % 4 === 0 ? 100 : 101) }),
    ...(n % 3 !== 0 && {
      rule: n % 6 === 1 ? "examples.one" : "examples.two",
      trigger: `core.trigger-${n % 2}`,
      trigger_type: n % 4 < 2 ? "core.st2.webhook" : "core.st2.IntervalTimer",
      trigger_instance: anId(200 + (n % 10)),
    }),
  };
});

const given = (value: string | undefined, wanted: string | null): boolean =>
  wanted === null ? value === undefined : value === wanted;

/** Every filter, with what it means said a second time. */
const filters: readonly [string, ExecutionFilter, (execution: Execution) => boolean][] = [
  ["nothing", {}, () => true],
  ["ids", { ids: [anId(3), anId(50), anId(999), anId(3)] }, ({ id }) => id === anId(3) || id === anId(50)],
  ["no ids", { ids: [] }, () => false],
  ["one status", { status: ["failed"] }, ({ status }) => status === "failed"],
  [
    "statuses",
    { status: ["failed", "running", "paused", "failed"] },
    ({ status }) => status === "failed" || status === "running",
  ],
  ["no status", { status: [] }, () => false],
  ["action", { action: "core.local" }, ({ action }) => action === "core.local"],
  ["an unknown action", { action: "core.nothing" }, () => false],
  ["runner", { runner: "python-script" }, ({ runner }) => runner === "python-script"],
  ["user", { user: "eva" }, ({ user }) => user === "eva"],
  ["liveaction", { liveaction: executions[7]?.liveaction ?? "" }, ({ id }) => id === anId(7)],
  ["rule", { rule: "examples.one" }, ({ rule }) => given(rule, "examples.one")],
  ["no rule", { rule: null }, ({ rule }) => given(rule, null)],
  ["trigger", { trigger: "core.trigger-1" }, ({ trigger }) => given(trigger, "core.trigger-1")],
  ["no trigger", { trigger: null }, ({ trigger }) => given(trigger, null)],
  ["trigger type", { trigger_type: "core.st2.webhook" }, (one) => given(one.trigger_type, "core.st2.webhook")],
  ["no trigger type", { trigger_type: null }, (one) => given(one.trigger_type, null)],
  ["trigger instance", { trigger_instance: anId(204) }, (one) => given(one.trigger_instance, anId(204))],
  ["no trigger instance", { trigger_instance: null }, (one) => given(one.trigger_instance, null)],
  ["parent", { parent: anId(100) }, ({ parent }) => given(parent, anId(100))],
  ["no parent", { parent: null }, ({ parent }) => given(parent, null)],
  ["after", { after: T0 + 5 }, ({ start }) => start > T0 + 5],
  ["before", { before: T0 + 5 }, ({ start }) => start < T0 + 5],
  ["from", { from: T0 + 5 }, ({ start }) => start >= T0 + 5],
  ["to", { to: T0 + 5 }, ({ start }) => start <= T0 + 5],
  ["between", { from: T0 + 5, before: T0 + 9 }, ({ start }) => start >= T0 + 5 && start < T0 + 9],
  [
    "statuses without parent in a time",
    { status: ["failed", "succeeded"], parent: null, after: T0 + 2 },
    ({ status, parent, start }) =>
      (status === "failed" || status === "succeeded") && parent === undefined && start > T0 + 2,
  ],
  [
    "several at once",
    { action: "core.noop", runner: "noop", user: "stanley", rule: "examples.two", status: ["running", "failed"] },
    (one) =>
      one.action === "core.noop" &&
      one.runner === "noop" &&
      one.user === "stanley" &&
      one.rule === "examples.two" &&
      (one.status === "running" || one.status === "failed"),
  ],
];

const pages: readonly Page[] = [
  {},
  { limit: 5 },
  { limit: 4, offset: 3 },
  { offset: 7 },
  { limit: 0 },
  { limit: 5, offset: 1000 },
];

export function listsContract(use: UseStore): void {
  describe("lists of executions", () => {
    test("every filter, both orders, every page and the total", async (t) => {
      const { store } = await use(t);
      // Inserted out of order: the order of a list is not the order of writing.
      await write(
        store,
        ...insert(...executions.toSorted((a, b) => (a.id.at(-1) ?? "").localeCompare(b.id.at(-1) ?? ""))),
      );
      for (const [name, filter, matches] of filters) {
        const ascending = executions.filter(matches).toSorted((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
        for (const order of [undefined, "ascending", "descending"] as const) {
          const all = order === "ascending" ? ascending : ascending.toReversed();
          for (const page of pages) {
            const offset = page.offset ?? 0;
            const expected = all.slice(offset, offset + (page.limit ?? Number.MAX_SAFE_INTEGER));
            const what = `${name}, ${order ?? "default"} order, page ${JSON.stringify(page)}`;
            const query = { ...filter, ...(order && { order }) };
            const listed = await store.executions("default", query, page);
            assert.deepEqual(
              listed.items.map(({ id }) => id),
              expected.map(({ id }) => id),
              what,
            );
            assert.equal("total" in listed, false, what);
            assert.equal((await store.executions("default", query, { ...page, count: true })).total, all.length, what);
          }
        }
      }
    });

    test("a list holds whole executions, and leaves out wide fields on request", async (t) => {
      const { store } = await use(t);
      const full = aFullExecution(1);
      await write(store, ...insert(full));
      const one = async (omit: Page["omit"]) => (await store.executions("default", {}, omit ? { omit } : {})).items[0];
      const { result: _, ...without } = full;
      assert.deepEqual(await one(undefined), full);
      assert.deepEqual(await one(["result"]), without);
      assert.deepEqual(await one(["parameters", "context"]), { ...full, parameters: {}, context: {} });
      assert.deepEqual(await one(["result", "parameters", "context"]), { ...without, parameters: {}, context: {} });
    });

    test("text from outside in a filter is only ever text", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(anExecution(1)));
      for (const hostile of ["' or 1=1 --", '"', "\u0000", "%", "*", "?1"]) {
        const none = await store.executions(
          "default",
          { action: hostile, ids: [hostile], parent: hostile },
          { count: true },
        );
        assert.deepEqual(none, { items: [], total: 0 });
      }
    });
  });
}
