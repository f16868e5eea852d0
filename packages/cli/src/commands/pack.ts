import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { Failure } from "../failure.ts";
import { addGet, addList, found, type ResourceKind, textAt } from "../resource.ts";
import { addRegister } from "./pack-register.ts";
import { addTest } from "./pack-test.ts";

const PACK: ResourceKind = {
  noun: "pack",
  plural: "packs",
  collection: (client) => client.packs,
  argument: "pack",
  columns: ["ref", "name", "description", "version", "author"],
  empty: "no packs: `squall pack register DIR` brings one",
};

export function define(group: Command): void {
  addList(group, PACK);
  addGet(group, PACK, ["name", "version", "author", "email", "keywords", "description", "path"]);
  addShow(group);
  addRegister(group);
  addTest(group);
  addRemove(group);
}

/** What is in a pack: the question one has before using it. */
function addShow(group: Command): void {
  const command = group.command("show").description("show a pack and what is in it").argument("<pack>");
  examples(command, "squall pack show core");
  does(command, async ({ context, words: [name = ""] }) => {
    const client = await context.client();
    const pack = await found(client.packs, PACK, name);
    const query = { pack: textAt(pack, "ref") || name };
    const [actions, rules, triggers, sensors] = await Promise.all(
      [client.actions, client.rules, client.triggerTypes, client.sensors].map(
        async (kind) => (await kind.list(query)).items,
      ),
    );
    const refs = (items: readonly Record<string, unknown>[] = []): string[] => items.map((item) => textAt(item, "ref"));
    const whole = {
      ...pack,
      actions: refs(actions),
      rules: refs(rules),
      triggers: refs(triggers),
      sensors: refs(sensors),
    };
    await context.out.one(whole, [
      "ref",
      "name",
      "version",
      "author",
      "description",
      "keywords",
      "path",
      "actions",
      "rules",
      "triggers",
      "sensors",
    ]);
  });
}

function addRemove(group: Command): void {
  const command = group
    .command("remove")
    .description("take packs and all they brought out of the server; their folders stay")
    .argument("<pack...>");
  examples(command, "squall pack remove examples");
  does(command, async ({ context, words }) => {
    const client = await context.client();
    const names: string[] = [];
    for (const word of words) names.push(textAt(await found(client.packs, PACK, word), "ref") || word);
    const answer = await client.removePacks(names);
    if (typeof answer.execution_id === "string") {
      const { follow } = await import("../follow.ts");
      const done = await follow(client, answer.execution_id, {});
      if (done && done.status !== "succeeded") {
        throw new Failure(
          `removing ${names.join(", ")} ${done.status}`,
          `\`squall execution get ${done.id}\` says why`,
        );
      }
    }
    await context.out.say(answer, `removed ${names.join(", ")}`);
  });
}
