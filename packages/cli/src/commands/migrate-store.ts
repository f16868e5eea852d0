import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { Failure } from "../failure.ts";

/** Needs the installation itself, so another program does it, which `bin/squall` starts; this is here for the help and the completion. */
export function define(command: Command): void {
  command
    .option("--to <target>", "an empty database, or a data directory without squall.db (SQUALL_TO)")
    .option("--data <directory>", "the data directory (default .squall/data)")
    .option("--store <url>", "the PostgreSQL database, where there is one (SQUALL_STORE)");
  examples(command, "SQUALL_TO=postgres://squall:PASSWORD@db/squall squall migrate-store --data /var/lib/squall");
  does(command, async () => {
    throw new Failure("this program only speaks with servers", "start it with bin/squall migrate-store");
  });
}
