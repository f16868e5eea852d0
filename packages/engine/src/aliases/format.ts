import { Invalid } from "@squall/model";
import {
  type Budget,
  type Captures,
  compilePattern,
  type Node,
  parsePattern,
  program,
  type Program,
  search,
  searchAll,
} from "./regex/index.ts";

/**
 * What a format of an alias takes from a command (stackstorm-model 20). A format is a regular expression in which `{{ name }}`
 * stands for a text and `{{ name = default }}` for one that may be left out.
 */
export interface Format {
  readonly program: Program;
  /** Of parameters that may be left out, in order. */
  readonly defaults: readonly { readonly name: string; readonly text: string }[];
  readonly isEmpty: boolean;
}

/** A command without the `name=value` pairs at its end, and those. */
export interface Command {
  readonly text: string;
  /** With a blank before and after, as formats are compared with it. */
  readonly characters: readonly number[];
  readonly isBlank: boolean;
  readonly pairs: readonly (readonly [name: string, value: string])[];
}

/** Parameters by name. `null`: a group of the format that took no part. */
export interface Extracted {
  readonly values: ReadonlyMap<string, string | null>;
  /** Those whose text is the format's default, not the command's. */
  readonly defaulted: ReadonlySet<string>;
}

/** Characters. Chats cut messages long before (Slack at 4,000, Discord at 2,000). */
export const MAX_COMMAND = 10_000;
const MAX_FORMAT = 5_000;
/** Occurrences that one command may have of a format: each becomes an execution. */
const MAX_OCCURRENCES = 100;

// A name ends at the first blank, or as soon as what follows it fits. A value is empty quotes, a quoted text, something in
// braces; else one word of a command, or whatever stands there as a default.
const NAME = String.raw`\s*(\S+?)\s*`;
const ENCLOSED = String.raw`""|''|"(.+?)"|'(.+?)'|(\{.+?\})`;
const PAIR = String.raw`(?:^|\s+)${NAME}=(${ENCLOSED}|(\S+))`;
const PAIRS_AT_END = program(String.raw`\A.*?((?:${PAIR}\s*)*)$`);
const ONE_PAIR = program(PAIR);
const OPTIONAL = program(String.raw`(\s*)\{\{${NAME}\s*=\s*(?:${ENCLOSED}|(.+?))\s*\}\}`);
const REQUIRED = program(String.raw`(\s*)\{\{${NAME}\}\}`);

/** Where a parameter stands: a text in quotes (which do not belong to it), in braces, or as little as fits. */
function placeOf(blank: string, name: string): string {
  return String.raw`${blank}["']?(?P<${name}>(?:(?<=').+?(?=')|(?<=").+?(?=")|\{.+?\}|.+?))["']?`;
}

/** Throws Invalid `alias.format-invalid` when it is none: a name that is no word, a parameter twice, no regular expression. */
export function compileFormat(format: string): Format {
  if (format.length > MAX_FORMAT) {
    throw new Invalid("alias.format-invalid", {
      message: `A format has ${format.length} characters; ${MAX_FORMAT} are the most.`,
    });
  }
  const budget = { steps: 5_000_000 };
  const defaults: { name: string; text: string }[] = [];
  const withoutOptional = replaceEach(OPTIONAL, format, budget, ([blank = "", name = "", ...parts]) => {
    defaults.push({ name, text: parts.join("") });
    return `(?:${placeOf(blank, name)})?`;
  });
  const source = replaceEach(REQUIRED, withoutOptional, budget, ([blank = "", name = ""]) => placeOf(blank, name));
  const { tree } = parsePattern(source);
  const anchored = `${hasAnchor(tree, "^A") ? "" : String.raw`^\s*`}${source}${hasAnchor(tree, "$Z") ? "" : String.raw`\s*$`}`;
  return { program: compilePattern(parsePattern(anchored)), defaults, isEmpty: format === "" };
}

