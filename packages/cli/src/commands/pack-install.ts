import type { ApiExecution, Client } from "@squall/client";
import type { Command } from "commander";
import { createReadStream, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { tarOfFolder } from "../archive/write-tar.ts";
import { does, examples } from "../command.ts";
import type { Context } from "../context.ts";
import { Failure, UsageError } from "../failure.ts";
import { followTasks } from "../follow-tasks.ts";
import { textAt } from "../resource.ts";

interface Options {
  readonly force?: boolean;
  readonly skipDependencies?: boolean;
  readonly python3?: boolean;
}

const ARCHIVE = /\.(?:tar\.gz|tgz|tar|zip)$/;
const SHOWN = ["ref", "name", "description", "version", "author"];

export function addInstall(group: Command): void {
  const command = group
    .command("install")
    .description("install packs, or put other versions of them in their place, with what they depend on")
    .argument(
      "<source...>",
      "a name in an index, a URL, owner/repository, a folder (./...) or an archive of this machine",
    )
    .option("--force", "also packs that say they are for other versions, or that are registered from elsewhere")
    .option("--skip-dependencies", "install no packs that these depend on")
    .option("--python3", "changes nothing: packs always run with Python 3")
    .usage("SOURCE[=REVISION]... [options]")
    .addHelpText("after", "\nA folder or archive of this machine is sent to the server, wherever that is.");
  examples(
    command,
    "squall pack install aws",
    "squall pack install aws=2.0.1 https://github.com/StackStorm-Exchange/stackstorm-jira=master",
    "squall pack install ./my_pack",
  );
  does<Options>(command, async ({ context, words, options }) => {
    const client = await context.client();
    const { force = false, skipDependencies: skip_dependencies = false } = options;
    const packs: string[] = [];
    for (const word of words) packs.push(await placed(context, client, word, force));
    const { execution_id: id } = await client.installPacks({ packs, force, skip_dependencies });
    const done = await followTasks(context, id, `installing ${words.map(withoutPassword).join(", ")}`);
    const output = outputOf(done);
    if (done.status !== "succeeded") throw failed("installing", done, output.message || reasonOf(done));
    const refs = output.packs_list ?? [];
    const installed = await Promise.all(refs.map((ref) => client.packs.get(ref)));
    await context.out.list(installed, SHOWN, "nothing was installed");
    for (const warning of output.warning_list ?? []) context.out.note(warning);
  });
}

export function addRemove(group: Command): void {
  const command = group
    .command("remove")
    .description("take packs and all they brought out of the server; of installed ones the folder and virtualenv too")
    .argument("<pack...>")
    .addHelpText(
      "after",
      "\nA folder that was registered from elsewhere stays, and so do configuration and datastore.",
    );
  examples(command, "squall pack remove aws");
  does(command, async ({ context, words }) => {
    const client = await context.client();
    const { execution_id: id } = await client.removePacks(words);
    const done = await followTasks(context, id, `removing ${words.join(", ")}`);
    if (done.status !== "succeeded") throw failed("removing", done, reasonOf(done));
    await context.out.say(done.result ?? {}, `removed ${words.join(", ")}`);
  });
}

export function addSearch(group: Command): void {
  const command = group.command("search").description("find packs in the indexes").argument("<text...>");
  examples(command, "squall pack search monitoring");
  does(command, async ({ context, words }) => {
    const client = await context.client();
    const text = words.join(" ");
    const found = await client.searchPacks(text);
    await context.out.list(found, SHOWN, `nothing in the indexes has '${text}' in it`);
  });
}

/** What the server is to be told: of what lies on this machine, where it lies on the server now. */
async function placed(context: Context, client: Client, word: string, force: boolean): Promise<string> {
  const isUrl = word.includes("://");
  // Names of indexes have no slash; `user/pack` may mean GitHub, unless there is such a folder here.
  const isHere = !isUrl && word.includes("/") && isFolder(word);
  const isPath = /^(?:[./~]|\w:\\)/.test(word) || isHere || (ARCHIVE.test(word) && !isUrl);
  if (!isPath) {
    if (isFolder(word)) context.out.note(`'${word}' is looked up in the indexes; the folder is ./${word}`);
    return word;
  }
  const path = resolve(word);
  const about = statSync(path, { throwIfNoEntry: false });
  if (!about) throw new Failure(`there is no folder or archive ${word}`);
  if (about.isDirectory() && !statSync(join(path, "pack.yaml"), { throwIfNoEntry: false })) {
    throw new Failure(`${word} is no pack: there is no pack.yaml in it`, "squall pack create NAME makes one");
  }
  if (!about.isDirectory() && !ARCHIVE.test(path)) {
    throw new UsageError(`${word} is no archive of a pack`, "give a folder, or a .tar.gz, .tgz, .tar or .zip");
  }
  // The cast: node's stream of the web and the web's differ in type only.
  const archive = about.isDirectory()
    ? tarOfFolder(path)
    : (Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>);
  const facts = await client.installArchive(archive, { force, register: false });
  for (const warning of Array.isArray(facts.warnings) ? facts.warnings : []) context.out.note(String(warning));
  return `file://${textAt(facts, "path").split("/").map(encodeURIComponent).join("/")}`;
}

interface InstallOutput {
  readonly message?: string;
  readonly packs_list?: readonly string[];
  readonly warning_list?: readonly string[];
}

function outputOf(done: ApiExecution): InstallOutput {
  // That of packs.install, whose definition comes with the server.
  return done.result?.output ?? {};
}

/** The first task's own words. */
function reasonOf(done: ApiExecution): string | undefined {
  const errors = done.result?.errors;
  for (const error of Array.isArray(errors) ? (errors as { result?: { result?: unknown }; message?: unknown }[]) : []) {
    if (typeof error.result?.result === "string") return error.result.result;
  }
  return undefined;
}

function failed(what: string, done: ApiExecution, message: string | undefined): Failure {
  const said = message && message !== "None" ? message : reasonOf(done);
  const text = said === undefined ? `${what} ${done.status}` : `${what} ${done.status}: ${said}`;
  return new Failure(text, `squall execution get ${done.id}`);
}

function withoutPassword(word: string): string {
  return word.replaceAll(/(\w+:\/\/)[^/@\s]+@/g, "$1***@");
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
