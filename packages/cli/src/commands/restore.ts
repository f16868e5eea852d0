import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { Failure } from "../failure.ts";

/** Needs the installation itself, so another program does it, which `bin/squall` starts; this is here for the help and the completion. */
export function define(command: Command): void {
  command
    .argument("<file>")
    .option("--data <directory>", "the data directory (default .squall/data)")
    .option("--store <url>", "the PostgreSQL database, where there is one (SQUALL_STORE)")
    .option("--force", "move what is in the data directory aside")
    .option("--check", "read the backup and restore nothing");
  examples(command, "squall restore /backups/squall.tar.gz --data /var/lib/squall");
  does(command, async () => {
    throw new Failure("this program only speaks with servers", "start it with bin/squall restore");
  });
}
