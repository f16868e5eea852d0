import { type ApiObject, type Client, ClientError } from "@squall/client";
import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { addGet, addList, found, type ResourceKind, textAt } from "../resource.ts";
import { addConfig } from "./pack-config.ts";
import { addCreate } from "./pack-create.ts";
import { addInstall, addRemove, addSearch } from "./pack-install.ts";
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
  addSearch(group);
  addInstall(group);
  addRemove(group);
  addConfig(group);
  addCreate(group);
  addRegister(group);
  addTest(group);
}

/** What is in a pack: the question one has before using it. */
function addShow(group: Command): void {
  const command = group
    .command("show")
    .description("show a pack and what is in it; one that is not on the server from the indexes")
    .argument("<pack>");
  examples(command, "squall pack show core");
  does(command, async ({ context, words: [name = ""] }) => {
    const client = await context.client();
    const pack = await installedOr(client, name, async () => {
      const offered = await client.packInIndex(name);
      if (offered === undefined) return false;
      await context.out.one(offered, ["ref", "name", "version", "author", "description", "keywords", "repo_url"]);
      context.out.note(`not installed: squall pack install ${name}`);
      return true;
    });
    if (pack === undefined) return;
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

/** A pack of the server; undefined when `offered` had something to show instead. */
async function installedOr(
  client: Client,
  name: string,
  offered: () => Promise<boolean>,
): Promise<ApiObject | undefined> {
  try {
    return await client.packs.get(name);
  } catch (thrown) {
    if (!(thrown instanceof ClientError) || thrown.kind !== "not-found") throw thrown;
    // Indexes that do not answer are no reason to keep quiet about the server's own packs.
    const shown = await offered().catch((reason: unknown) => {
      if (reason instanceof ClientError) return false;
      throw reason;
    });
    return shown ? undefined : await found(client.packs, PACK, name);
  }
}
