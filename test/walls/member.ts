// `squall server` as tests that start it as a process get it in `npm run test:cluster` (SQUALL_TEST_MAIN): a member of a cluster, with
// the database that stands for its data directory. What it is given itself goes first.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { TEST_BUS } from "@squall/bus";
import { testDatabase } from "@squall/store";

const { values } = parseArgs({ args: process.argv.slice(2), strict: false, options: { data: { type: "string" } } });
const data = typeof values.data === "string" ? values.data : process.env.SQUALL_DATA;
const isGiven = "store" in values || "bus" in values || "new-key" in values || process.env.SQUALL_STORE !== undefined;
if (data !== undefined && !isGiven) {
  const store = await testDatabase(data);
  if (store !== undefined && TEST_BUS !== undefined) {
    Object.assign(process.env, { SQUALL_STORE: store, SQUALL_BUS: TEST_BUS });
    const key = join(data, "encryption.key");
    try {
      mkdirSync(data, { recursive: true, mode: 0o700 });
      if (!existsSync(key)) writeFileSync(key, randomBytes(32).toString("base64"), { mode: 0o600 });
    } catch {
      // A directory that cannot be is what the program itself has to complain about.
    }
  }
}
// The program, as others start it; not the room.
await import(pathToFileURL(join(import.meta.dirname, "../../packages/server/src/main.ts")).href);
