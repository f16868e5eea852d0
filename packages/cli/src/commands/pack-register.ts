import type { ApiRegistration } from "@squall/client";
import type { Command } from "commander";
import { statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { does, examples } from "../command.ts";
import type { Context } from "../context.ts";
import { Failure, UsageError } from "../failure.ts";
import { watchFolders } from "../watch.ts";

interface Options {
  readonly watch?: boolean;
  readonly types?: readonly string[];
}

export function addRegister(group: Command): void {
  const command = group
    .command("register")
    .description("read pack folders into the server (which must see the same files); without one: all it knows")
    .argument("[directory...]")
    .option("--watch", "stay, and register again whatever changes on disk")
    .option("--types <types...>", "only these: actions, rules, triggers, sensors, aliases, policies, configs")
    .addHelpText(
      "after",
      "\nExit status: 0 all well, 1 something in them is wrong; the rest is registered all the same.",
    );
  examples(command, "squall pack register ./my_pack", "squall pack register --watch ./my_pack");
  does<Options>(command, async ({ context, words, options }) => {
    const directories = words.map(directoryOf);
    if (options.watch && directories.length === 0) {
      throw new UsageError("--watch needs a folder to watch", "squall pack register --watch ./my_pack");
    }
    if (!options.watch) {
      context.exitStatus = (await register(context, directories, options)) ? 0 : 1;
      return;
    }
    const whenWatching = async (): Promise<void> => {
      await register(context, directories, options);
      context.out.note(`watching ${directories.map(shown).join(", ")}; Ctrl-C ends it`);
    };
    const onChange = async (changed: readonly string[]): Promise<void> => {
      context.out.note(`changed: ${changed.map(shown).join(", ")}`);
      try {
        await register(context, directories, options);
      } catch (thrown) {
        context.out.fail(thrown); // the next change is another chance; the server may be restarting
      }
    };
    await watchFolders(directories, interrupted(), onChange, whenWatching);
  });
}

/** True when nothing was wrong. */
async function register(context: Context, directories: readonly string[], options: Options): Promise<boolean> {
  const client = await context.client();
  const answer = await client.registerPacks({
    ...(directories.length === 0 ? {} : { paths: directories }),
    ...(options.types === undefined ? {} : { types: options.types }),
    fail_on_failure: false,
  });
  const problems = answer.problems ?? [];
  await context.out.say(answer, countsOf(answer));
  for (const problem of problems) context.out.note(problemLine(problem));
  if (problems.length > 0 && context.out.format === "table") {
    context.out.note(`${problems.length} ${problems.length === 1 ? "problem" : "problems"}; the rest is registered`);
  }
  return problems.length === 0;
}

function countsOf(answer: ApiRegistration): string {
  const counts = Object.entries(answer).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const some = counts
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${count === 1 ? singular(name) : name}`);
  const packs = answer.packs && answer.packs.length > 0 ? `${answer.packs.join(", ")}: ` : "";
  return `registered ${packs}${some.length === 0 ? "nothing" : some.join(", ")}`;
}

/** `aliases` -> `alias`, `policies` -> `policy`, `rules` -> `rule`. */
function singular(name: string): string {
  return name.replace(/ies$/, "y").replace(/(?<=as)es$|(?<!a)s$/, "");
}

/** `file:line:column: field: message`, as compilers say it, so that editors can jump there. */
function problemLine({ at = {}, message }: NonNullable<ApiRegistration["problems"]>[number]): string {
  const place = [at.file === undefined ? undefined : shown(at.file), at.line, at.column].filter(
    (part) => part !== undefined,
  );
  return [place.join(":"), at.field, message].filter((part) => part !== undefined && part !== "").join(": ");
}

function directoryOf(word: string): string {
  const path = resolve(word);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Failure(`there is no folder ${word}`);
  return path;
}

/** Relative where that is shorter, as one would type it here. */
function shown(path: string): string {
  const short = relative(process.cwd(), path) || ".";
  return short.length < path.length && !short.startsWith("../..") ? short : path;
}

function interrupted(): AbortSignal {
  const leaving = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => leaving.abort());
  return leaving.signal;
}
