import { Invalid, isObject, type Resources } from "@squall/model";
import type { AliasHelp, AliasHelpQuery, AliasMatch } from "../engine.ts";
import type { Log } from "../parts.ts";
import { compilePythonRegex } from "../rules/python-regex.ts";
import { compileFormat, extract, type Format, readCommand } from "./format.ts";

type Alias = Resources["action_alias"];

/** One way to say what an alias is for. */
interface Wording {
  readonly display: string | null;
  /** Formats, any of which a command may match; none: the display is for people alone. */
  readonly representations: readonly string[];
  readonly multiple: boolean;
}

/** All formats, each compiled once, when a command is first compared with it. */
export interface FormatBook {
  /** Throws Invalid `alias.format-invalid`. */
  format(text: string): Format;
  /** See `Aliases.match`. */
  match(aliases: readonly Alias[], text: string): AliasMatch;
}

/**
 * Steps of the matcher that one command may take over all formats: some tens of milliseconds, in which nothing else happens.
 * A usual command takes some hundred for a format whose first word it has, and a handful for others.
 */
export const MOST_STEPS = 3_000_000;
const MOST_FORMATS = 10_000;

export function createFormatBook(log: Log): FormatBook {
  const known = new Map<string, Format | Invalid>();

  const format = (text: string): Format => {
    let found = known.get(text);
    if (found === undefined) {
      try {
        found = compileFormat(text);
      } catch (thrown) {
        if (!(thrown instanceof Invalid)) throw thrown;
        found = thrown;
      }
      if (known.size >= MOST_FORMATS) known.clear();
      known.set(text, found);
    }
    if (found instanceof Invalid) throw found;
    return found;
  };

  /** A format that is none keeps nobody from using the others. */
  const usable = (alias: Alias, text: string): Format | undefined => {
    const isNew = !known.has(text);
    try {
      return format(text);
    } catch (thrown) {
      if (!(thrown instanceof Invalid)) throw thrown;
      if (isNew) log.warn({ alias: alias.ref, reason: thrown.message }, "an alias has a format that matches nothing");
      return undefined;
    }
  };

  return {
    format,
    match(aliases, text) {
      const budget = { steps: MOST_STEPS };
      const command = readCommand(text, budget);
      const matches = (multiple: boolean): AliasMatch[] => {
        const found: AliasMatch[] = [];
        for (const alias of aliases) {
          for (const wording of alias.formats.map(wordingOf)) {
            if (wording.multiple !== multiple) continue;
            for (const representation of wording.representations) {
              const compiled = usable(alias, representation);
              if (compiled && extract(compiled, command, budget)) {
                found.push({ alias, display: wording.display, representation, multiple });
              }
            }
          }
        }
        return found;
      };
      const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text;
      for (const multiple of [false, true]) {
        const found = matches(multiple);
        const [only] = found;
        if (found.length > 1) {
          const refs = [...new Set(found.map(({ alias, representation }) => `${alias.ref} "${representation}"`))];
          throw new Invalid("alias.ambiguous", {
            message: `Command '${shown}' matched more than 1 ${multiple ? "(multi) " : ""}pattern: ${refs.slice(0, 10).join(", ")}`,
          });
        }
        if (only) return only;
      }
      throw new Invalid("alias.no-match", { message: `Command '${shown}' matched no patterns` });
    },
  };
}

/** Whether a text is among the formats that an alias can be run by. */
export function hasFormat(alias: Alias, text: string): boolean {
  return alias.formats.some((one) => wordingOf(one).representations.includes(text));
}

/** See `Aliases.help`. */
export function helpOf(aliases: readonly Alias[], { filter, pack, limit = 0, offset = 0 }: AliasHelpQuery): AliasHelp {
  const wanted = filter ? compilePythonRegex(filter, { ignoreCase: true }) : () => true;
  const all = aliases
    .filter((alias) => alias.enabled && (!pack || alias.pack === pack))
    .flatMap((alias) =>
      alias.formats.flatMap((one) => {
        const { display } = wordingOf(one);
        return display && wanted(display)
          ? [{ pack: alias.pack, display, description: alias.description ?? null }]
          : [];
      }),
    );
  return { available: all.length, helpstrings: all.slice(offset, limit > 0 ? offset + limit : undefined) };
}

/** A format is a text, or an object that says how it is shown and by what it is matched. Checked at registration. */
function wordingOf(format: unknown): Wording {
  if (typeof format === "string") return { display: format, representations: [format], multiple: false };
  if (!isObject(format)) return { display: null, representations: [], multiple: false };
  const { display, representation, match_multiple: multiple } = format;
  const given = Array.isArray(representation) ? representation : [representation];
  return {
    display: typeof display === "string" ? display : null,
    representations: given.filter((one) => typeof one === "string"),
    multiple: multiple === true,
  };
}
