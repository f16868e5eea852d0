import { writeSync } from "node:fs";
import { SquallError } from "@squall/model";
import { openSqliteStore } from "./open.ts";

// Opens a directory, says how that went, and holds it until its input ends.
try {
  await using _ = await openSqliteStore({ directory: process.argv[2] ?? "" });
  writeSync(1, "open\n");
  for await (const _chunk of process.stdin);
} catch (error) {
  writeSync(1, `${error instanceof SquallError ? error.code : String(error)}\n`);
}
