import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { Failure } from "../failure.ts";

/** The server is another program, which `bin/squall` starts; this is here for the help and the completion. */
export function define(command: Command): void {
  command
    .option("--port <port>", "where it answers (default 9101)")
    .option("--host <host>", "the address it listens on (default 127.0.0.1)")
    .option("--data <directory>", "where it keeps its data (default .squall/data)");
  examples(command, "squall server", "squall server --port 9200 --data /var/lib/squall");
  does(command, async () => {
    throw new Failure("this program does not hold the server", "start it with bin/squall server, or npm start");
  });
}
