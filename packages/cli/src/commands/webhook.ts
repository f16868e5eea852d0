import type { Command } from "commander";
import { extname } from "node:path";
import { does, examples } from "../command.ts";
import { gatherHeaders, readHeader } from "../header-option.ts";
import { readBytes } from "../input-file.ts";
import { addGet, addList, type ResourceKind } from "../resource.ts";

const WEBHOOK: ResourceKind = {
  noun: "webhook",
  plural: "webhooks",
  collection: (client) => client.webhooks,
  argument: "webhook-url",
  columns: [{ name: "url", value: urlOf }, "type", "description"],
  empty: "no webhooks: a rule with trigger core.st2.webhook and a url makes one",
};

export function define(group: Command): void {
  addList(group, WEBHOOK);
  addGet(group, WEBHOOK);
  const send = group
    .command("send")
    .description("post a file to a webhook, byte for byte, as its sender would")
    .argument("<webhook-url>", "what follows /v1/webhooks/, for example alertmanager")
    .argument("<file>", "the body (- is stdin)")
    .option("--content-type <type>", "default: by the file's name, else application/json")
    .option("-H, --header <header>", "a header 'Name: value'; may be given again", gatherHeaders, []);
  examples(
    send,
    "squall webhook send alertmanager alert.json",
    "squall webhook send github push.json -H 'X-GitHub-Event: push'",
  );
  does<{ contentType?: string; header: readonly string[] }>(
    send,
    async ({ context, words: [url = "", file = ""], options }) => {
      const body = await readBytes(file);
      const client = await context.client();
      const path = url.replace(/^.*\/v1\/webhooks\//, "").replace(/^\/+|\/+$/g, "");
      const headers = Object.fromEntries(options.header.map(readHeader));
      const answer = await client.sendWebhook(path, body, options.contentType ?? typeOf(file), headers);
      await context.out.say(answer, `accepted by ${path}; \`squall trigger-instance list -n 1\` shows the event`);
    },
  );
}

function urlOf(item: Readonly<Record<string, unknown>>): unknown {
  return (item.parameters as { url?: unknown } | undefined)?.url;
}

function typeOf(file: string): string {
  switch (extname(file)) {
    case ".txt":
      return "text/plain";
    case ".form":
      return "application/x-www-form-urlencoded";
    default:
      return "application/json";
  }
}
