import type { ApiObject, Client, Collection, Query } from "@squall/client";
import { ClientError } from "@squall/client";
import type { Command } from "commander";
import { does, examples, wholeNumber } from "./command.ts";
import type { Context } from "./context.ts";
import { Failure } from "./failure.ts";
import { readObject } from "./input-file.ts";
import { nearest } from "./nearest.ts";
import type { Column } from "./output/output.ts";

/** What the commands of one kind of resource need to know about it. */
export interface ResourceKind {
  /** For people: `rule`, `trigger instance`. */
  readonly noun: string;
  readonly plural: string;
  readonly collection: (client: Client) => Collection;
  /** How help and completion call its name: `rule-ref`, `trigger-instance-id`. */
  readonly argument: string;
  readonly columns: readonly Column[];
  /** What to do when there are none. */
  readonly empty: string;
}

export interface Filter {
  readonly flags: string;
  readonly description: string;
  /** The query parameter. */
  readonly query: string;
}

interface ListOptions {
  readonly last?: number;
  readonly attr?: string;
  readonly [filter: string]: unknown;
}

/** `list`, with filters; `pageOf` is the usual number shown, absent where all are. */
export function addList(
  group: Command,
  kind: ResourceKind,
  more: { filters?: readonly Filter[]; pageOf?: number; query?: Query; example?: string } = {},
): Command {
  const command = group.command("list").description(`list ${kind.plural}`);
  const filters = more.filters ?? [];
  for (const { flags, description } of filters) command.option(flags, description);
  if (more.pageOf !== undefined) {
    command.option("-n, --last <n>", `show at most this many (default ${more.pageOf})`, wholeNumber("N", 1));
  }
  command.option("-a, --attr <columns>", "columns to show, comma-separated (for example id,status)");
  examples(command, more.example ?? `squall ${group.name()} list`);
  return does<ListOptions>(command, async ({ context, options }) => {
    const query: Record<string, string | number | boolean | undefined> = {};
    filters.forEach(({ query: name }, at) => {
      const value = options[command.options[at]?.attributeName() ?? ""];
      if (typeof value === "string" || typeof value === "boolean") query[name] = value;
    });
    const limit = more.pageOf === undefined ? undefined : (options.last ?? more.pageOf);
    await showList(context, kind, { ...more.query, ...query, limit }, options.attr);
  });
}

/** Fetches and shows a list, and says when there is more of it. */
export async function showList(context: Context, kind: ResourceKind, query: Query, attr?: string): Promise<void> {
  const { items, total } = await kind.collection(await context.client()).list(query);
  await context.out.list(items, attr === undefined ? kind.columns : attr.split(","), kind.empty);
  noteMore(context, items.length, total, kind.plural);
}

export function noteMore(context: Context, shown: number, total: number | undefined, plural: string): void {
  if (context.out.format !== "table" || total === undefined || total <= shown || shown === 0) return;
  context.out.note(`${shown} of ${total} ${plural}; -n shows more`);
}

export function addGet(group: Command, kind: ResourceKind, columns?: readonly Column[]): Command {
  const command = group.command("get").description(`show one ${kind.noun}, or several`);
  command.argument(`<${kind.argument}...>`);
  command.option("-a, --attr <columns>", "fields to show, comma-separated");
  examples(command, `squall ${group.name()} get ${sample(kind)}`);
  return does<{ attr?: string }>(command, async ({ context, words, options }) => {
    const collection = kind.collection(await context.client());
    const items = await Promise.all(words.map((ref) => found(collection, kind, ref)));
    const shown = options.attr?.split(",") ?? columns;
    if (items.length === 1 && items[0]) return await context.out.one(items[0], shown);
    if (context.out.format !== "table") return await context.out.list(items, [], "");
    for (const [at, item] of items.entries()) {
      if (at > 0) context.out.write("\n");
      await context.out.one(item, shown);
    }
  });
}

export function addCreate(group: Command, kind: ResourceKind): Command {
  const command = group.command("create").description(`create a ${kind.noun} from a YAML or JSON file (- is stdin)`);
  command.argument("<file>");
  examples(command, `squall ${group.name()} create ${kind.noun.replaceAll(" ", "-")}.yaml`);
  return does(command, async ({ context, words }) => {
    const draft = await readObject(words[0] ?? "");
    const created = await kind.collection(await context.client()).create(draft);
    await context.out.say(created, `created ${kind.noun} ${nameOf(created)}`);
  });
}

