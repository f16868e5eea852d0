import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { addSignInOptions, type SignInOptions, signIn } from "./sign-in.ts";

export function define(command: Command): void {
  addSignInOptions(command).option("--only-token", "print the token and nothing else");
  examples(
    command,
    "squall auth admin",
    "export SQUALL_TOKEN=$(squall auth admin --only-token --password-stdin < secret)",
  );
  does<SignInOptions & { onlyToken?: boolean }>(command, async ({ context, words, options }) => {
    const token = await signIn(context, words[0], options);
    if (options.onlyToken) return context.out.write(`${token.token}\n`);
    await context.out.one(token, ["user", "token", "expiry"]);
  });
}
