import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Change, Committed } from "../changes.ts";
import type { Store } from "../port.ts";

/** Opens an empty store. `reopen` closes it and opens the same data again; `close` closes whichever is open and removes the data. */
export type OpenStore = () => Promise<{ readonly store: Store; reopen(): Promise<Store>; close(): Promise<void> }>;

/** A store for one test, which closes it when it ends. */
export type UseStore = (t: TestContext) => Promise<{ readonly store: Store; reopen(): Promise<Store> }>;

export function useStore(open: OpenStore): UseStore {
  return async (t) => {
    const opened = await open();
    t.after(() => opened.close());
    return opened;
  };
}

/** Commits a list that must go through. */
export async function write(store: Store, ...changes: Change[]): Promise<void> {
  assert.deepEqual(await store.commit(changes), { ok: true });
}

/** Asserts that a list is refused at `index` for `reason`, with a message for people. */
export function assertRefused(committed: Committed, reason: "exists" | "missing" | "stale", index = 0): void {
  assert.ok(!committed.ok, `expected a refusal (${reason})`);
  assert.deepEqual({ reason: committed.reason, index: committed.index }, { reason, index });
  assert.ok(committed.message.length > 10, `says too little: ${committed.message}`);
}

/** Commits a list that must be refused. */
export async function refused(
  store: Store,
  reason: "exists" | "missing" | "stale",
  ...changes: Change[]
): Promise<void> {
  assertRefused(await store.commit(changes), reason, changes.length - 1);
}