/** Takes the pairs off a command's end. Throws Invalid `alias.command-too-long`, `alias.too-much-work`. */
export function readCommand(command: string, budget: Budget): Command {
  if (command.length > MAX_COMMAND) {
    throw new Invalid("alias.command-too-long", {
      message: `The command has ${command.length} characters; ${MAX_COMMAND} are the most.`,
    });
  }
  const codes = codesOf(command);
  const ending = search(PAIRS_AT_END, codes, budget);
  const tail = ending ? groupText(codes, ending, 1) : undefined;
  const pairs: [string, string][] = [];
  if (tail) {
    const inTail = codesOf(tail);
    for (const found of searchAll(ONE_PAIR, inTail, budget)) {
      const parts = [3, 4, 5, 6].map((group) => groupText(inTail, found, group) ?? "");
      pairs.push([groupText(inTail, found, 1) ?? "", parts.join("")]);
    }
  }
  // Everywhere, not at the end alone: as StackStorm has it.
  const text = tail ? command.replaceAll(tail, "") : command;
  return { text: command, characters: codesOf(` ${text} `), isBlank: text.trim() === "", pairs };
}

/** What the command gives by this format; nothing when it does not match, or no parameter gets a value at all. */
export function extract(format: Format, command: Command, budget: Budget): Extracted | undefined {
  const found = search(format.program, command.characters, budget);
  return found && valuesOf(format, command, found);
}

/** The same for every place where the command matches. Throws Invalid `alias.too-many-occurrences`. */
export function extractAll(format: Format, command: Command, budget: Budget): Extracted[] {
  const all: Extracted[] = [];
  for (const found of searchAll(format.program, command.characters, budget)) {
    const extracted = valuesOf(format, command, found);
    if (extracted) all.push(extracted);
    if (all.length > MAX_OCCURRENCES) {
      throw new Invalid("alias.too-many-occurrences", {
        message: `The command asks for more than ${MAX_OCCURRENCES} executions at once. Split it up.`,
      });
    }
  }
  return all;
}

function valuesOf(format: Format, command: Command, found: Captures): Extracted | undefined {
  const values = new Map<string, string | null>();
  const defaulted = new Set<string>();
  for (const [name, group] of format.program.names) {
    values.set(name, groupText(command.characters, found, group) ?? null);
  }
  for (const { name, text } of format.defaults) {
    if (values.get(name)) continue;
    values.set(name, text);
    defaulted.add(name);
  }
  for (const [name, value] of command.pairs) {
    values.set(name, value);
    defaulted.delete(name);
  }
  const says =
    !command.isBlank || format.isEmpty || [...values.values()].some((value) => value !== null && value !== "");
  return says ? { values, defaulted } : undefined;
}

/** Whether a pattern says itself where it begins or ends. Looks where StackStorm looks: not inside what may repeat. */
function hasAnchor(node: Node, places: string): boolean {
  switch (node.kind) {
    case "at":
      return places.includes(node.where);
    case "group":
      return hasAnchor(node.body, places);
    case "sequence":
      return node.items.some((item) => hasAnchor(item, places));
    case "choice": {
      // What all branches begin with counts; beyond that the second branch decides (a quirk).
      const first = node.branches.map((branch) => (branch.kind === "sequence" ? branch.items[0] : branch));
      if (first.every((item) => item?.kind === "at" && places.includes(item.where))) return true;
      const [, second] = node.branches;
      return second !== undefined && hasAnchor(second, places);
    }
    case "char":
    case "repeat":
    case "look":
    case "back":
      return false;
    default:
      return node satisfies never;
  }
}

/** Puts something else in the place of every match; gets the texts of its groups. */
function replaceEach(
  pattern: Program,
  text: string,
  budget: Budget,
  replacement: (groups: readonly string[]) => string,
): string {
  const codes = codesOf(text);
  let out = "";
  let at = 0;
  for (const found of searchAll(pattern, codes, budget)) {
    const [start = 0, end = 0] = found;
    const texts: string[] = [];
    for (let group = 1; group < pattern.groups; group++) texts.push(groupText(codes, found, group) ?? "");
    out += textOf(codes.slice(at, start)) + replacement(texts);
    at = end;
  }
  return out + textOf(codes.slice(at));
}

function groupText(codes: readonly number[], found: Captures, group: number): string | undefined {
  const start = found[group * 2] ?? -1;
  const end = found[group * 2 + 1] ?? -1;
  return start < 0 || end < start ? undefined : textOf(codes.slice(start, end));
}

/** Positions are characters, as in Python, not halves of them. */
function codesOf(text: string): number[] {
  return Array.from(text, (char) => char.codePointAt(0) ?? 0);
}

function textOf(codes: readonly number[]): string {
  let text = "";
  for (const code of codes) text += String.fromCodePoint(code);
  return text;
}
