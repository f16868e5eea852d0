import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Told } from "../changes.ts";
import { assertRefused, refused, type UseStore, write } from "./opened.ts";
import { anExecution, anId, insert } from "./samples.ts";

const told = (id: string, given: Partial<Told> = {}): Told => ({
  project: "default",
  id,
  execution: anId(1),
  shard: 7,
  event: { ended: id },
  ...given,
});
const tell = (one: Told) => ({ kind: "workflow.tell", ...one }) as const;
const hear = (id: string, project = "default") => ({ kind: "workflow.hear", project, id }) as const;

export function toldContract(use: UseStore): void {
  describe("what workflows are told", () => {
    test("comes oldest first, to whoever asks for its shard, until it is heard", async (t) => {
      const opened = await use(t);
      const full = told("b", { shard: 9, event: { nul: "\u0000 🦑", list: [1, null] }, context: { parent: "x" } });
      await write(opened.store, tell(told("c")), tell(full));
      await write(opened.store, tell(told("a", { project: "other", execution: anId(2) })));
      await write(opened.store, tell(told("d", { shard: 0 })), tell(told("e", { shard: 63 })));
      const store = await opened.reopen();
      const others = told("a", { project: "other", execution: anId(2) });
      assert.deepEqual(await store.told([9, 7], 10), [told("c"), full, others]);
      assert.deepEqual(await store.told([7, 7, 7], 10), [told("c"), others]);
      assert.deepEqual(await store.told([7, 9], 2), [told("c"), full]);
      assert.deepEqual(await store.told([9], 10), [full]);
      assert.deepEqual([await store.told([], 10), await store.told([7], 0), await store.told([1], 9)], [[], [], []]);
      assert.equal((await store.told([...Array(64).keys()], 100)).length, 5);
      await write(store, hear("c"));
      assert.deepEqual(await store.told([7, 9], 10), [full, others]);
      await write(store, tell(told("c")));
      assert.deepEqual(await store.told([7, 9], 10), [full, others, told("c")]);
    });

    test("is told under an id once, and heard once, in the commit of what comes of it", async (t) => {
      const { store } = await use(t);
      await write(store, tell(told("a")));
      await refused(store, "exists", tell(told("a", { event: { other: 1 } })));
      await write(store, tell(told("a", { project: "other" })));
      await refused(store, "missing", hear("b"));
      await refused(store, "missing", hear("a", "third"));
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, (_, n) => store.commit([hear("a"), ...insert(anExecution(n))])),
      );
      assert.equal(outcomes.filter(({ ok }) => ok).length, 1);
      for (const one of outcomes) if (!one.ok) assertRefused(one, "missing");
      assert.equal((await store.executions("default", {}, {})).items.length, 1);
      assert.deepEqual(await store.told([7], 10), [told("a", { project: "other" })]);
    });

    test("a list that is refused tells nothing", async (t) => {
      const { store } = await use(t);
      await refused(store, "missing", tell(told("a")), hear("b"));
      assert.deepEqual(await store.told([7], 10), []);
    });
  });
}
