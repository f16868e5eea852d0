import { ClientError, createClient } from "@squall/client";
import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { readLogin, writeLogin } from "../credentials.ts";

export function define(command: Command): void {
  examples(command, "squall logout");
  does(command, async ({ context }) => {
    const { url } = createClient({ url: context.connection.url });
    const login = await readLogin(context.credentialsFile, url);
    if (!login) return await context.out.say({ url, user: null }, `not signed in to ${url}`);
    // Forgotten in any case: a server that is away cannot keep anyone signed in here.
    await writeLogin(context.credentialsFile, url, undefined);
    try {
      await createClient({ url, token: login.token }).logout();
    } catch (thrown) {
      if (!(thrown instanceof ClientError)) throw thrown;
      if (thrown.kind !== "unauthenticated") context.out.note(`the server was not told: ${thrown.message}`);
    }
    await context.out.say({ url, user: login.user }, `signed out of ${url}`);
  });
}
