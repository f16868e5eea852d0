import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { holdsGuards } from "../contract/model-guards.ts";
import { openSqliteStore } from "./open.ts";

test("guards hold on SQLite whatever is asked at once", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "squall-model-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  let number = 0;
  await holdsGuards(async () => {
    const store = await openSqliteStore({ directory: join(folder, String(++number)) });
    return { stores: [store], close: async () => store[Symbol.asyncDispose]() };
  }, 60);
});
