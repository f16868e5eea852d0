import type { ApiKeyValue } from "@squall/client";
import { ClientError } from "@squall/client";
import type { Command } from "commander";
import { does, examples, wholeNumber } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import { readDocument } from "../input-file.ts";
import type { Column } from "../output/output.ts";
import { ask, readStdin } from "../prompt.ts";
import { nearest } from "../nearest.ts";
import { noteMore } from "../resource.ts";

const COLUMNS: readonly Column[] = ["name", "value", "secret", "encrypted", "scope", "user", "expire_timestamp"];
const USUAL_LAST = 50;

interface Scoped {
  readonly scope?: string;
  readonly user?: string;
}

export function define(group: Command): void {
  addList(group);
  addGet(group);
  addSet(group);
  addDelete(group);
  addDeleteByPrefix(group);
  addLoad(group);
}

function addList(group: Command): void {
  const command = scoped(group.command("list").description("list keys"), "all")
    .option("--prefix <prefix>", "whose names begin with this")
    .option("-d, --decrypt", "secret values in the clear")
    .option("-n, --last <n>", `show at most this many (default ${USUAL_LAST})`, wholeNumber("N", 1))
    .option("-a, --attr <columns>", "columns to show, comma-separated");
  examples(command, "squall key list --prefix release.");
  does<Scoped & { prefix?: string; decrypt?: boolean; last?: number; attr?: string }>(
    command,
    async ({ context, options }) => {
      const client = await context.client();
      const { items, total } = await client.listKeys({
        decrypt: options.decrypt === true,
        scope: options.scope ?? "all",
        user: options.user,
        prefix: options.prefix,
        limit: options.last ?? USUAL_LAST,
      });
      const columns = options.attr?.split(",") ?? COLUMNS;
      await context.out.list(items, columns, "no keys: `squall key set NAME VALUE` makes one");
      noteMore(context, items.length, total, "keys");
    },
  );
}

function addGet(group: Command): void {
  const command = scoped(group.command("get").description("show keys"), "system")
    .argument("<key-name...>")
    .option("-d, --decrypt", "secret values in the clear");
  examples(command, "squall key get release.version", "squall key get db.password --decrypt --json");
  does<Scoped & { decrypt?: boolean }>(command, async ({ context, words, options }) => {
    const client = await context.client();
    const query = { decrypt: options.decrypt === true, scope: options.scope, user: options.user };
    const keys: ApiKeyValue[] = [];
    for (const name of words) {
      try {
        keys.push(await client.getKey(name, query));
      } catch (thrown) {
        if (!(thrown instanceof ClientError) || thrown.kind !== "not-found") throw thrown;
        const { items } = await client.listKeys({ scope: "all" }).catch(() => ({ items: [] }));
        const near = await nearest(
          name,
          items.map((key) => key.name),
        );
        throw new Failure(
          `there is no key '${name}'`,
          near ? `did you mean '${near}'?` : "`squall key list` shows those there are",
        );
      }
    }
    const [first] = keys;
    if (keys.length === 1 && first) return await context.out.one(first, COLUMNS);
    await context.out.list(keys, COLUMNS, "");
  });
}

function addSet(group: Command): void {
  const command = scoped(group.command("set").description("set a key"), "system")
    .argument("<key-name>")
    .argument("[value]", "the value; without it (or as -) it is read from stdin or asked for")
    .option("-e, --encrypt", "keep it encrypted; then better not on the command line")
    .option("--encrypted", "the value is one that this server encrypted before")
    .option("-l, --ttl <seconds>", "gone after this many seconds", wholeNumber("SECONDS", 1));
  examples(
    command,
    "squall key set release.version 1.4.2",
    "squall key set db.password --encrypt",
    "squall key set lock held --ttl 60",
  );
  does<Scoped & { encrypt?: boolean; encrypted?: boolean; ttl?: number }>(
    command,
    async ({ context, words: [name = "", given], options }) => {
      const client = await context.client();
      const value = await valueFor(name, given, options.encrypt === true);
      const key = await client.setKey(name, {
        name,
        value,
        scope: options.scope ?? "system",
        ...(options.user === undefined ? {} : { user: options.user }),
        ...(options.encrypt ? { secret: true } : {}),
        ...(options.encrypted ? { encrypted: true } : {}),
        ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
      });
      await context.out.one(key, ["name", ...(key.secret ? [] : ["value"]), "scope", "user", "expire_timestamp"]);
    },
  );
}

