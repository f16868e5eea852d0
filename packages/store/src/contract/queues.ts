import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Execution, Labels } from "@squall/model";
import type { Claim, Store } from "../port.ts";
import { type UseStore, write } from "./opened.ts";
import { aClaim, aMove, anExecution, anId, insert, T0 } from "./samples.ts";

/** Claims, and says them as `project:number of the execution`. */
async function taken(store: Store, ask: Partial<Claim> = {}): Promise<string[]> {
  const claimed = await store.claim(aClaim(ask));
  return claimed.map(({ project, id }) => `${project}:${Number.parseInt(id, 16)}`);
}

/** Without regard to how projects are mixed in one answer; each one's order stays. */
function apart(claimed: readonly string[]): string[] {
  const projectOf = (one: string) => one.split(":")[0] ?? "";
  return claimed.toSorted((a, b) => projectOf(a).localeCompare(projectOf(b)));
}

/** `count` executions of a project, numbered from `first`. */
function backlog(project: string, first: number, count: number, given: Partial<Execution> = {}): Execution[] {
  return Array.from({ length: count }, (_, n) => anExecution(first + n, { project, ...given }));
}

export function queuesContract(use: UseStore): void {
  describe("queues", () => {
    test("projects share what there is, however long one's backlog is and however old", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(...backlog("a", 1, 60), ...backlog("b", 100, 3), ...backlog("c", 200, 40)));
      const seven = ["a:1", "a:2", "a:3", "b:100", "b:101", "c:200", "c:201"];
      assert.deepEqual(apart(await taken(store, { limit: 7 })), seven);
      const many = await taken(store, { limit: 21 });
      const of = (project: string) => many.filter((one) => one.startsWith(`${project}:`)).length;
      assert.deepEqual([of("a"), of("b"), of("c")], [10, 1, 10]);
    });

    test("projects take turns when slots become free one at a time", async (t) => {
      const { store } = await use(t);
      await write(store, ...insert(...backlog("a", 1, 9), ...backlog("b", 100, 2), ...backlog("c", 200, 3)));
      const turns: string[] = [];
      for (let n = 0; n < 8; n++) turns.push(...(await taken(store, { limit: 1 })));
      assert.deepEqual(turns, ["a:1", "b:100", "c:200", "a:2", "b:101", "c:201", "a:3", "c:202"]);
      await write(store, ...insert(...backlog("aa", 300, 2)));
      assert.deepEqual(await taken(store, { limit: 2 }), ["a:4", "aa:300"]);
    });

    test("more projects than slots: each has its turn before any has two", async (t) => {
      const { store } = await use(t);
      const names = Array.from({ length: 10 }, (_, n) => `p${n}`);
      await write(store, ...insert(...names.flatMap((name, n) => backlog(name, 100 * n, 3))));
      const first = [
        await taken(store, { limit: 4 }),
        await taken(store, { limit: 4 }),
        await taken(store, { limit: 4 }),
      ];
      assert.deepEqual(
        first.flat().map((one) => one.split(":")[0]),
        [...names, "p0", "p1"],
      );
    });

    test("a higher priority is first within its project, and takes nothing from others", async (t) => {
      const { store } = await use(t);
      await write(
        store,
        ...insert(
          anExecution(1, { priority: -100 }),
          anExecution(2),
          anExecution(3, { priority: 5 }),
          anExecution(4, { priority: 100 }),
          anExecution(5, { priority: 5, due: T0 }),
          anExecution(6, { project: "other", priority: -1 }),
          anExecution(7, { project: "other", priority: -2 }),
        ),
      );
      const four = ["default:4", "default:5", "other:6", "other:7"];
      assert.deepEqual(apart(await taken(store, { limit: 4 })), four);
      assert.deepEqual(await taken(store), ["default:3", "default:2", "default:1"]);
    });

    test("a delayed execution of high priority stops nothing before its time, and goes first then", async (t) => {
      const { store } = await use(t);
      const later = T0 + 2_000_000;
      await write(
        store,
        ...insert(
          anExecution(1),
          anExecution(2, { status: "delayed", priority: 50, due: later }),
          anExecution(3),
          anExecution(4, { status: "delayed", due: later - 1 }),
        ),
      );
      assert.deepEqual(await taken(store, { limit: 1 }), ["default:1"]);
      assert.deepEqual(await taken(store, { now: later }), ["default:2", "default:3", "default:4"]);
    });

    test("an execution goes to a worker that has all the labels it asks for", async (t) => {
      const { store } = await use(t);
      const edge = { site: "edge" };
      await write(
        store,
        ...insert(
          anExecution(1, { where: edge }),
          anExecution(2, { where: { gpu: "yes", ...edge } }),
          anExecution(3, { where: { site: "core" } }),
          anExecution(4),
          anExecution(5, { where: { gpu: "yes" } }),
          anExecution(6, { where: edge }),
          anExecution(7, { where: { constructor: "x" } }),
        ),
      );
      assert.deepEqual(await taken(store, { labels: { gpu: "no", room: "1" } }), ["default:4"]);
      assert.deepEqual(await taken(store, { labels: edge, limit: 1 }), ["default:1"]);
      const both = { site: "edge", gpu: "yes", room: "2" };
      assert.deepEqual(await taken(store, { labels: both }), ["default:2", "default:5", "default:6"]);
      assert.deepEqual(await taken(store, { labels: both }), []);
      assert.deepEqual(await taken(store, { labels: { site: "core", constructor: "x" } }), ["default:3", "default:7"]);
    });

    test("what asks for different labels of one worker is taken in one order", async (t) => {
      const { store } = await use(t);
      const wheres: (Labels | undefined)[] = [undefined, { a: "1" }, { b: "2" }, { a: "1", b: "2" }];
      await write(
        store,
        ...insert(
          ...Array.from({ length: 12 }, (_, n) => {
            const where = wheres[(n * 7) % 4];
            return anExecution(n, where ? { where } : {});
          }),
        ),
      );
      const labels = { b: "2", a: "1" };
      assert.deepEqual(
        await taken(store, { labels, limit: 5 }),
        [0, 1, 2, 3, 4].map((n) => `default:${n}`),
      );
      assert.deepEqual(
        await taken(store, { labels }),
        [5, 6, 7, 8, 9, 10, 11].map((n) => `default:${n}`),
      );
    });

    test("executions for which there is no worker stop nobody", async (t) => {
      const { store } = await use(t);
      const nowhere = (n: number) => ({ where: { host: `h${n}` }, priority: 100 - (n % 3), due: T0 - n });
      await write(
        store,
        ...insert(
          ...Array.from({ length: 200 }, (_, n) => anExecution(n, { project: `p${n % 5}`, ...nowhere(n) })),
          anExecution(500, { project: "p3" }),
          anExecution(501, { project: "p9", where: { host: "h3" } }),
        ),
      );
      assert.deepEqual(await taken(store, { labels: { host: "elsewhere" } }), ["p3:500"]);
      assert.deepEqual(await taken(store, { labels: { host: "h3" } }), ["p3:3", "p9:501"]);
    });

    test("labels that no queue can be named after are refused, and their list alone", async (t) => {
      const { store } = await use(t);
      const hostile: Record<string, string>[] = [
        { "a\0": "b" },
        { a: "\ud800" },
        { a: "" },
        { a: "x".repeat(64) },
        Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`l${n}`, "1"])),
      ];
      const outcomes = await Promise.allSettled([
        ...hostile.map((where, n) => store.commit(insert(anExecution(n, { where })))),
        store.commit(insert(anExecution(100))),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        [...hostile.map(() => "rejected"), "fulfilled"],
      );
      assert.deepEqual(await taken(store), ["default:100"]);
    });

    test("what waits is counted by lane, as far as it is asked for", async (t) => {
      const { store } = await use(t);
      assert.deepEqual(await store.waiting(10), { inline: 0, process: 0 });
      await write(
        store,
        ...insert(
          ...backlog("a", 1, 4),
          ...backlog("b", 10, 3, { status: "scheduled", priority: 3 }),
          ...backlog("b", 20, 2, { status: "delayed" }),
          ...backlog("b", 30, 2, { status: "running" }),
          ...backlog("b", 40, 2, { lane: "process", where: { site: "edge" } }),
        ),
      );
      assert.deepEqual(await store.waiting(100), { inline: 7, process: 2 });
      assert.deepEqual(await store.waiting(5), { inline: 5, process: 2 });
      await write(store, { ...aMove(1, { from: ["requested"], to: "canceled" }), project: "a" });
      await store.claim(aClaim({ limit: 2 }));
      assert.deepEqual(await store.waiting(100), { inline: 4, process: 2 });
    });

    test("where and priority are kept by claims, moves and a new start", async (t) => {
      const opened = await use(t);
      const given = { where: { site: "edge", "a/b.c_d-e": "A.1" }, priority: -100 };
      await write(opened.store, ...insert(anExecution(1, given)));
      const [claimed] = await opened.store.claim(aClaim({ labels: given.where }));
      assert.deepEqual({ where: claimed?.where, priority: claimed?.priority }, given);
      await write(opened.store, aMove(1, { from: ["running"], to: "requested", lease: null }));
      const store = await opened.reopen();
      const found = await store.execution("default", anId(1));
      assert.deepEqual({ where: found?.where, priority: found?.priority }, given);
      assert.deepEqual(await taken(store), []);
      assert.deepEqual(await taken(store, { labels: given.where }), ["default:1"]);
    });
  });
}
