import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { formatTime } from "../output/time.ts";

export function define(command: Command): void {
  examples(command, "squall whoami");
  does(command, async ({ context }) => {
    const client = await context.client();
    const user = await client.whoami();
    const { method, token_expire: expire } = user.authentication;
    const until = expire === undefined ? "" : `, which holds until ${formatTime(expire, context.out.timeZone)}`;
    const roles = user.rbac?.enabled ? `\nroles: ${user.rbac.roles.join(", ")}` : "";
    await context.out.say(user, `${user.username} at ${client.url}, by ${method}${until}${roles}`);
  });
}
