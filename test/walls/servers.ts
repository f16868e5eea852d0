// What `npm run test:cluster` runs beside the tests: PostgreSQL and NATS for all of them. Prints one line of JSON, their addresses or
// why they cannot be had, and ends them when its stdin is closed: with whoever started it, however that ends.

import { once } from "node:events";
import { startNats, whyNoNats } from "@squall/bus";
import { openPostgresStore, startPostgres, TEMPLATE, whyNoPostgres } from "@squall/store";

/** Each store keeps a few connections, and a file of tests may have a dozen stores. */
const SETTINGS = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "autovacuum=off",
  "max_connections=500",
];

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function main(): Promise<void> {
  const missing = whyNoPostgres() ?? (await whyNoNats());
  if (missing !== undefined) {
    say({ missing });
    return;
  }
  const postgres = await startPostgres(SETTINGS);
  try {
    await postgres.run(`create database ${TEMPLATE}`);
    await (await openPostgresStore({ url: postgres.addressOf(TEMPLATE) }))[Symbol.asyncDispose](); // makes the tables
    await using nats = await startNats({ jetstream: true });
    say({ store: postgres.addressOf("postgres"), bus: nats.url });
    // A terminal's Ctrl-C is for the tests; they end first, and who started us closes stdin then.
    process.on("SIGINT", () => undefined);
    process.stdin.resume();
    await Promise.race([once(process.stdin, "close"), once(process, "SIGTERM")]);
  } finally {
    await postgres.stop();
  }
}

await main();
process.exit();
