import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { UsageError } from "../failure.ts";
import { addDelete, addEnableDisable, addGet, addList, type ResourceKind, textAt } from "../resource.ts";

const API_KEY: ResourceKind = {
  noun: "API key",
  plural: "API keys",
  collection: (client) => client.apiKeys,
  argument: "apikey-id",
  columns: ["id", "user", "metadata", "enabled", "created_at"],
  empty: "no API keys: `squall apikey create` makes one",
};

export function define(group: Command): void {
  addList(group, API_KEY, { pageOf: 50 });
  addGet(group, API_KEY);
  const create = group
    .command("create")
    .description("make a key for a program; it is shown this once")
    .option("-u, --user <user>", "the program acts as this user (default: you)")
    .option("-m, --metadata <json>", "what it is for, as a JSON object")
    .option("-k, --only-key", "print the key and nothing else");
  examples(
    create,
    `squall apikey create -m '{"used_by": "alertmanager"}'`,
    "export SQUALL_API_KEY=$(squall apikey create -k)",
  );
  does<{ user?: string; metadata?: string; onlyKey?: boolean }>(create, async ({ context, options }) => {
    const client = await context.client();
    const created = await client.apiKeys.create({
      ...(options.user === undefined ? {} : { user: options.user }),
      metadata: metadataOf(options.metadata),
    });
    if (options.onlyKey) return context.out.write(`${textAt(created, "key")}\n`);
    await context.out.one(created, ["id", "user", "key", "metadata"]);
    if (context.out.format === "table")
      context.out.note("this key is not shown again; programs send it as header St2-Api-Key");
  });
  addDelete(group, API_KEY);
  addEnableDisable(group, API_KEY);
}

function metadataOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // said below
  }
  throw new UsageError("--metadata takes a JSON object", `for example -m '{"used_by": "alertmanager"}'`);
}
