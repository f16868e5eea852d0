import { after, before, describe } from "node:test";
import { storeContract } from "../contract.ts";
import type { Store } from "../port.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

const why = whyNoPostgres();

describe("on PostgreSQL", { skip: why ?? false }, () => {
  let server: TestPostgres | undefined;
  before(async () => {
    // Durability is another test's; these want speed.
    server = await startPostgres(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
  });
  after(() => server?.stop());

  storeContract(
    "PostgreSQL",
    async () => {
      if (!server) throw new Error("the server did not start");
      const url = await server.newDatabase();
      let store: Store = await openPostgresStore({ url });
      return {
        store,
        async reopen() {
          await store[Symbol.asyncDispose]();
          store = await openPostgresStore({ url });
          return store;
        },
        async close() {
          await store[Symbol.asyncDispose]();
        },
      };
    },
    30,
  );
});