export function addUpdate(group: Command, kind: ResourceKind): Command {
  const command = group.command("update").description(`replace a ${kind.noun} with what a file holds (- is stdin)`);
  command.argument(`<${kind.argument}>`).argument("<file>");
  examples(command, `squall ${group.name()} update ${sample(kind)} ${kind.noun.replaceAll(" ", "-")}.yaml`);
  return does(command, async ({ context, words: [ref = "", file = ""] }) => {
    const draft = await readObject(file);
    const collection = kind.collection(await context.client());
    const before = await found(collection, kind, ref);
    if (draft.id !== undefined && draft.id !== before.id) {
      throw new Failure(
        `${file} is of another ${kind.noun}: its id is not that of ${ref}`,
        "take the id out of the file",
      );
    }
    const updated = await collection.update(String(before.id), { ...draft, id: before.id });
    await context.out.say(updated, `updated ${kind.noun} ${nameOf(updated)}`);
  });
}

export function addDelete(
  group: Command,
  kind: ResourceKind,
  bodyOf?: (options: Readonly<Record<string, unknown>>) => Record<string, unknown>,
): Command {
  const command = group.command("delete").description(`delete ${kind.plural}`).argument(`<${kind.argument}...>`);
  examples(command, `squall ${group.name()} delete ${sample(kind)}`);
  return does<Record<string, unknown>>(command, async ({ context, words, options }) => {
    const collection = kind.collection(await context.client());
    for (const ref of words) {
      const item = await found(collection, kind, ref);
      await collection.delete(textAt(item, "id") || ref, bodyOf?.(options));
      if (context.out.format === "table") context.out.write(`deleted ${kind.noun} ${nameOf(item)}\n`);
    }
    if (context.out.format !== "table") await context.out.say({ deleted: words }, "");
  });
}

export function addEnableDisable(group: Command, kind: ResourceKind): void {
  for (const [verb, enabled] of [
    ["enable", true],
    ["disable", false],
  ] as const) {
    const command = group.command(verb).description(`${verb} ${kind.plural}`).argument(`<${kind.argument}...>`);
    examples(command, `squall ${group.name()} ${verb} ${sample(kind)}`);
    does(command, async ({ context, words }) => {
      const collection = kind.collection(await context.client());
      for (const ref of words) {
        const { ref: _, ...whole } = await found(collection, kind, ref);
        const updated = await collection.update(textAt(whole, "id") || ref, { ...whole, enabled });
        await context.out.say(updated, `${verb}d ${kind.noun} ${nameOf({ ...whole, ...updated })}`);
      }
    });
  }
}

/** The resource; when there is none, an error that names the nearest there is. */
export async function found(collection: Collection, kind: ResourceKind, ref: string): Promise<ApiObject> {
  try {
    return await collection.get(ref);
  } catch (thrown) {
    if (!(thrown instanceof ClientError) || thrown.kind !== "not-found") throw thrown;
    throw await notFound(collection, kind, ref);
  }
}

export async function notFound(collection: Collection, kind: ResourceKind, ref: string): Promise<Failure> {
  const { items } = await collection.list().catch(() => ({ items: [] })); // a hint; the error stands without it
  const names = items.flatMap((item) =>
    typeof item.ref === "string" ? [item.ref] : typeof item.name === "string" ? [item.name] : [],
  );
  const near = await nearest(ref, names);
  return new Failure(
    `there is no ${kind.noun} '${ref}'`,
    near === undefined
      ? `\`squall ${kind.noun.replaceAll(" ", "-")} list\` shows those there are`
      : `did you mean '${near}'?`,
  );
}

function nameOf(item: Readonly<Record<string, unknown>>): string {
  return textAt(item, "ref") || textAt(item, "name") || textAt(item, "id");
}

/** The text there, or `""`: the server's objects are not checked on their way here. */
export function textAt(item: Readonly<Record<string, unknown>>, name: string): string {
  const value = item[name];
  return typeof value === "string" ? value : "";
}

function sample(kind: ResourceKind): string {
  switch (kind.argument) {
    case "action-ref":
      return "core.local";
    case "rule-ref":
      return "examples.on_alert";
    case "trigger-ref":
      return "core.st2.webhook";
    case "pack":
      return "core";
    default:
      return kind.argument.endsWith("-id") ? "6921f0c2a1b2c3d4e5f60718" : kind.argument.toUpperCase();
  }
}
