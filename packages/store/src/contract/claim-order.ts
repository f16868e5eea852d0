import assert from "node:assert/strict";
import { type Execution, type Labels, satisfies } from "@squall/model";
import fc from "fast-check";
import type { Claim, Store } from "../port.ts";
import { write } from "./opened.ts";
import { aClaim, anExecution, insert, T0 } from "./samples.ts";

/** The rules of `claim` over a plain list: what each project gets, in order. */
export function claimedFrom(waiting: readonly Execution[], ask: Claim, lastTurn: string): Map<string, Execution[]> {
  const able = waiting.filter((one) => one.lane === ask.lane && one.due <= ask.now && satisfies(ask.labels, one.where));
  able.sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0) || a.due - b.due || (a.id < b.id ? -1 : 1));
  const names = [...new Set(able.map(({ project }) => project))].sort();
  const circle = [...names.filter((name) => name > lastTurn), ...names.filter((name) => name <= lastTurn)];
  const out = new Map<string, Execution[]>();
  for (let left = ask.limit; left > 0 && able.length > 0; ) {
    for (const project of circle) {
      const at = able.findIndex((one) => one.project === project);
      if (at < 0 || left === 0) continue;
      out.set(project, [...(out.get(project) ?? []), ...able.splice(at, 1)]);
      left--;
    }
  }
  return out;
}

const LABELS: Labels[] = [{}, { a: "1" }, { b: "1" }, { a: "1", b: "1" }, { a: "2" }];
const NEW = fc.record({
  project: fc.constantFrom("p", "q", "r", "default"),
  priority: fc.constantFrom(-100, -1, 0, 0, 3, 100),
  where: fc.constantFrom(...LABELS),
  due: fc.integer({ min: 0, max: 12 }),
  lane: fc.constantFrom("inline" as const, "inline" as const, "process" as const),
  status: fc.constantFrom("requested" as const, "scheduled" as const, "delayed" as const),
});
const STEP = fc.oneof(
  fc.record({ insert: fc.array(NEW, { minLength: 1, maxLength: 12 }) }),
  fc.record({
    limit: fc.integer({ min: 0, max: 9 }),
    labels: fc.constantFrom(...LABELS),
    now: fc.integer({ min: 0, max: 12 }),
    lane: fc.constantFrom("inline" as const, "process" as const),
  }),
);

/** Holds a store's claims to `claimedFrom`, over random lists that grow and shrink. The store is empty at first. */
export async function checkClaimOrder(store: Store, runs: number): Promise<void> {
  let made = 0;
  const lastTurn = { inline: "", process: "" };
  let waiting: Execution[] = [];
  const claim = async (ask: Claim): Promise<Execution[]> => {
    const expected = claimedFrom(waiting, ask, lastTurn[ask.lane]);
    const claimed = await store.claim(ask);
    const ids = new Set(claimed.map(({ id }) => id));
    waiting = waiting.filter(({ id }) => !ids.has(id));
    if (ask.limit > 0 && claimed.length === ask.limit) lastTurn[ask.lane] = claimed.at(-1)?.project ?? "";
    assert.equal(claimed.length, [...expected.values()].flat().length);
    for (const [project, own] of expected) {
      assert.deepEqual(
        claimed.filter((one) => one.project === project).map(({ id }) => id),
        own.map(({ id }) => id),
      );
    }
    return claimed;
  };
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 2, maxLength: 8 }), async (steps) => {
      // What an earlier run left, so that this one can be run again alone.
      await Promise.all(
        waiting.map(({ project, id, status }) =>
          write(store, { kind: "execution.move", project, id, from: [status], to: "canceled", at: T0 }),
        ),
      );
      waiting = [];
      for (const step of steps) {
        if ("insert" in step) {
          const fresh = step.insert.map(({ where, priority, due, ...one }) =>
            anExecution(made++, {
              ...one,
              due: T0 + due,
              ...(Object.keys(where).length > 0 && { where }),
              ...(priority !== 0 && { priority }),
            }),
          );
          await write(store, ...insert(...fresh));
          waiting.push(...fresh);
        } else {
          await claim(aClaim({ ...step, now: T0 + step.now }));
        }
      }
    }),
    { numRuns: runs },
  );
}
