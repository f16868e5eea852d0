import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkClaimOrder } from "../contract/claim-order.ts";
import { openSqliteStore } from "./open.ts";

test("claims take what the rules say of a plain list", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "squall-claims-"));
  t.after(() => rm(directory, { recursive: true }));
  await using store = await openSqliteStore({ directory });
  await checkClaimOrder(store, 150);
});
