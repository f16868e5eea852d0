import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { ALIASES, COMMANDS } from "./command-table.ts";
import { EXIT } from "./failure.ts";

/** Global options that take a value: the word after them is not the command. */
const VALUED = new Set(["--url", "-t", "--token", "--api-key", "--timezone"]);

/** The first word that is no option; that of `help WORD` is the word. */
export function chosenCommand(argv: readonly string[]): string | undefined {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    if (VALUED.has(word)) at += 1;
    else if (word === "help" || word === "--") continue;
    else if (!word.startsWith("-")) return ALIASES[word] ?? word;
  }
  return undefined;
}

/**
 * The commands. Only those named in `load` get their options and code, the others are there with name and description,
 * since loading all of them would take longer than most commands do.
 */
export async function buildProgram(load: (name: string) => boolean): Promise<Command> {
  const program = new Command("squall");
  program
    .description("Event-driven automation: something happens, a rule decides, an action runs.")
    .usage("COMMAND ...")
    .option("--url <url>", "where the server answers (SQUALL_URL; default http://127.0.0.1:9101)")
    .option("-t, --token <token>", "sign in with this token (better: SQUALL_TOKEN, which others cannot see)")
    .option("--api-key <key>", "sign in with this API key (better: SQUALL_API_KEY)")
    .option("-j, --json", "print the API's objects as JSON")
    .option("-y, --yaml", "print the API's objects as YAML")
    .option("--timezone <zone>", "show times in this zone: UTC (default), local, Europe/Vienna (SQUALL_TIMEZONE)")
    .option("--no-color", "no colours (NO_COLOR)")
    .version("0.1.0", "--version", "print the version")
    .helpOption("-h, --help", "print this")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, styleTitle: (text) => pc.bold(text) })
    .showSuggestionAfterError(true)
    .configureOutput({
      outputError: (text, write) =>
        write(text.replace(/^error: /, `${pc.createColors(process.stderr.isTTY).red("squall:")} `)),
    })
    .addHelpText(
      "after",
      "\nExamples:\n  $ squall login admin\n  $ squall run core.local date\n  $ squall execution list\n\n`squall COMMAND --help` says more. Exit status: 0 done, 1 failed, 2 not understood.",
    );
  for (const entry of COMMANDS) {
    const command = new Command(entry.name).description(entry.description).copyInheritedSettings(program);
    for (const [alias, name] of Object.entries(ALIASES)) if (name === entry.name) command.alias(alias);
    if (load(entry.name)) (await entry.load()).define(command);
    else command.usage("...");
    program.addCommand(command);
  }
  forEachCommand(program, (command) => {
    command.helpCommand(false).exitOverride();
  });
  return program;
}

/** The exit status that commander's ways to end stand for; undefined for other errors. */
export function statusOfCommander(thrown: unknown): number | undefined {
  if (!(thrown instanceof CommanderError)) return undefined;
  return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
}

export function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const sub of command.commands) forEachCommand(sub, visit);
}
