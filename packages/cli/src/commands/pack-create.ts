import type { Command } from "commander";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { does, examples } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import { packFiles } from "../scaffold/pack-files.ts";

interface Options {
  readonly author?: string;
  readonly email?: string;
  readonly description?: string;
}

export function addCreate(group: Command): void {
  const command = group
    .command("create")
    .description("write a new pack: an action with its test, a rule, a configuration schema")
    .argument("<name>", "its ref, and the folder it is written to")
    .option("--description <text>", "what it is for")
    .option("--author <name>", "who wrote it")
    .option("--email <address>", "where its author is reached");
  examples(command, "squall pack create my_pack");
  does<Options>(command, async ({ context, words: [name = ""], options }) => {
    if (!/^[a-z0-9_]+$/.test(name) || name === "_global") {
      throw new UsageError(`'${name}' is no name for a pack`, "a name has lower-case letters, digits and _");
    }
    if (existsSync(name)) throw new Failure(`there is a ${name} here already`, "choose another name or another folder");
    const author = options.author ?? userInfo().username;
    const files = packFiles({
      name,
      author,
      email: options.email ?? `${author}@localhost`,
      description: options.description ?? "Greets people.",
    });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(name, path)), { recursive: true });
      await writeFile(join(name, path), text);
    }
    const written = Object.keys(files).map((path) => `  ${name}/${path}`);
    await context.out.say(
      { pack: name, files: Object.keys(files) },
      `wrote\n${written.join("\n")}\n\n` +
        `squall pack test ./${name}       run its tests\n` +
        `squall pack install ./${name}    bring it to the server\n` +
        `squall run ${name}.greet name=Ada`,
    );
  });
}
