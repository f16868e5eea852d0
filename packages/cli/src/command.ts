import { labelTrouble } from "@squall/model";
import { type Command, InvalidArgumentError } from "commander";
import type { Context, GlobalFlags } from "./context.ts";
import { createContext } from "./context.ts";

/** Gives a command (a word of the table) its arguments, options, subcommands and what it does. */
export type Define = (command: Command) => void;

export interface Call<Options> {
  readonly context: Context;
  /** The words after the command, options taken out. */
  readonly words: readonly string[];
  readonly options: Options;
}

/** Says what a command does. The process ends with `context.exitStatus`, or with the status of what is thrown. */
export function does<Options extends object = object>(
  command: Command,
  run: (call: Call<Options>) => Promise<void>,
): Command {
  return command.action(async () => {
    const context = createContext(command.optsWithGlobals<GlobalFlags>());
    await run({ context, words: command.args, options: command.opts<Options>() });
    if (context.exitStatus !== 0) process.exitCode = context.exitStatus;
  });
}

/** Lines at the end of a command's help that can be pasted. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? "Example:" : "Examples:";
  return command.addHelpText("after", `\n${title}\n${lines.map((line) => `  $ ${line}`).join("\n")}`);
}

/** A whole number of at least `least`, for commander's option parsing. */
export function wholeNumber(name: string, least: number, most = Number.POSITIVE_INFINITY): (text: string) => number {
  const bounds = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`${name} is a whole number ${bounds}.`);
    }
    return value;
  };
}

/** `key=value`, or several with commas between, for an option that may be given more than once; `""` is none at all. */
export function labels(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const all: Record<string, string> = { ...earlier };
  for (const one of text.split(",").filter((word) => word !== "")) {
    const at = one.indexOf("=");
    const [name, value] = at < 0 ? [one, ""] : [one.slice(0, at), one.slice(at + 1)];
    if (Object.hasOwn(all, name) && all[name] !== value) {
      throw new InvalidArgumentError(`a worker has one value of "${name}", not ${all[name]} and ${value}.`);
    }
    Object.defineProperty(all, name, { value, enumerable: true, configurable: true });
  }
  const trouble = labelTrouble(all);
  if (trouble) throw new InvalidArgumentError(`it takes KEY=VALUE: ${trouble.message}.`);
  return all;
}
