import { createClient } from "@squall/client";
import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { writeLogin } from "../credentials.ts";
import { formatTime } from "../output/time.ts";
import { addSignInOptions, type SignInOptions, signIn } from "./sign-in.ts";

export function define(command: Command): void {
  addSignInOptions(command);
  examples(
    command,
    "squall login admin",
    "squall --url https://squall.example.org login admin --password-stdin < secret",
  );
  does<SignInOptions>(command, async ({ context, words, options }) => {
    const { user, token, expiry } = await signIn(context, words[0], options);
    const { url } = createClient({ url: context.connection.url });
    await writeLogin(context.credentialsFile, url, { user, token, expiry });
    await context.out.say(
      { user, url, expiry },
      `signed in to ${url} as ${user} until ${formatTime(expiry, context.out.timeZone)}`,
    );
    const overridden = ["SQUALL_TOKEN", "SQUALL_API_KEY", "ST2_AUTH_TOKEN", "ST2_API_KEY"].find(
      (name) => context.env[name],
    );
    if (overridden) context.out.note(`${overridden} is set and will be used instead`);
  });
}
