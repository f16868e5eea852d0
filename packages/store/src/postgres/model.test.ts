import { test } from "node:test";
import { holdsGuards } from "../contract/model-guards.ts";
import { startPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

/** Between what a change looks at and what it writes, so that others have the time to come in between. */
const SLOWLY = `
  create function slowly() returns trigger language plpgsql as $$
  begin perform pg_sleep(random() * 0.004); return null; end $$;
  create trigger slowly before insert or update or delete on key execute function slowly();
  create trigger slowly before insert or update or delete on timer execute function slowly();`;

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
    await server.run(SLOWLY, url);
    return {
      stores,
      async close() {
        for (const store of stores) await store[Symbol.asyncDispose]();
      },
    };
  }, 5);
});
