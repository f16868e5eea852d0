import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeContract } from "../contract.ts";
import { openSqliteStore } from "./open.ts";

storeContract(
  "sqlite",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "squall-store-"));
    let store = await openSqliteStore({ directory });
    return {
      store,
      async reopen() {
        await store[Symbol.asyncDispose]();
        store = await openSqliteStore({ directory });
        return store;
      },
      async close() {
        await store[Symbol.asyncDispose]();
        await rm(directory, { recursive: true });
      },
    };
  },
  60,
);
