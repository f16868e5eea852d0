import { test } from "node:test";
import { holdsGuards } from "../contract/model-guards.ts";
import { startPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

test("guards hold on PostgreSQL whatever three processes ask at once", {
  skip: whyNoPostgres() ?? false,
}, async (t) => {
  const server = await startPostgres(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
  t.after(() => server.stop());
  await holdsGuards(async () => {
    const url = await server.newDatabase();
    const stores = [
      await openPostgresStore({ url, exclusive: false }),
      await openPostgresStore({ url, exclusive: false }),
      await openPostgresStore({ url, exclusive: false }),
    ];
    return {
      stores,
      async close() {
        for (const store of stores) await store[Symbol.asyncDispose]();
      },
    };
  }, 25);
});
