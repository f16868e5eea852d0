import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  openPostgresStore,
  openSqliteStore,
  startPostgres,
  type Store,
  type TestPostgres,
  whyNoPostgres,
} from "@squall/store";
import fc from "fast-check";
import { textOf, worldsAfter } from "./histories.ts";
import { EMPTY, looked, type Operation, type World } from "./reference.ts";
import { type Counts, doIt, EXECUTIONS, look, MEMBERS, SHARDS, WORKFLOWS } from "./stores.ts";

/** What the model holds possible: one world, or several while the store has not shown which. */
interface Model {
  worlds: readonly World[];
}

/** Processes on one database; one where the store takes no more. */
interface Real {
  readonly stores: readonly Store[];
  readonly counts: Counts;
}

/** Operations that go on at the same time, each on one of the stores. What they were told must be possible in some order. */
class Round implements fc.AsyncCommand<Model, Real> {
  readonly operations: readonly { readonly operation: Operation; readonly on: number }[];
  constructor(operations: readonly { readonly operation: Operation; readonly on: number }[]) {
    this.operations = operations;
  }
  check = () => true;
  async run(model: Model, { stores, counts }: Real): Promise<void> {
    const happened = await Promise.all(
      this.operations.map(({ operation, on }) => {
        const store = stores[(processOf(operation) ?? on) % stores.length];
        assert.ok(store);
        return doIt(store, operation, counts);
      }),
    );
    const words = happened.map(({ operation, said }) => `${JSON.stringify(operation)} -> ${said}`).join("\n");
    const possible = worldsAfter(model.worlds, happened).map(looked);
    assert.ok(
      possible.length > 0,
      `in no order can this be:\n${words}\nafter ${model.worlds.map(textOf).join("\nor ")}`,
    );
    for (const store of stores) {
      const shown = textOf(await look(store, counts));
      model.worlds = possible.filter((world) => textOf(world) === shown);
      assert.ok(
        model.worlds.length > 0,
        `the store shows ${shown}\nwhich is not ${possible.map(textOf).join("\nnor ")}\nafter\n${words}`,
      );
    }
  }
  toString = () => this.operations.map(({ operation, on }) => `${on}: ${JSON.stringify(operation)}`).join(" | ");
}

/** A member is one process, and beats in no other. */
function processOf(operation: Operation): number | undefined {
  if (operation.kind === "beat") return MEMBERS.findIndex((one) => one === operation.member);
  return operation.kind === "claim" ? MEMBERS.findIndex((one) => one === operation.worker) : undefined;
}

const member = fc.constantFrom(...MEMBERS);
const id = fc.constantFrom(...EXECUTIONS);
const workflow = fc.constantFrom(...WORKFLOWS);
const kind = <const K extends Operation["kind"]>(name: K) => fc.constant(name);
const name = fc.constantFrom("sensor/1", "sensor/2");
const seq = fc.integer({ min: 1, max: 4 });
const message = fc.constantFrom("t1", "t2", "t3");
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: kind("beat"), member }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind("evict"), member, seen: fc.constantFrom("latest" as const, "older" as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind("leave"), member }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("take"), name, member }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("release"), name, member }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind("insert"),
      id,
      priority: fc.integer({ min: -1, max: 1 }),
      due: fc.integer({ min: 1, max: 3 }),
      gpu: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: kind("claim"), worker: member, limit: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("cancel"), id }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("finish"), id, worker: member }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("again"), id, worker: member }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("abandon"), id, worker: member }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("lost") }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("append"), workflow, seq }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("tell"), id: message, shard: fc.constantFrom(...SHARDS) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("hear"), id: message }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("advance"), workflow, seq, id: message }) },
);
const round = fc
  .array(fc.record({ operation, on: fc.nat({ max: 1 }) }), { minLength: 1, maxLength: 4 })
  .map((operations) => new Round(operations));

/** Runs rounds on fresh stores against the reference, `runs` times. */
async function holdsToReference(open: () => Promise<Real & AsyncDisposable>, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.commands([round], { maxCommands: 40, size: "+1" }), async (commands) => {
      await using real = await open();
      await fc.asyncModelRun(() => ({ model: { worlds: [EMPTY] }, real }), commands);
    }),
    { numRuns: runs },
  );
}

describe("members, leases, claims and workflows are as in the reference, whatever goes on at the same time", () => {
  test("on SQLite", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "squall-model-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    let number = 0;
    await holdsToReference(async () => {
      const store = await openSqliteStore({ directory: join(folder, String(++number)) });
      return { stores: [store], counts: new Map(), [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
    }, 40);
  });

  describe("on PostgreSQL", { skip: whyNoPostgres() ?? false }, () => {
    let server: TestPostgres | undefined;
    before(async () => {
      // Durability is another test's; this one wants speed.
      server = await startPostgres(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    });
    after(() => server?.stop());

    test("with two processes", async () => {
      await holdsToReference(async () => {
        assert.ok(server);
        const url = await server.newDatabase();
        const stores = [
          await openPostgresStore({ url, exclusive: false }),
          await openPostgresStore({ url, exclusive: false }),
        ];
        return {
          stores,
          counts: new Map(),
          async [Symbol.asyncDispose]() {
            for (const store of stores) await store[Symbol.asyncDispose]();
          },
        };
      }, 12);
    });
  });
});
