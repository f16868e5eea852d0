/** The cure for each thing that the parser may find wrong, by what its words begin with. */
const CURES: readonly (readonly [RegExp, string])[] = [
  [/^tab characters/, "indent with spaces"],
  [/^deficient indentation/, "a bracket or quote opened above is not closed, or this line must be indented further"],
  [/multiline key/, "a ':' is missing after a key"],
  [/within a flow collection/, "a '{' or '[' is not closed"],
  [
    /missed comma|expected the node content/,
    "separate entries with one comma; a text or Jinja expression that begins with '{' or '[' needs quotes",
  ],
  [/within a (?:single|double) quoted scalar/, "the closing quote is missing"],
  [/^unknown escape/, "in double quotes a backslash begins an escape: write two of them, or use single quotes"],
  [/^expected hexadecimal/, "an escape lacks digits; use single quotes if it is none"],
  [/^nesting exceeded/, "nothing that StackStorm reads is nested this deep"],
];

/** What the parser said, with what to do about it. `offset` is where it stopped in `source`. */
export function explainSyntax(reason: string, source: string, offset: number): string {
  const cure = CURES.find(([words]) => words.test(reason))?.[1] ?? entryCure(reason, source, offset);
  return cure === undefined ? reason : `${reason}; ${cure}`;
}

function entryCure(reason: string, source: string, offset: number): string | undefined {
  if (!reason.startsWith("bad indentation of a")) return undefined;
  const here = source.charAt(offset);
  const lineStart = source.lastIndexOf("\n", offset - 1) + 1;
  const before = source.slice(lineStart, offset);
  if (/^[`@%]$/.test(here)) return `a value cannot begin with '${here}', put it in quotes`;
  if (/["'][^"']*$/.test(before) && before.trim() !== "") {
    return "the quotes end before the value does; put quotes of the other kind around it";
  }
  if (before.trim() !== "" && !/^\s*\S+:?$/.test(before)) return "a text that holds ': ' or ' #' needs quotes";
  return "this line begins neither where its neighbours do nor further in; align it, or put the text above in quotes";
}
