import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { addGet, addList, type ResourceKind } from "../resource.ts";

const EVENT: ResourceKind = {
  noun: "trigger instance",
  plural: "trigger instances",
  collection: (client) => client.triggerInstances,
  argument: "trigger-instance-id",
  columns: ["id", "trigger", "occurrence_time", "status"],
  empty: "nothing has happened yet: `squall webhook send URL FILE` makes something happen",
};

export function define(group: Command): void {
  addList(group, EVENT, {
    filters: [
      { flags: "--trigger <trigger-ref>", description: "of this trigger", query: "trigger" },
      { flags: "--status <status>", description: "in this status", query: "status" },
      { flags: "--timestamp-gt <time>", description: "after, for example 2026-11-22T09:00:00Z", query: "timestamp_gt" },
      { flags: "--timestamp-lt <time>", description: "before", query: "timestamp_lt" },
    ],
    pageOf: 50,
    example: "squall trigger-instance list --trigger core.st2.webhook -n 5",
  });
  addGet(group, EVENT);
  const reEmit = group
    .command("re-emit")
    .description("let an event happen again, with the same payload")
    .argument("<trigger-instance-id...>");
  examples(reEmit, "squall trigger-instance re-emit 6921f0c2a1b2c3d4e5f60718");
  does(reEmit, async ({ context, words }) => {
    const client = await context.client();
    for (const id of words) {
      const answer = await client.reEmit(id);
      await context.out.say(answer, typeof answer.message === "string" ? answer.message : `re-emitted ${id}`);
    }
  });
}
