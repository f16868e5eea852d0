import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_PROJECT } from "@squall/model";
import type { Change, Store } from "@squall/store";
import { someWorkflows } from "./some-workflows.ts";

const BYTES = 2_000_000;
/** A large result goes through ten tasks: each publishes it again, and none is given it. */
const LARGE = `
version: 1.0
tasks:
  make: {action: core.local cmd="printf %0${BYTES}d 0", next: [{publish: [{text: <% result().stdout %>}], do: t1}]}
${Array.from({ length: 8 }, (_, n) => `  t${n + 1}: {action: core.noop, next: [{publish: [{text: <% ctx(text) %>}, {n: ${n}}], do: t${n + 2}}]}`).join("\n")}
  t9: {action: core.noop}
output: [{length: <% len(ctx(text)) %>}]
`;
const SMALL = "version: 1.0\ntasks:\n  a: {action: core.noop, next: [{do: b}]}\n  b: {action: core.noop}\n";

/** Counts what is written, by kind of change. */
function counting(): { readonly around: (store: Store) => Store; readonly written: Map<string, number> } {
  const written = new Map<string, number>();
  const count = (change: Change) =>
    written.set(change.kind, (written.get(change.kind) ?? 0) + JSON.stringify(change).length);
  const around = (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        if (name === "commit") {
          return (changes: readonly Change[]) => {
            changes.forEach(count);
            return target.commit(changes);
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  return { around, written };
}

describe("much at once", () => {
  test("a result of 2 MB that goes through ten tasks is written twice: as what was printed and as the result", async () => {
    const { around, written } = counting();
    const limits = { resultBytes: 4 << 20, outputBytes: 4 << 20 };
    await using w = await someWorkflows({ large: LARGE, small: SMALL }, { limits, around });
    const large = await w.request("large");
    const others = await Promise.all(Array.from({ length: 50 }, () => w.run("small")));
    assert.deepEqual(new Set(others.map((one) => one.status)), new Set(["succeeded"]));
    const done = await w.settled(large.id);
    assert.deepEqual([done.status, done.result], ["succeeded", { output: { length: BYTES } }]);
    const bytes = Object.fromEntries(written);
    const moves = bytes["execution.move"] ?? 0;
    assert.ok(moves > BYTES && moves < BYTES * 1.2, `ends: ${moves}`);
    assert.ok((bytes["workflow.append"] ?? 0) < 100_000, `steps: ${bytes["workflow.append"]}`);
    assert.ok((bytes["execution.insert"] ?? 0) < 1_000_000, `begins: ${bytes["execution.insert"]}`);
    assert.equal(bytes["workflow.save"] ?? 0, 0);
  });

  test("a thousand workflows at once end, each with its own tasks", async () => {
    await using w = await someWorkflows({ small: SMALL });
    const asked = await Promise.all(Array.from({ length: 1000 }, () => w.request("small")));
    const done = await Promise.all(asked.map(({ id }) => w.settled(id)));
    assert.deepEqual(new Set(done.map((one) => one.status)), new Set(["succeeded"]));
    const children = await w.t.store.childIds(
      DEFAULT_PROJECT,
      asked.map(({ id }) => id),
    );
    assert.deepEqual(new Set([...children.values()].map((ids) => ids.length)), new Set([2]));
    assert.equal(new Set([...children.values()].flat()).size, 2000);
  });
});
