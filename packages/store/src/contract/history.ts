import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COMPLETED_STATUSES, type Execution, isCompleted, type Key } from "@squall/model";
import * as fc from "fast-check";
import type { Change, Committed } from "../changes.ts";
import type { OpenStore } from "./opened.ts";
import { aKey, aMove, anExecution, insert, T0 } from "./samples.ts";

/** Few ids and names, so that lists meet each other all the time. */
const number = fc.integer({ min: 0, max: 3 });
const status = fc.constantFrom("requested", "scheduled", "running", "paused", "succeeded", "failed");
const worker = fc.constantFrom("w1", "w2");

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(number, status).map(([n, to]): Change => {
    const [inserted] = insert(anExecution(n, { status: to }));
    return inserted as Change; // one goes in, one comes out
  }),
  fc
    .record({
      n: number,
      from: fc.array(status, { maxLength: 4 }),
      to: status,
      worker: fc.option(worker, { nil: undefined }),
      lease: fc.option(worker, { nil: undefined }),
    })
    .map(
      ({ n, from, to, worker: by, lease }): Change =>
        aMove(n, {
          from,
          to,
          ...(by !== undefined && { worker: by }),
          ...(lease !== undefined && { lease: { worker: lease } }),
        }),
    ),
  fc
    .record({ n: number, expect: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }) })
    .map(({ n, expect }): Change => ({ kind: "key.put", key: aKey(`k${n}`), ...(expect !== undefined && { expect }) })),
  fc.record({ n: number, expect: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }) }).map(
    ({ n, expect }): Change => ({
      kind: "key.delete",
      project: "default",
      scope: "st2kv.system",
      user: "",
      name: `k${n}`,
      ...(expect !== undefined && { expect }),
    }),
  ),
);

interface State {
  readonly executions: Map<string, Execution>;
  readonly keys: Map<string, Key>;
}

type Reason = Extract<Committed, { ok: false }>["reason"];

/** What the contract says of these changes, in the plainest way. Returns why it is refused. */
function apply(state: State, change: Change): Reason | undefined {
  switch (change.kind) {
    case "execution.insert":
      if (state.executions.has(change.execution.id)) return "exists";
      state.executions.set(change.execution.id, change.execution);
      return undefined;
    case "execution.move": {
      const found = state.executions.get(change.id);
      if (!found) return "missing";
      if (isCompleted(found.status) || !change.from.includes(found.status)) return "stale";
      if (change.worker !== undefined && found.lease?.worker !== change.worker) return "stale";
      const { lease, ...rest } = found;
      const held = isCompleted(change.to) ? undefined : (change.lease ?? lease);
      state.executions.set(change.id, {
        ...rest,
        status: change.to,
        log: [...found.log, { status: change.to, timestamp: change.at }],
        ...(held && { lease: held }),
      });
      return undefined;
    }
    case "key.put": {
      const found = state.keys.get(change.key.name);
      if (change.expect !== undefined && change.expect !== (found?.version ?? 0)) {
        if (!found) return "missing";
        return change.expect === 0 ? "exists" : "stale";
      }
      state.keys.set(change.key.name, { ...change.key, version: (found?.version ?? 0) + 1 });
      return undefined;
    }
    case "key.delete": {
      const found = state.keys.get(change.name);
      if (!found) return "missing";
      if (change.expect !== undefined && change.expect !== found.version) return "stale";
      state.keys.delete(change.name);
      return undefined;
    }
    default:
      throw new Error(`the model does not know ${change.kind}`);
  }
}

/** Applies a list whole or not at all. */
function applyList(state: State, changes: readonly Change[]): { state: State; index: number; reason?: Reason } {
  const next = { executions: new Map(state.executions), keys: new Map(state.keys) };
  for (const [index, one] of changes.entries()) {
    const reason = apply(next, one);
    if (reason) return { state, index, reason };
  }
  return { state: next, index: -1 };
}

export function historyContract(open: OpenStore, runs: number): void {
  describe("histories", () => {
    test("any lists in any groups have the outcome and leave the state that a plain model says", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 6 }), { maxLength: 4 }),
          async (groups) => {
            const opened = await open();
            const { store } = opened;
            await using _ = { [Symbol.asyncDispose]: () => opened.close() };
            let state: State = { executions: new Map(), keys: new Map() };
            for (const group of groups) {
              const outcomes = await Promise.all(group.map((list) => store.commit(list)));
              for (const [at, list] of group.entries()) {
                const expected = applyList(state, list);
                state = expected.state;
                const outcome = outcomes[at];
                const said = outcome?.ok ? { index: -1 } : { index: outcome?.index, reason: outcome?.reason };
                const { state: _, ...wanted } = expected;
                assert.deepEqual(said, wanted);
              }
            }
            const executions = (await store.executions("default", { order: "ascending" }, {})).items;
            assert.deepEqual(
              executions,
              [...state.executions.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
            );
            const keys = (await store.keys("default", {}, {}, T0)).items;
            assert.deepEqual(
              keys,
              [...state.keys.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
            );
            const completed = await store.executions(
              "default",
              { status: COMPLETED_STATUSES },
              { limit: 0, count: true },
            );
            assert.equal(completed.total, executions.filter((one) => isCompleted(one.status)).length);
          },
        ),
        { numRuns: runs },
      );
    });
  });
}
