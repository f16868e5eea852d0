import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { factsOf } from "../completion/command-facts.ts";
import { bashScript, zshScript } from "../completion/scripts.ts";
import { UsageError } from "../failure.ts";
import { buildProgram } from "../program.ts";

export function define(command: Command): void {
  command.argument("<shell>", "bash or zsh");
  examples(
    command,
    "source <(squall completion bash)",
    "squall completion bash > ~/.local/share/bash-completion/completions/squall",
    'squall completion zsh > "${fpath[1]}/_squall"',
  );
  does(command, async ({ context, words: [shell] }) => {
    const scripts: Readonly<Record<string, typeof bashScript>> = { bash: bashScript, zsh: zshScript };
    const script = Object.hasOwn(scripts, shell ?? "") ? scripts[shell ?? ""] : undefined;
    if (!script) throw new UsageError(`there is no completion for ${shell}`, "there is one for bash and one for zsh");
    context.out.write(script(factsOf(await buildProgram(() => true))));
  });
}
