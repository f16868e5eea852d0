import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Execution } from "@squall/model";
import { checkClaimOrder } from "../contract/claim-order.ts";
import { aClaim, anExecution, insert } from "../contract/samples.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

describe("claims on PostgreSQL", { skip: whyNoPostgres() ?? false }, () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
  });
  after(() => server?.stop());

  test("take what the rules say of a plain list", async () => {
    await using store = await openPostgresStore({ url: await server.newDatabase() });
    await checkClaimOrder(store, 40);
  });

  test("of several processes are disjoint, and together take everything, whatever the projects and labels", async () => {
    const url = await server.newDatabase();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgresStore({ url, exclusive: false })));
    const wheres: Partial<Execution>[] = [{}, { where: { a: "1" } }, { where: { b: "1" } }];
    const all = Array.from({ length: 600 }, (_, n) =>
      anExecution(n, {
        project: `p${n % 3}`,
        priority: (n % 5) - 2,
        ...wheres[n % 7 === 0 ? 1 : n % 11 === 0 ? 2 : 0],
      }),
    );
    await stores[0]?.commit(insert(...all));
    const labels = { a: "1", b: "1" };
    const claimed: string[] = [];
    const drain = async (store: (typeof stores)[number], worker: string) => {
      for (;;) {
        const got = await store.claim(aClaim({ limit: 7, worker, labels }));
        claimed.push(...got.map(({ id }) => id));
        // Nobody's claim is short while there is more than all of them ask for at once.
        if (claimed.length < 600 - 4 * 7) assert.equal(got.length, 7);
        if (got.length === 0) return;
      }
    };
    await Promise.all(stores.map((store, n) => drain(store, `w${n}`)));
    assert.equal(claimed.length, 600);
    assert.equal(new Set(claimed).size, 600);
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
  });
});
