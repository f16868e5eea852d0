import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change } from "../changes.ts";
import { refused, type UseStore, write } from "./opened.ts";
import { anId } from "./samples.ts";

const append = (seq: number, step: object, given: { execution?: string; project?: string } = {}): Change => ({
  kind: "workflow.append",
  project: "default",
  execution: anId(1),
  seq,
  step: { ...step },
  ...given,
});
const save = (seq: number, state: string): Change => ({
  kind: "workflow.save",
  project: "default",
  execution: anId(1),
  seq,
  state,
});

export function workflowsContract(use: UseStore): void {
  describe("workflows", () => {
    test("steps are read in the order in which they were appended, of one execution and project alone", async (t) => {
      const opened = await use(t);
      await write(opened.store, append(1, { n: 1 }), append(2, { n: "two ü" }));
      await write(opened.store, append(3, { n: [3] }));
      await write(opened.store, append(1, { other: 1 }, { execution: anId(2) }));
      await write(opened.store, append(1, { other: 2 }, { project: "other" }));
      const store = await opened.reopen();
      assert.deepEqual(await store.workflow("default", anId(1)), {
        steps: [
          { seq: 1, step: { n: 1 } },
          { seq: 2, step: { n: "two ü" } },
          { seq: 3, step: { n: [3] } },
        ],
      });
      assert.deepEqual((await store.workflow("other", anId(1))).steps, [{ seq: 1, step: { other: 2 } }]);
      assert.deepEqual(await store.workflow("default", anId(9)), { steps: [] });
    });

    test("a step that is not the next one is refused: whoever made it knew too little", async (t) => {
      const { store } = await use(t);
      await refused(store, "stale", append(2, {}));
      await write(store, append(1, { first: true }));
      await refused(store, "stale", append(1, {}));
      await refused(store, "stale", append(3, {}));
      const both = await Promise.all([store.commit([append(2, { a: 1 })]), store.commit([append(2, { b: 1 })])]);
      assert.deepEqual(
        both.map((one) => one.ok),
        [true, false],
      );
      assert.equal((await store.workflow("default", anId(1))).steps.length, 2);
    });

    test("a saved state stands for the steps up to it, and an older one does not replace it", async (t) => {
      const opened = await use(t);
      await write(opened.store, append(1, {}), append(2, {}), save(2, "after 2"));
      await write(opened.store, append(3, { n: 3 }), save(1, "after 1"));
      const store = await opened.reopen();
      assert.deepEqual(await store.workflow("default", anId(1)), {
        saved: { seq: 2, state: "after 2" },
        steps: [{ seq: 3, step: { n: 3 } }],
      });
      const { saved, steps } = await store.workflow("default", anId(1), true);
      assert.deepEqual([saved, steps.map((one) => one.seq)], [undefined, [1, 2, 3]]);
    });
  });
}
