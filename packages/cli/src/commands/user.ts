import type { Command } from "commander";
import { does, examples } from "../command.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failure.ts";
import { ask, readStdin } from "../prompt.ts";

interface PasswordOption {
  readonly passwordStdin?: boolean;
}

export function define(group: Command): void {
  const list = group.command("list").description("list who signs in here");
  does(list, async ({ context }) => {
    const users = (await (await context.client()).call("/users")) as readonly { readonly roles: readonly string[] }[];
    const roles = (user: object) => ("roles" in user && Array.isArray(user.roles) ? user.roles.join(", ") : "");
    await context.out.list(users, ["name", { name: "roles", value: roles }, "enabled", "created_at"], "nobody is here");
  });

  const create = withPassword(
    group
      .command("create <name>")
      .description("make a user who signs in with a password")
      .option("-r, --role <role...>", "admin may everything, observer only looks; without one: all but administration"),
  );
  examples(
    create,
    "squall user create ada --role admin",
    "pass show squall/ada | squall user create ada --password-stdin",
  );
  does<PasswordOption & { role?: string[] }>(create, async ({ context, words, options }) => {
    const [name = ""] = words;
    const password = await passwordFor(name, options);
    const body = { name, password, roles: options.role ?? [] };
    const made = (await (await context.client()).call("/users", { method: "POST", body })) as Record<string, unknown>;
    await context.out.one(made, ["name", "roles", "created_at"]);
  });

  const change = withPassword(group.command("password <name>").description("give a user another password"));
  examples(change, "squall user password ada");
  does<PasswordOption>(change, async ({ context, words, options }) => {
    const [name = ""] = words;
    await setPassword(context, name, await passwordFor(name, options));
  });
}

function withPassword(command: Command): Command {
  return command.option("--password-stdin", "read the password from stdin instead of asking for it");
}

async function setPassword(context: Context, name: string, password: string): Promise<void> {
  const path = `/users/${encodeURIComponent(name)}/password`;
  await (await context.client()).call(path, { method: "PUT", body: { password } });
  context.out.note(`${name} signs in with the new password from now on`);
}

/** Asked for twice: it is not shown, and nobody could sign in after a slip. */
async function passwordFor(name: string, options: PasswordOption): Promise<string> {
  if (options.passwordStdin) return readStdin();
  const first = await ask(`new password of ${name}: `, true);
  if ((await ask("once more: ", true)) !== first)
    throw new UsageError("these were two different passwords", "try again");
  return first;
}
