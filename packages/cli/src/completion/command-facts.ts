import type { Command, Option } from "commander";

/** What a completion script has to know about one command. */
export interface CommandFacts {
  /** The words after `squall`, `""` for itself. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  /** What follows the options that take a value: `--action` -> `action-ref`. */
  readonly values: Readonly<Record<string, string>>;
  /** What stands at each place; the last one again and again when `repeats`. */
  readonly places: readonly string[];
  readonly repeats: boolean;
}

/** All commands of the tree, the root first. */
export function factsOf(root: Command): CommandFacts[] {
  return walk(root, "", []);
}

function walk(command: Command, path: string, inherited: readonly Option[]): CommandFacts[] {
  const options = [...command.options, ...inherited];
  const help = command.createHelp();
  const visible = help.visibleCommands(command);
  const facts: CommandFacts = {
    path,
    subcommands: visible.map((sub) => ({ name: sub.name(), description: sub.description() })),
    options: [
      ...options.flatMap((option) =>
        [option.short, option.long].flatMap((flag) => (flag ? [{ flag, description: option.description }] : [])),
      ),
      { flag: "--help", description: "print help" },
    ],
    values: Object.fromEntries(
      options
        .filter((option) => option.required || option.optional)
        .flatMap((option) => [option.short, option.long].flatMap((flag) => (flag ? [[flag, valueName(option)]] : []))),
    ),
    places: command.registeredArguments.map((argument) => argument.name()),
    repeats: command.registeredArguments.at(-1)?.variadic ?? false,
  };
  return [facts, ...visible.flatMap((sub) => walk(sub, `${path} ${sub.name()}`.trim(), options))];
}

function valueName(option: Option): string {
  return /<([\w-]+)/.exec(option.flags)?.[1] ?? "value";
}