async function valueFor(name: string, given: string | undefined, secret: boolean): Promise<string> {
  if (given !== undefined && given !== "-") return given;
  const value = process.stdin.isTTY && given === undefined ? await ask(`${name}: `, secret) : await readStdin();
  // Far more often a pipe that brought nothing than an empty value that is meant.
  if (value === "")
    throw new UsageError(`no value for ${name} was given`, `squall key set ${name} '' sets an empty one`);
  return value;
}

function addDelete(group: Command): void {
  const command = scoped(group.command("delete").description("delete keys"), "system").argument("<key-name...>");
  examples(command, "squall key delete release.version");
  does<Scoped>(command, async ({ context, words, options }) => {
    const client = await context.client();
    for (const name of words) {
      await client.deleteKey(name, { scope: options.scope, user: options.user });
      await context.out.say({ deleted: name }, `deleted key ${name}`);
    }
  });
}

function addDeleteByPrefix(group: Command): void {
  const command = scoped(
    group.command("delete_by_prefix").alias("delete-by-prefix").description("delete all keys whose names begin alike"),
    "system",
  ).requiredOption("-p, --prefix <prefix>", "what their names begin with");
  examples(command, "squall key delete_by_prefix -p release.");
  does<Scoped & { prefix: string }>(command, async ({ context, options }) => {
    if (options.prefix === "") throw new UsageError("an empty prefix would delete every key");
    const client = await context.client();
    const query = { scope: options.scope ?? "system", user: options.user };
    const deleted: string[] = [];
    for (;;) {
      const { items } = await client.listKeys({ ...query, prefix: options.prefix, limit: 100 });
      // The server is asked for the prefix; what it answers is checked, since deleting cannot be undone.
      const names = items
        .map((key) => key.name)
        .filter((name) => name.startsWith(options.prefix) && !deleted.includes(name));
      if (names.length === 0) break;
      for (const name of names) {
        await client.deleteKey(name, query);
        deleted.push(name);
      }
    }
    await context.out.say(
      { deleted },
      deleted.length === 0
        ? `no key begins with ${options.prefix}`
        : deleted.map((name) => `deleted key ${name}`).join("\n"),
    );
  });
}

function addLoad(group: Command): void {
  const command = group
    .command("load")
    .description("set all keys of a YAML or JSON file: a list of name, value, scope, user, secret, encrypted, ttl")
    .argument("<file>")
    .option("-c, --convert", "write values that are no texts as JSON");
  examples(command, "squall key load keys.yaml");
  does<{ convert?: boolean }>(command, async ({ context, words: [file = ""], options }) => {
    const entries = await readDocument(file);
    const list: unknown[] = Array.isArray(entries) ? entries : [entries];
    const drafts = list.map((entry, at) => draftOf(entry, `${file}: entry ${at + 1}`, options.convert === true));
    const client = await context.client();
    const keys: ApiKeyValue[] = [];
    for (const draft of drafts) keys.push(await client.setKey(draft.name, draft));
    await context.out.list(
      keys,
      ["name", "value", "secret", "scope", "user", "expire_timestamp"],
      `${file} holds no keys`,
    );
  });
}

/** All are checked before the first is set. */
function draftOf(entry: unknown, where: string, convert: boolean): Record<string, unknown> & { name: string } {
  if (typeof entry !== "object" || entry === null) throw new Failure(`${where} is no object with name and value`);
  const { name, value, scope, user, secret, encrypted, ttl } = entry as Record<string, unknown>;
  if (typeof name !== "string" || name === "") throw new Failure(`${where} has no name`);
  if (value === undefined || value === null) throw new Failure(`${where} ('${name}') has no value`);
  if (typeof value !== "string" && !convert) {
    throw new Failure(`${where}: the value of '${name}' is no text`, "-c writes such values as JSON");
  }
  const rest = Object.entries({ scope: scope ?? "system", user, secret, encrypted, ttl }).filter(
    ([, one]) => one !== undefined,
  );
  return { name, value: typeof value === "string" ? value : JSON.stringify(value), ...Object.fromEntries(rest) };
}

function scoped(command: Command, usual: string): Command {
  return command
    .option("-s, --scope <scope>", `system, user${usual === "all" ? " or all" : ""} (default ${usual})`)
    .option("-u, --user <user>", "whose key it is, in scope user");
}
