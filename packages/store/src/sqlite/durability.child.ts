import { writeSync } from "node:fs";
import { anEvent, anExecution, aMove, insert } from "../contract/samples.ts";
import { openSqliteStore } from "./open.ts";

// Writes numbered lists from twenty callers until it is killed, and prints each number when its commit has resolved.
const [directory = "", first = "0"] = process.argv.slice(2);
const store = await openSqliteStore({ directory });
let next = Number(first);
await Promise.all(
  Array.from({ length: 20 }, async () => {
    for (;;) {
      const n = next++;
      await store.commit([
        { kind: "event.insert", event: anEvent(n) },
        ...insert(anExecution(n, { status: "running" })),
        aMove(n, { from: ["running"], to: "succeeded" }),
      ]);
      writeSync(1, `${n}\n`);
    }
  }),
);
