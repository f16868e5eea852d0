import type { ApiToken } from "@squall/client";
import { ClientError, createClient } from "@squall/client";
import type { Command } from "commander";
import { wholeNumber } from "../command.ts";
import type { Context } from "../context.ts";
import { Failure, UsageError } from "../failure.ts";
import { ask, readStdin } from "../prompt.ts";

export interface SignInOptions {
  readonly password?: string;
  readonly passwordStdin?: boolean;
  readonly ttl?: number;
}

export function addSignInOptions(command: Command): Command {
  return command
    .argument("[user]", "asked for when left out")
    .option("-p, --password <password>", "seen by everyone on this machine; better be asked, or --password-stdin")
    .option("--password-stdin", "read the password from stdin")
    .option("-l, --ttl <seconds>", "how long the token holds", wholeNumber("SECONDS", 1));
}

/** Asks what is missing and issues a token. The credentials of flags and environment play no part. */
export async function signIn(context: Context, given: string | undefined, options: SignInOptions): Promise<ApiToken> {
  if (options.password !== undefined && options.passwordStdin) {
    throw new UsageError("--password and --password-stdin cannot both be given");
  }
  if (given === undefined && options.passwordStdin) throw new UsageError("--password-stdin needs the user's name, too");
  const user = given ?? (await ask("User: ", false));
  const password =
    options.password ?? (options.passwordStdin ? await readStdin() : await ask(`Password of ${user}: `, true));
  try {
    return await createClient({ url: context.connection.url }).login(user, password, options.ttl);
  } catch (thrown) {
    if (thrown instanceof ClientError && thrown.kind === "unauthenticated") {
      throw new Failure(
        `user ${user} and this password do not go together`,
        "the server prints the first password when it starts for the first time",
      );
    }
    throw thrown;
  }
}
