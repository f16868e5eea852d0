import { ClientError, createClient } from "@squall/client";
import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { readLogin, writeLogin } from "../credentials.ts";

export function define(command: Command): void {
  examples(command, "squall logout");
  does(command, async ({ context }) => {
    const { url } = createClient({ url: context.connection.url });
    const login = await readLogin(context.credentialsFile, url);
    if (login) await writeLogin(context.credentialsFile, url, undefined);
    await context.out.say(
      { url, user: login?.user ?? null },
      login ? `signed out of ${url}` : `not signed in to ${url}`,
    );
  });
}
