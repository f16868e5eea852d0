import type { ApiAliasAnswer } from "@squall/client";
import type { Command } from "commander";
import { does, examples, wholeNumber } from "../command.ts";
import type { Context } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { exitStatusOf, failureText } from "../outcome.ts";
import { addCreate, addDelete, addGet, addList, addUpdate, type ResourceKind, textAt } from "../resource.ts";
import { waitFor } from "./run-action.ts";

const ALIAS: ResourceKind = {
  noun: "action alias",
  plural: "action aliases",
  collection: (client) => client.aliases,
  argument: "alias-ref",
  columns: ["ref", "pack", "description", "enabled"],
  empty: "no aliases: `squall action-alias create FILE` makes one, `squall pack register DIR` brings those of a pack",
};

export function define(group: Command): void {
  addList(group, ALIAS, { filters: [{ flags: "-p, --pack <pack>", description: "of this pack", query: "pack" }] });
  addGet(group, ALIAS);
  addMatch(group);
  addExecute(group);
  addTest(group);
  addHelp(group);
  addCreate(group, ALIAS);
  addUpdate(group, ALIAS);
  addDelete(group, ALIAS);
}

function addMatch(group: Command): void {
  const command = group.command("match").description("find the alias that a command is meant for; nothing runs");
  command.argument("<command...>", "what somebody says in a chat");
  examples(command, 'squall action-alias match "deploy web to prod"');
  does(command, async ({ context, words }) => {
    const found = await (await context.client()).matchAlias(words.join(" "));
    if (context.out.format !== "table") return await context.out.one(found);
    const { actionalias, display, representation } = found;
    const { ref, action_ref: action, description } = actionalias;
    await context.out.one({ alias: ref, action, format: representation, display, description });
  });
}

/** Without what the actions print: people in the chat do not see that either. */
const QUIETLY = { key: "" } as const;
const SAYING = "<command...>";
const USER = ["-u, --user <user>", "who says it; otherwise you"] as const;

function addExecute(group: Command): void {
  const command = group.command("execute").description("run what a command says, without waiting for it");
  command.argument(SAYING, "what somebody says in a chat");
  command.option(...USER);
  command.option("--route <route>", "announce the end on this route, for example hubot");
  examples(command, 'squall action-alias execute "deploy web to prod"');
  does<{ user?: string; route?: string }>(command, async ({ context, words, options }) => {
    const answers = await execute(context, words, options);
    const lines = answers.flatMap(({ actionalias, execution: { id }, message }) => [
      `${textAt(actionalias, "ref")}: ${message ?? "it runs"}`,
      `  squall execution get ${id}     how it goes`,
    ]);
    await context.out.say({ results: answers }, lines.join("\n"));
  });
}

function addTest(group: Command): void {
  const command = group.command("test").description("run what a command says, and print what the chat would be told");
  command.argument(SAYING, "what somebody says in a chat");
  command.option(...USER);
  examples(command, 'squall action-alias test "deploy web to prod"');
  does<{ user?: string }>(command, async ({ context, words, options }) => {
    for (const { execution, actionalias, message } of await execute(context, words, options)) {
      context.out.note(`${textAt(actionalias, "ref")}: ${message ?? "it runs"}`);
      const done = await waitFor(context, execution, QUIETLY);
      if (!done) {
        context.exitStatus = EXIT.interrupted;
        return;
      }
      if (context.exitStatus === EXIT.ok) context.exitStatus = exitStatusOf(done.execution);
      await showResult(context, execution.id);
    }
  });
}

/** By the action with which the rule `chatops.notify` makes the message as well. */
async function showResult(context: Context, id: string): Promise<void> {
  const client = await context.client();
  const asked = await client.executions.create({
    action: "chatops.format_execution_result",
    parameters: { execution_id: id },
  });
  const done = await waitFor(context, asked, QUIETLY);
  if (!done) {
    context.exitStatus = EXIT.interrupted;
    return;
  }
  const result = done.execution.result?.result as { enabled?: boolean; message?: string; extra?: unknown } | undefined;
  if (done.execution.status !== "succeeded" || result === undefined) {
    throw new Failure(
      `the message could not be made: ${failureText(done.execution) || done.execution.status}`,
      `squall execution get ${asked.id}`,
    );
  }
  if (result.enabled === false && context.out.format === "table") {
    return context.out.note("the alias wants nothing said of its results");
  }
  await context.out.say(result, result.message ?? "");
}

function addHelp(group: Command): void {
  const command = group.command("help").description("list what can be said in a chat");
  command.argument("[filter]", "a regular expression that a line must hold");
  command.option("-p, --pack <pack>", "of this pack");
  command.option("-n, --last <n>", "show at most this many", wholeNumber("N", 1));
  examples(command, "squall action-alias help deploy");
  does<{ pack?: string; last?: number }>(command, async ({ context, words: [filter], options: { pack, last } }) => {
    const help = await (await context.client()).aliasHelp({ filter, pack, limit: last });
    if (context.out.format !== "table") return await context.out.one(help);
    await context.out.list(help.helpstrings, ["display", "description", "pack"], "nothing: no alias has such a text");
    if (help.helpstrings.length < help.available) {
      context.out.note(`${help.helpstrings.length} of ${help.available} texts; -n shows more`);
    }
  });
}

async function execute(
  context: Context,
  words: readonly string[],
  { user, route }: { readonly user?: string; readonly route?: string },
): Promise<readonly ApiAliasAnswer[]> {
  return (await context.client()).executeCommand({
    command: words.join(" "),
    source_channel: "cli",
    ...(user !== undefined && { user }),
    ...(route !== undefined && { notification_route: route }),
  });
}
